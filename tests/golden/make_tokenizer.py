"""Writes tests/golden/tokenizer/: a small byte-level BPE tokenizer and ids as the `tokenizers` library gives them.

Run by hand; the tests only read the files. The library saves merges as pairs, which is part of what is tested.
"""

import json
import pathlib

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent / "tokenizer"
ROOT = pathlib.Path(__file__).parent.parent.parent
EOS = "<|endoftext|>"

rows = [json.loads(line) for line in (ROOT / "public/data/backstories/backstories.jsonl").open()]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.train_from_iterator(
    (row["target"] for row in rows[:60]),
    trainers.BpeTrainer(vocab_size=500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
tokenizer.add_special_tokens([AddedToken(EOS, normalized=False)])
# A token that the model of the test, with one row less, does not know.
tokenizer.add_special_tokens([AddedToken("[PAD]", normalized=False)])

TEXTS = [
    "Hello world",
    'Is this "odd" ? Yes , it is . I do n\'t know !  end',
    "The dragon's cave wasn't dark.\n\nOutput:\n",
    "  two spaces, tabs\t\tand a line end \r\n",
    "\U0001f9d9\U0001f3fd\u200d\u2642\ufe0f casts: na\u00efve caf\u00e9 \u65e5\u672c 1234567",
    "before<|endoftext|>after",
    " ",
    "\ufeffmark at the start",
]

HERE.mkdir(exist_ok=True)
(HERE / "tokenizer.json").write_text(json.dumps(json.loads(tokenizer.to_str())) + "\n")
(HERE / "cases.json").write_text(json.dumps(
    [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS], indent=1) + "\n")

"""Writes tests/golden/tokenizer/: small tokenizers, and ids and texts as Python gives them. Run by hand.

cases.json and tokenizer.json: a byte-level BPE tokenizer with merges as pairs. fragments.json and texts.json: odd texts
(see tokenizer_texts.py), with one checksum over the ids of each block of texts, for the built-in model's tokenizer and
for the folders of folders.json. Each folder there is a set of files as a model folder holds them, loaded with
transformers' AutoTokenizer. With --gpt2 FOLDER (encoder.json and vocab.bpe) it writes the checksums for GPT-2's own
vocabulary to FOLDER/texts.json, for a check by hand.
"""

import json
import pathlib
import struct
import sys
import tempfile
import zlib

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

from tokenizer_texts import FRAGMENTS, RANGES, odd_texts

HERE = pathlib.Path(__file__).parent / "tokenizer"
ROOT = pathlib.Path(__file__).parent.parent.parent
EOS = "<|endoftext|>"
SEED, COUNT, BLOCK = 20231, 4000, 50

rows = [json.loads(line) for line in (ROOT / "public/data/backstories/backstories.jsonl").open()]


def train(size, count, normalizer=None, alphabet=True):
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    initial = pre_tokenizers.ByteLevel.alphabet() if alphabet else []
    tokenizer.train_from_iterator(
        (row["target"] for row in rows[:count]),
        trainers.BpeTrainer(vocab_size=size, initial_alphabet=initial, show_progress=False))
    return tokenizer


def as_json(tokenizer):
    return json.loads(tokenizer.to_str())


def dump(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def checksums(encode, texts):
    """One CRC-32 per block, over the count and the ids of each text as little-endian int32."""
    sums = []
    for start in range(0, len(texts), BLOCK):
        crc = 0
        for text in texts[start:start + BLOCK]:
            ids = encode(text)
            crc = zlib.crc32(struct.pack(f"<{len(ids) + 1}i", len(ids), *ids), crc)
        sums.append(crc)
    return sums


def auto(files):
    """The encode function of Python's AutoTokenizer for a folder of these files."""
    folder = pathlib.Path(tempfile.mkdtemp())
    for name, content in files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), newline="")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return lambda text: tokenizer(text)["input_ids"]


ADDED = [
    AddedToken(EOS, normalized=False, special=True),
    AddedToken("[PAD]", normalized=False, special=True),
    AddedToken("<left>", lstrip=True, normalized=False, special=True),
    AddedToken("<right>", rstrip=True, normalized=False, special=True),
    AddedToken("<both>", lstrip=True, rstrip=True, normalized=True, special=False),
    AddedToken("whole", single_word=True, normalized=False, special=False),
    AddedToken("dragonfly", normalized=True, special=False),
    AddedToken("dragon", normalized=True, special=False),
    AddedToken("<a><b>", normalized=False, special=True),
    AddedToken("<a>", normalized=False, special=True),
    AddedToken("caf\u00e9", normalized=True, special=False),
]
CONFIG = {"model_type": "gpt_neo", "vocab_size": 320, "eos_token_id": 300}


def files_of(tokenizer, config=None, **changes):
    return {"config.json": CONFIG, "tokenizer.json": {**as_json(tokenizer), **changes},
            **({"tokenizer_config.json": config} if config is not None else {})}


def make_folders():
    plain = train(290, 40)
    base = as_json(plain)["model"]
    vocab, merges = base["vocab"], [" ".join(merge) for merge in base["merges"]]
    with_eos = {**vocab, EOS: len(vocab)}
    added = train(290, 40)
    added.add_tokens(ADDED)
    nfc = train(290, 40, normalizers.NFC())
    nfc.add_tokens(ADDED)
    lower = train(290, 40, normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]))
    digits = train(290, 40)
    digits.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=True)])
    template = train(290, 40)
    template.add_tokens(ADDED[:2])
    template.post_processor = processors.TemplateProcessing(
        single=f"{EOS} $A", pair=f"{EOS} $A $B", special_tokens=[(EOS, template.token_to_id(EOS))])
    holes = train(60, 40, alphabet=False)
    letters = train(60, 40, alphabet=False)
    letters.add_tokens([AddedToken("\u00e9", normalized=False, single_word=True), AddedToken(EOS, special=True)])
    prefix = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    fast = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": EOS}
    flags = {"lstrip": False, "normalized": False, "rstrip": True, "single_word": False, "special": True}
    return {
        "added": files_of(added),
        "nfc": files_of(nfc, fast),
        "lower": files_of(lower, fast),
        "digits": files_of(digits, fast),
        "template": files_of(template, fast),
        "prefix by the file": files_of(plain, fast, pre_tokenizer=prefix),
        "prefix by the settings": files_of(
            added, {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True, "eos_token": EOS}),
        "bos by the settings": {
            "config.json": CONFIG, "vocab.json": with_eos,
            "merges.txt": "\n".join(["#version: 0.2", *merges, ""]),
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "eos_token": EOS}},
        "bos by the settings beside a tokenizer.json": files_of(
            added, {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "bos_token": EOS, "eos_token": EOS}),
        "added by the settings": files_of(
            added,
            {"tokenizer_class": "GPT2Tokenizer", "eos_token": EOS, "additional_special_tokens": ["<|", "aB"],
             "added_tokens_decoder": {
                 str(token["id"]): {**flags, "content": token["content"]} for token in as_json(added)["added_tokens"]}}),
        "holes": files_of(holes, fast),
        # Words that are added tokens elsewhere, looked up whole; a letter of the byte alphabet that is only an added token.
        "whole words": files_of(added, fast, model={**as_json(added)["model"], "ignore_merges": True}),
        "holes with an added letter": files_of(letters, fast),
        "vocab and merges": {
            "config.json": CONFIG, "vocab.json": with_eos,
            "merges.txt": "\n".join(["#version: 0.2", *merges, ""])},
        "merges without a first line, with carriage returns": {
            "config.json": CONFIG, "vocab.json": with_eos, "merges.txt": "\r\n".join(merges) + "\r\n",
            "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer"}},
        "vocab, merges and added tokens": {
            "config.json": CONFIG, "vocab.json": with_eos,
            "merges.txt": "\n".join(["#version: 0.2", *merges, ""]),
            "added_tokens.json": {"[PAD]": len(with_eos), "whole": len(with_eos) + 1},
            "special_tokens_map.json": {
                "bos_token": EOS, "eos_token": {**flags, "rstrip": False, "content": EOS}, "unk_token": EOS,
                "pad_token": "[PAD]"}},
        "hashes": {
            "config.json": CONFIG, "vocab.json": {**with_eos, "##": len(with_eos), "\u0120##": len(with_eos) + 1},
            "merges.txt": "\n".join(["#version: 0.2", "# #", "\u0120 ##", *merges, ""])},
    }


def make_small():
    tokenizer = train(500, 60)
    tokenizer.add_special_tokens([AddedToken(EOS, normalized=False)])
    # A token that the model of the test, with one row less, does not know.
    tokenizer.add_special_tokens([AddedToken("[PAD]", normalized=False)])
    texts = [
        "Hello world",
        'Is this "odd" ? Yes , it is . I do n\'t know !  end',
        "The dragon's cave wasn't dark.\n\nOutput:\n",
        "  two spaces, tabs\t\tand a line end \r\n",
        "\U0001f9d9\U0001f3fd\u200d\u2642\ufe0f casts: na\u00efve caf\u00e9 \u65e5\u672c 1234567",
        "before<|endoftext|>after",
        " ",
        "\ufeffmark at the start",
    ]
    (HERE / "tokenizer.json").write_text(json.dumps(as_json(tokenizer)) + "\n")
    (HERE / "cases.json").write_text(json.dumps(
        [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts], indent=1) + "\n")


def main():
    texts = odd_texts(SEED, COUNT)
    if sys.argv[1:2] == ["--gpt2"]:
        folder = pathlib.Path(sys.argv[2])
        encode = auto({"config.json": CONFIG, "vocab.json": (folder / "encoder.json").read_text(),
                       "merges.txt": (folder / "vocab.bpe").read_text()})
        dump(folder / "texts.json", checksums(encode, texts))
        return
    HERE.mkdir(exist_ok=True)
    make_small()
    dump(HERE / "fragments.json", {"fragments": FRAGMENTS, "ranges": RANGES})
    folders = make_folders()
    built_in = ROOT / "public/models/finetale-4m"
    sums = {"built-in": checksums(auto({
        name: (built_in / name).read_text() for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]}), texts)}
    for name, files in folders.items():
        sums[name] = checksums(auto(files), texts)
    dump(HERE / "folders.json", folders)
    dump(HERE / "texts.json", {"seed": SEED, "count": COUNT, "block": BLOCK, "sums": sums})


if __name__ == "__main__":
    main()

"""Trains the byte-level BPE tokenizer of the built-in model and writes it in Hugging Face's file layout.

It trains on the tales plus lines in the prompt form of the fine-tuning data, so that the form's words become
single tokens. It is not run by the page or its tests: it made the committed files once, and can make them again.

    python train_tokenizer.py --corpus PATH/fairy-tales.jsonl.gz --out ../../public/models/finetale-4m
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import read_documents

END_OF_TEXT = "<|endoftext|>"
VOCABULARY = 4096
MODEL_MAX_LENGTH = 256
# High enough for the rarest word of the form to outweigh the last merges that the tales would win.
PROMPT_REPEATS = 100

RACES = [
    "Human", "Elf", "High Elf", "Dwarf", "Hill Dwarf", "Halfling", "Lightfoot Halfling", "Dragonborn", "Gnome",
    "Rock Gnome", "Half-Elf", "Half-Orc", "Tiefling",
]  # fmt: skip
CLASSES = [
    "Barbarian", "Bard", "Cleric", "Druid", "Fighter", "Monk", "Paladin", "Ranger", "Rogue", "Sorcerer", "Warlock",
    "Wizard",
]  # fmt: skip


def prompt(race: str, character_class: str, name: str = "X") -> str:
    """Returns one prompt in the form of the fine-tuning data."""
    return (
        "Generate Backstory based on following information\n"
        f"Character Name: {name}\nCharacter Race: {race}\nCharacter Class: {character_class}\n\nOutput:\n"
    )


def training_texts(documents: list[str]) -> Iterator[str]:
    """Yields the tales, then every race and class in the prompt form, repeated."""
    yield from documents
    for _ in range(PROMPT_REPEATS):
        yield from (prompt(race, character_class) for race in RACES for character_class in CLASSES)


def train(texts: Iterator[str]) -> Tokenizer:
    """Trains the BPE; the end-of-text token comes last and takes the highest id."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 1, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def published_form(tokenizer: Tokenizer) -> dict:
    """Returns the content of tokenizer.json with merges as "a b" strings.

    Newer `tokenizers` write each merge as a pair, which @xenova/transformers 2.17 cannot read. Like GPT-2's file,
    the vocabulary lists the end-of-text token as well as `added_tokens` does.
    """
    content = json.loads(tokenizer.to_str())
    model = content["model"]
    model["merges"] = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    model["vocab"][END_OF_TEXT] = tokenizer.token_to_id(END_OF_TEXT)
    if sorted(model["vocab"].values()) != list(range(VOCABULARY)):
        raise SystemExit(f"expected {VOCABULARY} entries with ids without gaps, found {len(model['vocab'])}")
    return content


def write_json(path: Path, content: dict) -> None:
    """Writes indented JSON with a final newline."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Trains, writes the three files and prints how well the tokenizer packs text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, type=Path, help="gzipped JSON lines with the key text")
    parser.add_argument("--out", required=True, type=Path, help="folder of the model")
    arguments = parser.parse_args()

    documents = read_documents(arguments.corpus)
    tokenizer = train(training_texts(documents))
    special = {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "unk_token": END_OF_TEXT}
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_json(arguments.out / "tokenizer.json", published_form(tokenizer))
    write_json(arguments.out / "special_tokens_map.json", special)
    write_json(
        arguments.out / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            **special,
            "clean_up_tokenization_spaces": False,
            "model_max_length": MODEL_MAX_LENGTH,
            "tokenizer_class": "GPT2Tokenizer",
        },
    )

    tokens = sum(len(encoding) for encoding in tokenizer.encode_batch_fast(documents))
    characters = sum(map(len, documents))
    print(json.dumps({"tokens": tokens, "characters_per_token": round(characters / tokens, 3)}))
    print(tokenizer.encode(prompt("Lightfoot Halfling", "Sorcerer")).tokens)


if __name__ == "__main__":
    main()

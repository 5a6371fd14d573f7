"""Writes little stories under headings that say who they are about: the last part of the pretraining.

The stories are put together from the sentences of `little_stories.json`, written for this purpose, so that whatever a story
names once (a town, a thing, an enemy) it can name again. They teach a small model what tales of this length do not: to keep to
one character, and to end. No sentence of them stands in the fine-tuning data. The same seed writes the same file.

    python little_stories.py --with PATH/prompted-tales.jsonl --out PATH/little-stories.jsonl
"""

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from prompted_tales import SEED, heading, invented_name
from train_tokenizer import CLASSES, RACES

PARTS = json.loads((Path(__file__).parent / "little_stories.json").read_text(encoding="utf-8"))
PRONOUNS = (
    {"he": "he", "him": "him", "his": "his", "himself": "himself"},
    {"he": "she", "him": "her", "his": "her", "himself": "herself"},
)


def capital(text: str) -> str:
    """Returns the text with its first letter as a capital."""
    return text[0].upper() + text[1:]


def character_name(rng: random.Random) -> tuple[str, str]:
    """Returns (given name, whole name): invented as in the second part, or two invented names glued and cut anew."""
    given, name = invented_name(rng)
    if rng.random() < 0.5:
        return given, name
    other = invented_name(rng)[0].lower()
    given = given[: rng.randint(2, len(given))] + other[rng.randint(0, 1) : rng.randint(2, len(other))]
    return given, given if rng.random() < 0.2 else f"{given} {capital(invented_name(rng)[0])}"


def free_heading(rng: random.Random, race: str, role: str, name: str) -> str:
    """Returns a heading of very many forms: an order or none, labels of one kind, one line or three, a word before the text."""
    if rng.random() < 0.2:
        return heading(rng, race, role, name)
    labels = PARTS["labels"]
    kind = rng.randrange(len(labels))
    lines = [f"{label}: {value}" for label, value in zip(labels[kind], (name, race, role), strict=True)]
    if rng.random() < 0.3:
        rng.shuffle(lines)
    order = rng.choice(PARTS["requests"]) + "\n" if rng.random() < 0.7 else ""
    end = rng.choice(("\n\n", "\n", "\n\n" + rng.choice(PARTS["ends"]) + ":\n"))
    return order + rng.choice(("\n", "\n", "\n", ", ", " ")).join(lines) + end


def story(rng: random.Random, race: str, role: str, given: str, name: str) -> str:
    """Returns one story of two to six sentences or pairs of them."""
    base = race.split(" ")[-1]
    bound = {key: rng.choice(values) for key, values in PARTS["slots"].items()}
    pronouns = rng.choice(PRONOUNS)
    bound |= pronouns | {capital(key): capital(value) for key, value in pronouns.items()}
    bound |= {"N": given, "name": name, "race": rng.choice((race, base)), "role": role.lower()}
    plot = rng.choice(PARTS["plots"])
    choices = {"race": PARTS["races"][base]} | PARTS["classes"][role] | plot
    sentences = [rng.choice(choices[part]) for part in rng.choice(PARTS["orders"]).split()]
    # Not every sentence opens with the name.
    text = sentences[0] + "".join(" " + (re.sub(r"^\{N\} ", "{He} ", s) if rng.random() < 0.5 else s) for s in sentences[1:])
    named: set[str] = set()

    def word(match: re.Match) -> str:
        key = match["key"]
        again, value = key in named, bound[key]
        named.add(key)
        value = re.sub("^an? ", "the ", value) if again else value
        return capital(value) if match["capital"] else value

    return re.sub(r"\{(?P<key>\w+?)(?P<capital>_c)?\}", word, text)


def rows(count: int, free: bool) -> Iterator[dict[str, str]]:
    """Yields headings and stories; other ones where headings are free."""
    rng = random.Random(SEED + free)
    for _ in range(count):
        race, role = rng.choice(RACES), rng.choice(CLASSES)
        given, name = character_name(rng)
        head = (free_heading if free else heading)(rng, race, role, name)
        yield {"text": head, "target": story(rng, race, role, given, name)}


def main() -> None:
    """Writes stories and rows of the second part in random order, and prints how many there are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=45000, help="how many stories")
    parser.add_argument("--with", required=True, type=Path, dest="earlier", help="rows of prompted_tales.py")
    parser.add_argument("--rows", type=int, default=30000, help="how many of those rows, so that the tales are not forgotten")
    parser.add_argument("--free", action="store_true", help="headings of very many forms, for the third part")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()

    earlier = [json.loads(line) for line in arguments.earlier.read_text(encoding="utf-8").splitlines()]
    found = [*rows(arguments.count, arguments.free), *earlier[: arguments.rows]]
    random.Random(SEED).shuffle(found)
    arguments.out.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    print(json.dumps({"rows": len(found), "words": sum(len(row["target"].split()) for row in found)}))


if __name__ == "__main__":
    main()

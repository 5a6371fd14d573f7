"""Writes the tales as the rows that the model will be fine-tuned on: a prompt with a character, and a passage about them.

It teaches the model one thing that plain tales do not: to take the name, race and class of the prompt into the text. A hero
of a passage, a name or somebody like "the miller", becomes an invented character; everything else stays as it was written.
The documents that pretraining held out are left out here as well. The same seed writes the same file.

    python prompted_tales.py --corpus PATH/fairy-tales.jsonl.gz --out PATH/prompted-tales.jsonl
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from corpus import read_documents
from train_tokenizer import CLASSES, RACES, prompt

SEED = 42
WORDS = (25, 120)
# Who a passage may be about, where nobody in it has a name.
PEOPLE = (
    "boy girl lad lass youth maiden prince princess king queen knight soldier miller tailor hunter huntsman shepherd fisherman "
    "merchant peasant farmer woodcutter blacksmith smith gardener servant witch wizard giant dwarf stranger traveller man "
    "woman mother father brother sister son daughter child wife husband robber thief goblin fairy"
).split()
ONSETS = "B Br C Cr D Dr F Fl G Gl Gr H J K Kr L M N P Ph Qu R S Sh Sk T Th Tr V W Y Z".split()
MIDDLES = "a e i o u ai ea or ar en el il an in on ur ol am".split()
ENDS = "bo da den dric fin gan kar la len lia lo mir na nak nor ra ric ro sha ta ten thas va vin wen za".split()
FRONTS = "Ash Black Bright Clay Copper Deep Elder Far Fern Gold Gray High Iron Long Moss Red Salt Stone Summer Wheat".split()
BACKS = "bank beard bow bridge field finger forge gate heart hill horn ling path root shield stone ward water wood".split()


def invented_name(rng: random.Random) -> tuple[str, str]:
    """Returns (given name, whole name); one in four has no family name."""
    given = rng.choice(ONSETS) + rng.choice(MIDDLES) + rng.choice(ENDS)
    family = rng.choice(FRONTS) + rng.choice(BACKS)
    return given, given if rng.random() < 0.25 else f"{given} {family}"


def passages(text: str, rng: random.Random) -> Iterator[str]:
    """Cuts a tale into runs of whole sentences, of as many words as a story has; longer sentences are left out."""
    words: list[str] = []
    wanted = rng.randint(*WORDS)
    for sentence in re.sub(r"([.!?][\"']?) +(?=[\"'A-Z])", r"\1\n", text).split("\n"):
        words += sentence.split()
        if len(words) >= wanted:
            if len(words) <= WORDS[1]:
                yield " ".join(words)
            words = []
            wanted = rng.randint(*WORDS)


def names_in(documents: list[str]) -> set[str]:
    """Words that stand with a capital within sentences, hardly ever without one or behind an article: names, mostly."""
    inside: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for text in documents:
        inside.update(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b", text))
        other.update(word.title() for word in re.findall(r"\b[a-z]{3,}\b", text))
        other.update(re.findall(r"\b(?:[Tt]he|[Aa]n?) ([A-Z][a-z]{2,})\b", text))
    return {word for word, count in inside.items() if count >= 3 and other[word] * 10 < count}


def article(match: re.Match, name: str) -> str:
    """Puts a race or class behind the article that stood there."""
    before = match["before"]
    if before.lower() in ("a", "an"):
        before = ("A" if before[0] == "A" else "a") + ("n" if name[0] in "AEIOU" else "")
    return f"{before} {name}"


def retold(passage: str, known: set[str], rng: random.Random, race: str, role: str, given: str) -> str | None:
    """Returns the passage about the character, or None where it is about nobody in particular."""
    short_race = race.split(" ")[-1]
    found = Counter(word for word in re.findall(r"\b[A-Z][a-z]{2,}\b", passage) if word in known)
    people = Counter(re.findall(rf"\b(?:the|a|The|A) (?:\w+ )?({'|'.join(PEOPLE)})\b", passage))
    if found and found.most_common(1)[0][1] >= 2:
        hero = found.most_common(1)[0][0]

        def named(match: re.Match) -> str:
            chance = rng.random()
            if match["own"] or chance < 0.7:
                return given + (match["own"] or "")
            start = match.start() == 0 or passage[max(0, match.start() - 2) : match.start()] in (". ", "! ", "? ", '" ')
            return f"{'The' if start else 'the'} {short_race if chance < 0.85 else role.lower()}"

        return re.sub(rf"\b{hero}\b(?P<own>'s)?", named, passage)
    if not people or people.most_common(1)[0][1] < 2:
        return None
    hero = people.most_common(1)[0][0]

    def described(match: re.Match) -> str:
        chance = rng.random()
        if match["before"].lower() == "the" and chance < 0.6:
            return given
        return article(match, short_race if chance < 0.85 else role.lower())

    return re.sub(rf"\b(?P<before>the|a|an|The|A|An) (?:(?:old|young|little|poor|good) )?{hero}\b", described, passage)


def rows(documents: list[str], known: set[str]) -> Iterator[dict[str, str]]:
    """Yields every passage that can be retold, as prompt and text."""
    rng = random.Random(SEED)
    for text in documents:
        for passage in passages(text, rng):
            race, role = rng.choice(RACES), rng.choice(CLASSES)
            given, name = invented_name(rng)
            target = retold(passage, known, rng, race, role, given)
            if target is not None and given in target:
                yield {"text": prompt(race, role, name), "target": target}


def main() -> None:
    """Reads the corpus, writes the rows in random order and prints how many there are."""
    from torch_run import split

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, type=Path, help="gzipped JSON lines with the key text")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()

    recipe = json.loads((Path(__file__).parent / "pretrain.json").read_text(encoding="utf-8"))
    documents = read_documents(arguments.corpus)
    train, _ = split(len(documents), recipe["test_size"], recipe["seed"])
    kept = [documents[i] for i in sorted(train)]
    found = list(rows(kept, names_in(kept)))
    random.Random(SEED).shuffle(found)
    arguments.out.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    print(json.dumps({"rows": len(found), "words": sum(len(row["target"].split()) for row in found)}))


if __name__ == "__main__":
    main()

"""Writes rows of a heading that names a character, and a text about them: for the second part of the pretraining.

They teach the one thing that plain tales do not: to take name, race and class of a heading into the text. Half of the rows
are passages of the tales in which whoever they speak of first, a name or somebody like "the miller", has become an invented
character; the other half are single sentences of a few forms, which the copying is learned from first. Documents that
pretraining held out are left out here as well. The same seed writes the same file.

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
from train_tokenizer import CLASSES, RACES

SEED = 42
WORDS = (15, 60)
LONGEST = 80
# Words that may come before the first mention.
LATEST = 5
# Who a passage may be about, where nobody in it has a name.
PEOPLE = (
    "boy girl lad lass youth maiden prince princess king queen knight soldier miller tailor hunter huntsman shepherd fisherman "
    "merchant peasant farmer woodcutter blacksmith smith gardener servant witch wizard giant dwarf stranger traveller man "
    "woman mother father brother sister son daughter child wife husband robber thief goblin fairy"
).split()
FORMS = (
    "{name} was {a_race} and a {role}.",
    "The {race} {name} was a {role}.",
    "{name}, {a_race}, was the best {role} of all.",
    "There was once {a_race} called {name}, who was a {role}.",
    "A {role} named {name} lived here. The {race} was old.",
    "{given} the {role}. {given} the {race}.",
    '"I am {given}," said the {race}. "I am a {role}."',
    "The {role} was {given}, {a_race}.",
)
ONSETS = "B Br C Cr D Dr F Fl G Gl Gr H J K Kr L M N P Ph Qu R S Sh Sk T Th Tr V W Y Z".split()
MIDDLES = "a e i o u ai ea or ar en el il an in on ur ol am".split()
ENDS = "bo da den dric fin gan kar la len lia lo mir na nak nor ra ric ro sha ta ten thas va vin wen za".split()
FRONTS = "Ash Black Bright Clay Copper Deep Elder Far Fern Gold Gray High Iron Long Moss Red Salt Stone Summer Wheat".split()
BACKS = "bank beard bow bridge field finger forge gate heart hill horn ling path root shield stone ward water wood".split()


def heading(rng: random.Random, race: str, role: str, name: str) -> str:
    """Returns a heading that says who the text is about: many forms, and never that of the fine-tuning data."""
    lines = [f"Name: {name}", f"Race: {race}", f"Class: {role}"]
    rng.shuffle(lines)
    return rng.choice(
        (
            "\n".join(lines) + "\n\n",
            ", ".join(lines) + ".\n\n",
            "A tale about this character\n" + "\n".join(lines) + "\n\nTale:\n",
            f"{name}, {race} {role}\n\n",
            f"The {race} {role} {name}\n\n",
            f"{name} ({race}, {role})\n\n",
        )
    )


def invented_name(rng: random.Random) -> tuple[str, str]:
    """Returns (given name, whole name); one in four has no family name."""
    given = rng.choice(ONSETS) + rng.choice(MIDDLES) + rng.choice(ENDS)
    family = rng.choice(FRONTS) + rng.choice(BACKS)
    return given, given if rng.random() < 0.25 else f"{given} {family}"


def sentences_of(text: str) -> list[str]:
    """Splits a tale into sentences, each with the quotation mark that closes it."""
    marked = re.sub(r"([.!?][\"']?) +(?=[\"'A-Z])", r"\1\n", text)
    return [" ".join(line.split()) for line in marked.split("\n") if line.strip()]


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
    """Returns the passage with the character in place of whoever it speaks of first; None where that is nobody, or late."""
    short_race = race.split(" ")[-1]
    people = "|".join(PEOPLE)
    somebody = rf"\b(?P<before>the|a|an|The|A|An) (?:(?:old|young|little|poor|good) )?(?P<who>{people})\b"
    first = re.search(rf"\b(?P<name>{'|'.join(known)})\b|{somebody}", passage)
    if first is None or passage[: first.start()].count(" ") > LATEST:
        return None
    if first["name"]:

        def named(match: re.Match) -> str:
            chance = rng.random()
            if match["own"] or chance < 0.7:
                return given + (match["own"] or "")
            opens = match.start() == 0 or re.search(r"[.!?]\W* $", passage[: match.start()])
            return f"{'The' if opens else 'the'} {short_race if chance < 0.85 else role.lower()}"

        return re.sub(rf"\b{first['name']}\b(?P<own>'s)?", named, passage)

    def described(match: re.Match) -> str:
        chance = rng.random()
        if match["before"].lower() == "the" and chance < 0.6:
            return given
        return article(match, short_race if chance < 0.85 else role.lower())

    return re.sub(somebody.replace(people, first["who"]), described, passage)


def rows(documents: list[str], known: set[str]) -> Iterator[dict[str, str]]:
    """Yields every run of sentences that can be retold and speaks of its character at once, as heading and text."""
    rng = random.Random(SEED)
    for text in documents:
        sentences = sentences_of(text)
        at = 0
        while at < len(sentences):
            wanted, words, end = rng.randint(*WORDS), 0, at
            while end < len(sentences) and words < wanted:
                words += len(sentences[end].split())
                end += 1
            race, role = rng.choice(RACES), rng.choice(CLASSES)
            given, name = invented_name(rng)
            target = retold(" ".join(sentences[at:end]), known, rng, race, role, given) if words <= LONGEST else None
            at += 1
            if target is None:
                continue
            yield {"text": heading(rng, race, role, name), "target": target}
            at = end


def sentences(count: int) -> Iterator[dict[str, str]]:
    """Yields rows that say of a character who they are, and nothing more."""
    rng = random.Random(SEED)
    for _ in range(count):
        race, role = rng.choice(RACES), rng.choice(CLASSES)
        given, name = invented_name(rng)
        a_race = f"{'an' if race[0] in 'AEIOU' else 'a'} {race}"
        target = rng.choice(FORMS).format(name=name, given=given, race=race, a_race=a_race, role=role.lower())
        yield {"text": heading(rng, race, role, name), "target": target}


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
    found += sentences(len(found))
    random.Random(SEED).shuffle(found)
    arguments.out.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    print(json.dumps({"rows": len(found), "words": sum(len(row["target"].split()) for row in found)}))


if __name__ == "__main__":
    main()

"""Writes tests/golden/tokenizer/splits.json: what Split patterns do in Python's tokenizers. Run by hand.

For classes, a CRC-32 over one byte for each code point, 1 where it matches; for patterns, a CRC-32 over the lengths in bytes
of the words of odd texts, which tests/support/oddTexts.ts makes too.
"""

import json
import pathlib
import struct
import zlib

from tokenizers import Regex, pre_tokenizers

from tokenizer_texts import odd_texts

OUT = pathlib.Path(__file__).parent / "tokenizer" / "splits.json"
SEED, COUNT = 77, 500
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

CLASSES = [
    r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\h", r"\H", r".", r"(?m:.)", r"\p{L}", r"\P{L}", r"\p{^Lu}", r"\p{Lu}", r"\p{Ll}",
    r"\p{Lm}", r"\p{Lo}", r"\p{M}", r"\p{N}", r"\p{P}", r"\p{S}", r"\p{Z}", r"\p{Cf}", r"\p{Alphabetic}", r"\p{Han}", r"\p{Hiragana}",
    r"\p{Latin}", r"[[:alpha:]]", r"[[:digit:][:space:]]", r"[[:word:]]", r"[\w'-]", r"[^\W\d_]", r"[^\s\p{L}\p{N}]",
    r"[^\r\n\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]", r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[a-z0-9_\-\.]", r"[^a[bc]]", r"[\x41-\x5a]",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]", r"\u00e9", r"\x{1F600}", r"(?i:k)", r"(?i:s)", r"(?i:q)", r"(?i)z", r"[!-/:-@\[-`{-~]",
]
PATTERNS = [
    r"\w+", r"\W+", r"\w+|[^\w\s]+", r"[^\W\d_]+", r"^.", r".$", r"$\n", r"\n$", r"^\s+", r"^[^\n]*$", r"\A\w+", r"\w+\z", r"\s*\Z", r".+",
    r"(?m:.+)", r"(?=\p{Lu})", r"(?<=\d)(?=\d{3})", r"(?<!\w)(?=\w)", r"\p{N}{1,3}", r"\d{,2}", r"[0-9][0-9][0-9]",
    r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", r"a(?i)b|c", r"\p{L}+?\d*", r"(a|b|ab)+", r"(?<name>the)|dragon", r"x{,|}|\]",
    CONTRACTIONS, r"(?-i:'s)|(?i:'S)",
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTIONS
    + r"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTIONS
    + r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
BEHAVIORS = {"Isolated": "isolated", "Removed": "removed", "Contiguous": "contiguous", "MergedWithPrevious": "merged_with_previous",
             "MergedWithNext": "merged_with_next"}

points = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
every = "".join(map(chr, points))
texts = odd_texts(SEED, COUNT)


def class_sum(source):
    """Removed are the characters that match; what is left says which do not. The text before the first is one of its own."""
    hits = bytearray(b"\1" * len(points))
    for _, (start, end) in pre_tokenizers.Split(Regex(source), "removed").pre_tokenize_str(every):
        hits[start:end] = bytes(end - start)
    return zlib.crc32(hits)


def words_sum(source, behavior):
    steps = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(source), BEHAVIORS[behavior]),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    crc = 0
    for text in texts:
        lengths = [len(word) for word, _ in steps.pre_tokenize_str(text)]
        crc = zlib.crc32(struct.pack(f"<{len(lengths) + 1}i", len(lengths), *lengths), crc)
    return crc


def main():
    splits = [[source, behavior, words_sum(source, behavior)] for source in PATTERNS for behavior in BEHAVIORS]
    classes = [[source, class_sum(source)] for source in CLASSES]
    OUT.write_text(json.dumps({"seed": SEED, "count": COUNT, "classes": classes, "splits": splits}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

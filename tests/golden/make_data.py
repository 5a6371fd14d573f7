"""Writes tests/golden/data: small data files by pyarrow, pandas and datasets, and the rows that Python reads from them.

    pip install pyarrow pandas datasets
    python tests/golden/make_data.py

`expected.json` names, for each file, its columns, the mapping and the rows; the tests hold the page's readers to them.
"""

import base64
import gzip
import json
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption

OUT = Path(__file__).parent / "data"

TEXTS = [
    "Name: Ada, keeper of the light",
    "  spaces kept  ",
    "two\nlines",
    "Windows\r\nline",
    'she said "no"; and, left',
    "caf\u00e9 \u2028 \U0001f409 \u00a0",
    "\ufefffirst character is a mark",
    "nul \x00 inside",
    "tab\there",
    "5' 10\" tall",
]
TARGETS = [f"Story {i}: \u017elut\u00fd k\u016f\u0148, \u201cquoted\u201d.\n\nThe end." for i in range(len(TEXTS))]
ROWS = [{"text": t, "target": g} for t, g in zip(TEXTS, TARGETS)]


def table(repeat=3):
    rows = ROWS * repeat
    return pa.table(
        {
            "id": pa.array([9007199254740993 + i for i in range(len(rows))], pa.int64()),
            "text": pa.array([r["text"] for r in rows]),
            "target": pa.array([r["target"] for r in rows]),
            "score": pa.array([i / 7 for i in range(len(rows))], pa.float64()),
        }
    )


expected = {}


def expect(name, rows, columns=None, mapping=None, layout=None):
    expected[name] = {"rows": rows, "columns": columns, "mapping": mapping, "layout": layout}


def pairs(frame):
    return [{"text": r["text"], "target": r["target"]} for r in frame]


def write_parquet():
    t = table()
    for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
        name = f"{codec}.parquet"
        pq.write_table(t, OUT / name, compression=codec, row_group_size=11)
        expect(name, pairs(pq.read_table(OUT / name).to_pylist()), t.column_names)
    variants = {
        "plain-v2.parquet": dict(use_dictionary=False, data_page_version="2.0", compression="zstd"),
        "dictionary-v2.parquet": dict(use_dictionary=True, data_page_version="2.0", compression="gzip"),
        "delta.parquet": dict(use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY", "target": "DELTA_LENGTH_BYTE_ARRAY", "id": "DELTA_BINARY_PACKED", "score": "BYTE_STREAM_SPLIT"}),
    }
    for name, options in variants.items():
        pq.write_table(t, OUT / name, data_page_size=512, **options)
        expect(name, pairs(pq.read_table(OUT / name).to_pylist()), t.column_names)

    large = t.select(["text", "target"]).cast(pa.schema([("text", pa.large_string()), ("target", pa.large_string())]))
    pq.write_table(large, OUT / "large-string.parquet")
    expect("large-string.parquet", pairs(large.to_pylist()))
    categories = pa.table({"text": pa.array(TEXTS).dictionary_encode(), "target": pa.array(TARGETS).dictionary_encode()})
    pq.write_table(categories, OUT / "categories.parquet")
    expect("categories.parquet", ROWS)
    binary = pa.table({"text": pa.array([x.encode() for x in TEXTS]), "target": pa.array(TARGETS)})
    pq.write_table(binary, OUT / "binary.parquet")
    expect("binary.parquet", ROWS)
    nulls = pa.table({"text": ["a", None, "c", "d"], "target": ["A", "B", None, "D"]})
    pq.write_table(nulls, OUT / "nulls.parquet")
    expect("nulls.parquet", [{"text": "a", "target": "A"}, {"text": "d", "target": "D"}])
    # An empty target is a target, unlike one that is null.
    empty = pa.table({"text": ["a", "b", "c"], "target": ["A", "", None]})
    pq.write_table(empty, OUT / "empty-target.parquet")
    expect("empty-target.parquet", [r for r in empty.to_pylist() if r["target"] is not None])
    # pandas keeps a text column with a hole as object, and writes its own index.
    frame = pd.DataFrame(ROWS, index=[f"row{i}" for i in range(len(ROWS))])
    frame.to_parquet(OUT / "pandas.parquet")
    expect("pandas.parquet", ROWS, ["text", "target", "__index_level_0__"])

    talks = [
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}],
        [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "1"}, {"role": "user", "content": "Two?"}, {"role": "assistant", "content": "2"}],
        [{"role": "user", "content": "Nobody answers."}],
        [],
        None,
    ]
    kind = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    pq.write_table(pa.table({"id": range(5), "messages": pa.array(talks, kind)}), OUT / "messages.parquet", compression="zstd")
    answers = [{"text": "Be brief.\nHi", "target": "Hello."}, {"text": "One?\n1\nTwo?", "target": "2"}]
    expect("messages.parquet", answers, ["id", "messages"], {"text": "messages", "target": ""}, "messages")
    sharegpt = [[{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]]
    datasets.Dataset.from_dict({"conversations": sharegpt}).to_parquet(OUT / "conversations.parquet")
    expect("conversations.parquet", [{"text": "Hi", "target": "Hello."}], None, {"text": "conversations", "target": ""}, "conversations")

    # Types that are not text, for a user who maps them.
    moment = pd.Timestamp("2023-08-15 12:34:56.789")
    odd = pa.table(
        {
            "when": pa.array([moment] * 2, pa.timestamp("us")),
            "zone": pa.array([moment] * 2, pa.timestamp("ms", tz="UTC")),
            "old": pa.array([moment] * 2, pa.timestamp("ns")),
            "day": pa.array([moment.date()] * 2),
            "amount": pa.array([pd.Timestamp("2023-08-15").day] * 2, pa.decimal128(9, 2)),
            "big": pa.array([2**64 - 1, 1], pa.uint64()),
            "small": pa.array([-3, None], pa.int32()),
            "real": pa.array([0.5, float("nan")]),
            "yes": pa.array([True, False]),
            "bytes": pa.array([b"\xff\xfe", b"\x00\x80"]),
        }
    )
    pq.write_table(odd, OUT / "types.parquet")
    pq.write_table(odd.select(["old"]), OUT / "int96.parquet", use_deprecated_int96_timestamps=True)


class Keys(encryption.KmsClient):
    """Wraps a key by writing it out: the test needs the form of an encrypted file, not its secrecy."""

    def __init__(self, _config):
        encryption.KmsClient.__init__(self)

    def wrap_key(self, key_bytes, _name):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, _name):
        return base64.b64decode(wrapped_key)


def write_encrypted():
    """One column encrypted under a footer that is not. The keys are random, so this file differs from run to run."""
    config = encryption.EncryptionConfiguration(footer_key="footer", column_keys={"key": ["target"]}, plaintext_footer=True)
    keys = encryption.CryptoFactory(Keys).file_encryption_properties(encryption.KmsConnectionConfig(), config)
    t = pa.table({"text": ["a", "b"], "target": ["A", "B"]})
    with pq.ParquetWriter(OUT / "encrypted.parquet", t.schema, encryption_properties=keys) as writer:
        writer.write_table(t)


def write_csv():
    # A NUL cannot be read back by pandas' parser, and a lone CR in a field is not quoted by every version.
    rows = [r for r in ROWS if "\x00" not in r["text"]]
    frame = pd.DataFrame(rows)
    frame.to_csv(OUT / "pandas.csv", index=False)
    expect("pandas.csv", rows, ["text", "target"])
    frame.to_csv(OUT / "pandas-index.csv")
    expect("pandas-index.csv", rows, ["column 1", "text", "target"])
    frame.to_csv(OUT / "pandas.tsv", index=False, sep="\t")
    expect("pandas.tsv", rows)
    frame.to_csv(OUT / "semicolon.csv", index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")
    expect("semicolon.csv", rows)
    frame.to_csv(OUT / "utf16.csv", index=False, encoding="utf-16")
    expect("utf16.csv", rows)
    frame.to_csv(OUT / "quoted.csv.gz", index=False, quoting=1, compression={"method": "gzip", "mtime": 0})
    expect("quoted.csv.gz", rows)
    holes = pd.DataFrame({"text": ["a", None, "c", "NA", "e"], "target": ["A", "B", float("nan"), "D", "E"]})
    holes.to_csv(OUT / "holes.csv", index=False)
    read = pd.read_csv(OUT / "holes.csv").dropna()
    expect("holes.csv", pairs(read.to_dict("records")))
    frame[["text"]].to_csv(OUT / "documents.csv", index=False)
    expect("documents.csv", [{"text": r["text"]} for r in rows], ["text"], {"text": "text", "target": ""}, "text")
    # Rows without their last cells have all the others; where pandas finds no text or target, there is none.
    (OUT / "short.csv").write_text("text,target,notes\na,b,c\nd,e\nf\ng,h,\n")
    read = pd.read_csv(OUT / "short.csv")
    assert len(read) == 4
    expect("short.csv", pairs(read.dropna(subset=["text", "target"]).to_dict("records")), ["text", "target", "notes"])
    # What pandas itself reads must be what we say it reads.
    for name, options in [("pandas.csv", {}), ("pandas.tsv", {"sep": "\t"}), ("semicolon.csv", {"sep": ";"}), ("utf16.csv", {"encoding": "utf-16"})]:
        assert pd.read_csv(OUT / name, **options)[["text", "target"]].to_dict("records") == rows, name


def write_json():
    data = datasets.Dataset.from_list(ROWS)
    data.to_json(OUT / "datasets.jsonl")
    expect("datasets.jsonl", ROWS)
    data.to_json(OUT / "ascii-off.jsonl", force_ascii=False)
    expect("ascii-off.jsonl", ROWS)
    with gzip.GzipFile(OUT / "lines.jsonl.gz", "wb", mtime=0) as file:
        file.write((OUT / "datasets.jsonl").read_bytes())
    expect("lines.jsonl.gz", ROWS)
    frame = pd.DataFrame(ROWS)
    frame.to_json(OUT / "pandas-default.json")
    expect("pandas-default.json", ROWS)
    frame.to_json(OUT / "pandas-records.json", orient="records", indent=2)
    expect("pandas-records.json", ROWS)
    (OUT / "wrapped.json").write_text(json.dumps({"version": "1.0", "data": ROWS}, indent=1))
    expect("wrapped.json", ROWS)
    (OUT / "nan.jsonl").write_text("".join(json.dumps({**r, "score": float("nan"), "NaN": "NaN"}) + "\n" for r in ROWS))
    expect("nan.jsonl", ROWS)
    alpaca = [
        {"instruction": "Name a tree.", "input": "", "output": "Oak."},
        {"instruction": "Add.", "input": "1 2", "output": "3"},
    ]
    datasets.Dataset.from_list(alpaca).to_json(OUT / "alpaca.jsonl")
    rows = [{"text": "Name a tree.", "target": "Oak."}, {"text": "Add.\n1 2", "target": "3"}]
    expect("alpaca.jsonl", rows, None, {"text": "instruction + input", "target": "output"}, "Alpaca")


def write_odd():
    """Files that Python reads as these rows although they are not written as one would write them."""

    def text(name, content, rows, **about):
        (OUT / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        expect(name, rows, **about)

    # Two columns of one name; text of a fixed number of bytes.
    double = pa.table([pa.array(["a", "b"]), pa.array(["A", "B"]), pa.array(["other", "other"])], names=["text", "target", "text"])
    pq.write_table(double, OUT / "double-name.parquet")
    expect("double-name.parquet", [{"text": "a", "target": "A"}, {"text": "b", "target": "B"}], ["text", "target", "text (2)"])
    fixed = pa.table({"text": pa.array([b"four", b"five"], pa.binary(4)), "target": ["A", "B"]})
    pq.write_table(fixed, OUT / "fixed-width.parquet")
    expect("fixed-width.parquet", [{"text": "four", "target": "A"}, {"text": "five", "target": "B"}])

    rows = [r for r in ROWS if "\x00" not in r["text"]]
    frame = pd.DataFrame(rows)
    frame.to_csv(OUT / "bars.csv", index=False, sep="|")
    expect("bars.csv", rows, ["text", "target"])
    text("excel.csv", "sep=;\r\n" + frame.to_csv(index=False, sep=";"), rows)
    # What Excel calls Unicode text, and a table without an ending.
    text("unicode.txt", frame.to_csv(index=False, sep="\t").encode("utf-16"), rows)
    text("no-ending", frame.to_csv(index=False), rows)
    # Quotes that nobody doubled: the quoted part ends at the first, as pandas has it.
    raw = 'text\ttarget\n"Hi," she said.\tOK\nHe said "no".\tfine "x"\n"Who?" "Me."\tyes\n"a"b"c\tend\n'
    (OUT / "raw-quotes.tsv").write_text(raw)
    read = pairs(pd.read_csv(OUT / "raw-quotes.tsv", sep="\t").to_dict("records"))
    assert [r["text"] for r in read] == ["Hi, she said.", 'He said "no".', 'Who? "Me."', 'ab"c']
    # The one field whose last quote closes it, in which ours are all kept.
    read[2]["text"] = 'Who?" "Me.'
    expect("raw-quotes.tsv", read)

    lines = [json.dumps(r) for r in ROWS]
    text("joined.jsonl", "".join(lines), ROWS)
    text("commas.jsonl", ",\n".join(lines) + ",\n", ROWS)
    text("spread.jsonl", "\n".join(json.dumps(r, indent=2) for r in ROWS), ROWS)
    text("records.json-seq.jsonl", "".join(f"\x1e{line}\n" for line in lines), ROWS)
    frame = pd.DataFrame(ROWS)
    frame.to_json(OUT / "pandas-split.json", orient="split")
    expect("pandas-split.json", ROWS)
    frame.to_json(OUT / "pandas-index.json", orient="index")
    expect("pandas-index.json", ROWS)
    # An index that is not in order: the rows are, as they stand in the file.
    mixed = frame.iloc[[2, 0, 3, 1, 9, 4]]
    for name, orient in [("pandas-mixed.json", "columns"), ("pandas-mixed-index.json", "index")]:
        mixed.to_json(OUT / name, orient=orient)
        read = pd.read_json(OUT / name, orient=orient)
        assert list(read.index) == [2, 0, 3, 1, 9, 4]
        expect(name, pairs(read.to_dict("records")))
    page = [{"row_idx": i, "row": r, "truncated_cells": []} for i, r in enumerate(ROWS)]
    text("rows-page.json", json.dumps({"features": [{"feature_idx": 0, "name": "text"}], "rows": page}), ROWS)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    write_parquet()
    write_encrypted()
    write_csv()
    write_json()
    write_odd()
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(sum(file.stat().st_size for file in OUT.iterdir()), "bytes")

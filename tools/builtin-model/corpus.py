"""Reads the corpus: JSON lines with the key `text`, gzipped or plain. Shared by the tools in this folder.

It knows nothing of tokenizers or models, and it is not the page's data path: that one is TypeScript, in `src/data/`.
"""

import gzip
import json
from pathlib import Path


def read_documents(path: Path) -> list[str]:
    """Returns the texts of all documents, in file order."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        documents = [json.loads(line)["text"] for line in lines if line.strip()]
    if not documents:
        raise SystemExit(f"{path}: expected one JSON document a line, found none")
    return documents

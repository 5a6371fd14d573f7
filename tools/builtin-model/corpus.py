"""Corpus reading, the held-out split and block packing, shared by the tools in this folder.

This file knows the corpus format (gzipped JSON lines with the keys `book` and `text`) and nothing of
tokenizers' training or of models. It is not the page's data path: that one is TypeScript, in `src/data/`.

Dims: B rows of a batch, T tokens of a block.
"""

import gzip
import json
from dataclasses import dataclass

import numpy as np
import torch


def read_documents(path: str) -> list[str]:
    """Returns the texts of all documents, in file order."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        documents = [json.loads(line)["text"] for line in lines]
    if not documents:
        raise SystemExit(f"{path}: expected one JSON document a line, found none")
    return documents


def split_documents(documents: list[str], held_out_share: float, seed: int) -> tuple[list[str], list[str]]:
    """Splits whole documents into (train, held out); the same seed always gives the same split."""
    order = np.random.default_rng(seed).permutation(len(documents))
    held_out = set(order[: round(len(documents) * held_out_share)].tolist())
    train = [text for i, text in enumerate(documents) if i not in held_out]
    return train, [documents[i] for i in sorted(held_out)]


def join_tokens(documents: list[np.ndarray], end_of_text: int) -> np.ndarray:
    """Joins documents into one stream: end-of-text before the first and after every document."""
    parts = [np.array([end_of_text])]
    for tokens in documents:
        parts += [tokens, parts[0]]
    return np.concatenate(parts).astype(np.int64)


@dataclass
class Batches:
    """Endless training batches that are a pure function of the step, so resuming needs no data state.

    Every epoch shuffles the documents anew and starts its blocks at a new offset. Blocks overlap by one
    token, so that each token but the first of the stream is predicted once.
    """

    documents: list[np.ndarray]
    end_of_text: int
    batch: int
    block: int
    seed: int

    def __post_init__(self) -> None:
        stream_length = 1 + sum(len(tokens) + 1 for tokens in self.documents)
        # One block fewer than fits leaves room for the offset of each epoch.
        self.steps_per_epoch = ((stream_length - 1) // self.block - 1) // self.batch
        if self.steps_per_epoch < 1:
            raise SystemExit(f"the corpus has {stream_length} tokens, fewer than one batch needs")
        self._epoch = -1

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the inputs and targets [B, T] of a step (steps count from 0)."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._start_epoch(epoch)
        rows = self._order[position * self.batch : (position + 1) * self.batch]
        index = self._offset + rows[:, None] * self.block + np.arange(self.block + 1)
        tokens = torch.from_numpy(self._stream[index])
        return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()

    def _start_epoch(self, epoch: int) -> None:
        rng = np.random.default_rng([self.seed, epoch])
        shuffled = [self.documents[i] for i in rng.permutation(len(self.documents))]
        self._stream = join_tokens(shuffled, self.end_of_text)
        self._offset = int(rng.integers(self.block))
        self._order = rng.permutation((len(self._stream) - 1) // self.block - 1)
        self._epoch = epoch


def held_out_rows(documents: list[np.ndarray], end_of_text: int, block: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Cuts the held-out stream into (inputs, targets) rows of up to T tokens; every token is predicted once."""
    stream = torch.from_numpy(join_tokens(documents, end_of_text))
    starts = range(0, len(stream) - 1, block)
    return [(stream[s : s + block][: len(stream) - 1 - s], stream[s + 1 : s + 1 + block]) for s in starts]

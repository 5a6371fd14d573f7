"""Writes tests/golden/sampling/kept.json: which tokens transformers' own warpers keep, for many logits and settings.

Run by hand. The logits come from a small generator that tests/unit/sampling-golden.test.ts repeats, some of them rounded
so that there are ties. Per logits and temperature the file has, for every top_k and top_p, how many tokens are kept, and
one CRC-32 over their ids (little-endian int32). torch.sort is asked to be stable, as it was in the notebook's time: since
then it orders equal logits as the processor's sort happens to leave them, which changes which of them are kept but not
how many. The script checks that.
"""

import json
import pathlib
import struct
import zlib

import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

HERE = pathlib.Path(__file__).parent / "sampling"
SIZES = [1, 2, 5, 50, 51, 300, 5000]
STEPS = [1, 0.125, 0]  # What logits are rounded to; 0 leaves them.
TEMPERATURES = [1, 0.001, 0.1, 0.7, 1.5, 100]
TOP_K = [0, 1, 50, 100000]
TOP_P = [0, 0.00001, 0.1, 0.3, 0.5, 0.9, 0.999, 1]

unstable_sort = torch.sort


def stable_sort(scores, descending):
    return unstable_sort(scores, descending=descending, stable=True)


def logits_of(seed, size, step):
    """24-bit numbers from -8 to 8, exact in float32."""
    values = []
    state = seed
    for _ in range(size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        value = ((state >> 8) - 2**23) / 2**20
        values.append(int((value / step + 1000.5) // 1 - 1000) * step if step else value)
    return torch.tensor([values], dtype=torch.float32)


def kept(logits, temperature, top_k, top_p):
    """As generate() puts the warpers together: each only where it changes something."""
    scores = logits
    if temperature != 1:
        scores = TemperatureLogitsWarper(float(temperature))(None, scores)
    if top_k != 0:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = TopPLogitsWarper(float(top_p))(None, scores)
    return torch.nonzero(scores[0] > -torch.inf)[:, 0].tolist()


cases = []
for size in SIZES:
    for step in STEPS:
        logits = logits_of(size, size, step)
        for temperature in TEMPERATURES:
            counts, crc = [], 0
            for top_k in TOP_K:
                for top_p in TOP_P:
                    torch.sort = stable_sort
                    ids = kept(logits, temperature, top_k, top_p)
                    torch.sort = unstable_sort
                    assert len(kept(logits, temperature, top_k, top_p)) == len(ids)
                    counts.append(len(ids))
                    crc = zlib.crc32(struct.pack(f"<{len(ids)}i", *ids), crc)
            cases.append({"size": size, "step": step, "temperature": temperature, "counts": counts, "crc": crc})
HERE.mkdir(exist_ok=True)
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
(HERE / "kept.json").write_text(
    f'{{"top_k":{json.dumps(TOP_K)},"top_p":{json.dumps(TOP_P)},"cases":[\n{lines}\n]}}\n')

"""Writes tests/golden/order/*.json: permutations and row orders as numpy and torch compute them.

Run by hand with numpy and torch installed; the tests only read the files. Long lists are kept as their first
eight entries and the CRC-32 of all of them as little-endian int32.
"""

import json
import pathlib
import zlib

import numpy
import torch
from torch.utils.data import DataLoader, RandomSampler

HERE = pathlib.Path(__file__).parent / "order"


def summary(values):
    array = numpy.asarray(values, dtype="<i4")
    return {"n": len(array), "first": array[:8].tolist(), "crc32": zlib.crc32(array.tobytes())}


def write(name, cases):
    HERE.mkdir(exist_ok=True)
    (HERE / name).write_text(json.dumps(cases, indent=2) + "\n")


def randperm(seed, n):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()


def loader_orders(rule, seed, n, epochs, evaluate):
    """Row order of each epoch as a Trainer of that age would see it, batch size 8."""
    torch.manual_seed(seed)
    sampler = None
    if rule == "transformers_4_30":
        own = int(torch.empty((), dtype=torch.int64).random_().item())
        sampler = RandomSampler(range(n), generator=torch.Generator().manual_seed(own))
    elif rule == "dataloader":
        sampler = RandomSampler(range(n))
    evaluation = DataLoader(range(16), batch_size=8)
    orders = []
    for epoch in range(epochs):
        if rule == "seedable":
            sampler = RandomSampler(range(n), generator=torch.Generator().manual_seed(seed + epoch))
        orders.append([i for batch in DataLoader(range(n), batch_size=8, sampler=sampler) for i in batch.tolist()])
        if evaluate:
            list(evaluation)
    return orders


SEEDS = [0, 1, 7, 42, 2**32 - 1, 2**32 + 5, 2**40 + 12345]
SIZES = [1, 2, 3, 10, 257, 1024, 2322, 65536, 70000]

write("numpy_permutation.json", [
    {"seed": seed, **summary(numpy.random.default_rng(seed).permutation(n))} for seed in SEEDS for n in SIZES])
write("numpy_random.json", [
    {"seed": seed, "values": numpy.random.default_rng(seed).random(4).tolist()} for seed in SEEDS])
write("torch_randperm.json", [{"seed": seed, **summary(randperm(seed, n))} for seed in SEEDS for n in SIZES])
write("epoch_order.json", [
    {"rule": rule, "seed": seed, "epoch": epoch, "evaluations": epoch if evaluate else 0, **summary(order)}
    for rule in ["transformers_4_30", "dataloader", "seedable"]
    for seed in [7, 42]
    for n in [9, 264, 1857]
    for evaluate in [False, True]
    for epoch, order in enumerate(loader_orders(rule, seed, n, 3, evaluate))])

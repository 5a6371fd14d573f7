"""Loads the built-in model's folder the way its users do, and refuses it if a promise is broken.

It checks the files from Hugging Face's side: offline loading, dtype, tensor names, tokenizer round trips, total size.
The page's own reader has its tests elsewhere. It also prints the loss on the texts that pretraining held out, as PyTorch
computes it from the published weights, and three sampled continuations to read.

    python check_model.py --corpus PATH/fairy-tales.jsonl.gz --model ../../public/models/finetale-4m
"""

import argparse
import json
import math
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from corpus import read_documents
from torch_run import evaluate, pack, split
from train_tokenizer import CLASSES, END_OF_TEXT, RACES, VOCABULARY, prompt

SEED = 7
SIZE_LIMIT = 10_000_000
EXCERPTS = 100
OPENINGS = ["Once upon a time there was a", "The old witch looked at the boy and said:", prompt("Half-Orc", "Wizard")]


def require(condition: bool, promise: str) -> None:
    """Stops with the broken promise, or notes that it holds."""
    if not condition:
        raise SystemExit(f"broken: {promise}")
    print(f"ok: {promise}")


def check_files(folder: Path) -> None:
    """Checks sizes, dtype, names and the form of the merges."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    require(size < SIZE_LIMIT, f"the folder has {size} bytes, under {SIZE_LIMIT}")
    with safe_open(folder / "model.safetensors", "pt") as weights:
        names = set(weights.keys())
        require(weights.metadata() == {"format": "pt"}, "the weights' metadata say format pt")
        require({weights.get_slice(name).get_dtype() for name in names} == {"F16"}, "all tensors are F16")
    require("transformer.wte.weight" in names and "lm_head.weight" not in names, "the tied head is left out")
    require(not any(name.endswith((".attention.bias", ".masked_bias")) for name in names), "no mask buffers")
    merges = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["merges"]
    require(all(isinstance(merge, str) for merge in merges), "merges are strings")


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, documents: list[str]) -> None:
    """Checks ids, round trips of random excerpts and that the prompt form's words are single tokens."""
    require(len(tokenizer) == VOCABULARY, f"the tokenizer has {VOCABULARY} entries")
    require(tokenizer.eos_token_id == tokenizer.convert_tokens_to_ids(END_OF_TEXT), "end-of-text is the eos token")
    rng = np.random.default_rng(SEED)
    excerpts = []
    for i in rng.integers(len(documents), size=EXCERPTS):
        start = int(rng.integers(len(documents[i])))
        excerpts.append(documents[i][start : start + 500])
    require(all(tokenizer.decode(tokenizer.encode(text)) == text for text in excerpts), f"{EXCERPTS} round trips")
    words = {f" {word}" for name in RACES + CLASSES for word in name.replace("-", " ").split()} - {" Orc"}
    split = sorted(word for word in words if len(tokenizer.encode(word)) > 1)
    require(not split, f"words of races and classes are single tokens (split: {split})")


def print_held_out(model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, documents: list[str]) -> None:
    """Prints the mean loss over the held-out blocks in nats per token and bits per character, as the page's run does."""
    recipe = json.loads((Path(__file__).parent / "pretrain.json").read_text(encoding="utf-8"))
    _, test = split(len(documents), recipe["test_size"], recipe["seed"])
    tokens = [np.array([*tokenizer.encode(documents[i]), tokenizer.eos_token_id]) for i in test]
    blocks = pack(tokens, recipe["max_length"])
    nats = evaluate(model, blocks, recipe["per_device_eval_batch_size"])
    per_character = sum(map(len, tokens)) / sum(len(documents[i]) for i in test)
    bits = nats / math.log(2) * per_character
    print(f"held out: {len(test)} documents, {len(blocks)} blocks, {nats:.4f} nats a token, {bits:.4f} bits a character")


@torch.inference_mode()
def print_samples(model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase) -> None:
    """Prints a sampled continuation of each opening."""
    for opening in OPENINGS:
        torch.manual_seed(SEED)
        inputs = tokenizer(opening, return_tensors="pt")
        tokens = model.generate(
            **inputs, max_new_tokens=80, do_sample=True, temperature=0.8, top_k=40, pad_token_id=tokenizer.eos_token_id
        )
        print(f"---\n{tokenizer.decode(tokens[0])}")


def main() -> None:
    """Runs all checks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, type=Path, help="gzipped JSON lines with the key text")
    parser.add_argument("--model", required=True, type=Path, help="folder of the model")
    arguments = parser.parse_args()

    check_files(arguments.model)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    documents = read_documents(arguments.corpus)
    check_tokenizer(tokenizer, documents)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    require(model.lm_head.weight is model.transformer.wte.weight, "the head shares the embedding")
    print_held_out(model, tokenizer, documents)
    print_samples(model, tokenizer)


if __name__ == "__main__":
    main()

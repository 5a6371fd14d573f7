"""The same training step in PyTorch: transformers' GPT-Neo with random weights, same shape and batch, on the CPU.

Prints one JSON line: median seconds per step (forward, backward, clip, AdamW) after two steps that do not count.
Needs torch and transformers. Not used by the tests.
"""

import argparse
import json
import statistics
import time

import torch
import transformers
from transformers import GPTNeoConfig, GPTNeoForCausalLM

SHAPES = {
    "course": dict(vocab=50257, hidden=768, layers=4, heads=16, window=256, positions=2048, B=8, T=128),
    "built-in": dict(vocab=4096, hidden=256, layers=4, heads=16, window=64, positions=256, B=8, T=192),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", default="course", choices=SHAPES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    shape = SHAPES[args.shape]
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    config = GPTNeoConfig(
        vocab_size=shape["vocab"],
        hidden_size=shape["hidden"],
        num_layers=shape["layers"],
        num_heads=shape["heads"],
        attention_types=[[["global", "local"], shape["layers"] // 2]],
        max_position_embeddings=shape["positions"],
        window_size=shape["window"],
        bos_token_id=0,
        eos_token_id=0,
    )
    model = GPTNeoForCausalLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    ids = torch.randint(0, shape["vocab"], (shape["B"], shape["T"]))
    mask = torch.ones_like(ids)

    def step() -> float:
        begin = time.perf_counter()
        optimizer.zero_grad()
        model(input_ids=ids, attention_mask=mask, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return time.perf_counter() - begin

    for _ in range(2):
        step()
    seconds = [step() for _ in range(args.rounds)]
    print(
        json.dumps(
            {
                "bench": "torch_step",
                "shape": shape,
                "threads": args.threads,
                "secondsPerStep": round(statistics.median(seconds), 3),
                "minSecondsPerStep": round(min(seconds), 3),
                "parameters": sum(p.numel() for p in model.parameters()),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()

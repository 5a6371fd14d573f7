"""Pretrains the built-in GPT-Neo on the tales and publishes it as a model folder.

It is the PyTorch recipe behind the committed weights: it starts from random weights and sees tales only, never
the prompt form of the fine-tuning data. It is not the page's trainer. The schedule counts steps, not seconds, so
the process may be stopped (SIGSTOP) and continued (SIGCONT); started anew, it goes on from its last checkpoint.

    python pretrain.py --corpus PATH/fairy-tales.jsonl.gz --out ../../public/models/finetale-3m --work PATH

Dims: B rows of a batch, T tokens of a row, C hidden size, V vocabulary.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import GPTNeoForCausalLM

from corpus import Batches, held_out_rows, read_documents, split_documents
from publish import CONTEXT, as_published, model_config, publish
from train_tokenizer import END_OF_TEXT

SEED = 42
HELD_OUT_SHARE = 0.02
BETAS = (0.9, 0.95)
WEIGHT_DECAY = 0.1
CLIP_NORM = 1.0
FINAL_LR_SHARE = 0.02
LOG_EVERY = 50


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """Linear warm-up to the peak, then a cosine down to a small share of it."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    floor = peak * FINAL_LR_SHARE
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def query_scale(model: GPTNeoForCausalLM) -> float:
    """Returns the scale of the query weights that makes up for GPT-Neo's unscaled attention scores.

    Queries that start smaller by the root of the head's size and learn slower by as much train just as they would
    under scaled attention. Without this, attention saturated on single tokens within 1,000 steps.
    """
    return (model.config.hidden_size // model.config.num_heads) ** -0.5


def sinusoids(positions: int, channels: int) -> torch.Tensor:
    """Returns waves [T, C] with lengths from 2*pi to 2*pi*T, of root mean square 1."""
    frequencies = float(positions) ** -torch.linspace(0, 1, channels // 2)
    angles = torch.arange(positions)[:, None] * frequencies  # [T, C/2]
    return torch.cat([angles.sin(), angles.cos()], dim=1) * math.sqrt(2)


def initial_model(vocabulary: int, end_of_text: int) -> GPTNeoForCausalLM:
    """Returns the weights to start from: random ones, save for the positions.

    What each layer adds to the residual stream starts small, as in GPT-2. Positions start as sinusoids of the usual
    size, meant to make "the token before" easier to find than from unrelated positions.
    """
    model = GPTNeoForCausalLM(model_config(vocabulary, end_of_text))
    residual_scale = 1 / math.sqrt(2 * model.config.num_layers)
    with torch.no_grad():
        positions = model.transformer.wpe.weight
        positions.copy_(sinusoids(*positions.shape) * model.config.initializer_range)
        for layer in model.transformer.h:
            layer.attn.attention.q_proj.weight.mul_(query_scale(model))
            layer.attn.attention.out_proj.weight.mul_(residual_scale)
            layer.mlp.c_proj.weight.mul_(residual_scale)
    return model


def new_optimizer(model: GPTNeoForCausalLM) -> torch.optim.AdamW:
    """Returns AdamW that decays matrices, and neither biases nor layer norms; `lr_scale` multiplies the rate."""
    queries = [layer.attn.attention.q_proj.weight for layer in model.transformer.h]
    others = [p for p in model.parameters() if not any(p is query for query in queries)]
    scale = query_scale(model)
    groups = [
        {"params": [p for p in others if p.dim() > 1], "weight_decay": WEIGHT_DECAY, "lr_scale": 1.0},
        {"params": [p for p in others if p.dim() <= 1], "weight_decay": 0.0, "lr_scale": 1.0},
        # Decay is multiplied by the rate, so dividing keeps it as strong as for the others.
        {"params": queries, "weight_decay": WEIGHT_DECAY / scale, "lr_scale": scale},
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=BETAS, fused=True)


def summed_loss(model: GPTNeoForCausalLM, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Returns the cross-entropy in nats, summed over all B*T targets."""
    hidden = model.transformer(inputs, use_cache=False).last_hidden_state  # [B, T, C]
    logits = model.lm_head(hidden).float()  # [B, T, V]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")


@torch.inference_mode()
def held_out_loss(model: GPTNeoForCausalLM, rows: list, characters: int) -> dict:
    """Measures the weights as published, in F32; end-of-text tokens count as tokens but not as characters."""
    published = as_published(model)
    nats = sum(summed_loss(published, inputs[None], targets[None]).item() for inputs, targets in rows)
    tokens = sum(len(targets) for _, targets in rows)
    return {"held_out_loss": nats / tokens, "held_out_bits_per_character": nats / math.log(2) / characters}


class Run:
    """Everything that changes while training, and how it is saved and restored."""

    def __init__(self, model: GPTNeoForCausalLM, recipe: dict, checkpoint: Path, log: Path) -> None:
        self.model = model
        self.optimizer = new_optimizer(model)
        self.recipe = recipe
        self.checkpoint = checkpoint
        self.log = log
        self.step = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0

    def resume(self) -> None:
        """Restores the last checkpoint if there is one, and refuses one made by another recipe."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        if state["recipe"] != self.recipe:
            raise SystemExit(f"{self.checkpoint}: made by the recipe {state['recipe']}, asked for {self.recipe}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.cpu_seconds = state["step"], state["seconds"], state["cpu_seconds"]
        self.report({"resumed_at": self.step})

    def save(self) -> None:
        """Replaces the checkpoint. Batches follow from the step and nothing else draws random numbers."""
        partial = self.checkpoint.with_suffix(".partial")
        state = {
            "recipe": self.recipe,
            "step": self.step,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        torch.save(state, partial)
        os.replace(partial, self.checkpoint)

    def train_step(self, inputs: torch.Tensor, targets: torch.Tensor) -> float:
        """Takes one optimizer step and returns its mean loss in nats per token."""
        started, cpu_started = time.perf_counter(), time.process_time()
        rate = learning_rate(self.step, self.recipe["steps"], self.recipe["warmup"], self.recipe["peak_lr"])
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["lr_scale"]
        with torch.autocast("cpu", torch.bfloat16):
            loss = summed_loss(self.model, inputs, targets) / targets.numel()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.seconds += time.perf_counter() - started
        self.cpu_seconds += time.process_time() - cpu_started
        return loss.item()

    def report(self, figures: dict) -> None:
        """Writes one JSON line to the log and to standard output."""
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in figures.items()})
        print(line, flush=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def parse_arguments() -> argparse.Namespace:
    """Reads the command line; the defaults are the recipe of the committed weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, help="gzipped JSON lines with the keys book and text")
    parser.add_argument("--out", required=True, type=Path, help="model folder; the tokenizer must be there already")
    parser.add_argument("--publish-to", type=Path, help="write the model's files here instead of --out")
    parser.add_argument("--work", required=True, type=Path, help="folder for the checkpoint, the log and the pid")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=8, help="rows of 256 tokens in each step")
    parser.add_argument("--peak-lr", type=float, default=3e-3)
    parser.add_argument("--warmup", type=int, default=150)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; another number changes the last bits")
    parser.add_argument("--publish-every", type=int, default=250, help="also when the checkpoint is saved")
    return parser.parse_args()


def main() -> None:
    """Trains to the last step; evaluates, publishes and saves on the way and at the end."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(SEED)
    arguments.work.mkdir(parents=True, exist_ok=True)
    (arguments.work / "pid").write_text(f"{os.getpid()}\n")

    tokenizer = Tokenizer.from_file(str(arguments.out / "tokenizer.json"))
    end_of_text = tokenizer.token_to_id(END_OF_TEXT)
    train, held_out = split_documents(read_documents(arguments.corpus), HELD_OUT_SHARE, SEED)
    train_tokens, held_out_tokens = (
        [np.array(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts)] for texts in (train, held_out)
    )
    batches = Batches(train_tokens, end_of_text, arguments.batch, CONTEXT, SEED)
    rows = held_out_rows(held_out_tokens, end_of_text, CONTEXT)
    held_out_characters = sum(map(len, held_out))

    recipe = {key: getattr(arguments, key) for key in ("steps", "batch", "peak_lr", "warmup")}
    model = initial_model(tokenizer.get_vocab_size(), end_of_text)
    run = Run(model, recipe, arguments.work / "checkpoint.pt", arguments.work / "log.jsonl")
    run.report({
        "parameters": model.num_parameters(),
        **recipe,
        "steps_per_epoch": batches.steps_per_epoch,
        "train_documents": len(train),
        "train_tokens": sum(map(len, train_tokens)),
        "held_out_documents": len(held_out),
        "held_out_tokens": sum(map(len, held_out_tokens)),
        "held_out_characters": held_out_characters,
    })  # fmt: skip
    run.resume()

    losses = []
    while run.step < arguments.steps:
        losses.append(run.train_step(*batches.at(run.step)))
        if run.step % LOG_EVERY == 0:
            tokens = run.step * arguments.batch * CONTEXT
            run.report({
                "step": run.step,
                "train_loss": sum(losses) / len(losses),
                "lr": run.optimizer.param_groups[0]["lr"],
                "tokens": tokens,
                "seconds": run.seconds,
                "cpu_seconds": run.cpu_seconds,
                "tokens_per_second": tokens / run.seconds,
            })  # fmt: skip
            losses.clear()
        if run.step % arguments.publish_every == 0 or run.step == arguments.steps:
            run.report({"step": run.step, **held_out_loss(model, rows, held_out_characters)})
            publish(model, arguments.publish_to or arguments.out)
            run.save()


if __name__ == "__main__":
    main()

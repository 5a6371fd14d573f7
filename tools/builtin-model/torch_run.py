"""Makes a run of the page's pretraining in PyTorch: same weights at step 0, same blocks in the same order, same schedule.

It answers one question: does the page's training learn what the reference learns? It reads the same config.json and recipe
as `npm run pretrain` and prints the same JSON lines, so the two can be compared step by step:

    npm run pretrain -- --data FILE --config CONFIG --recipe RECIPE > page.jsonl
    python torch_run.py --data FILE --config CONFIG --recipe RECIPE --against page.jsonl > torch.jsonl

It is not a second trainer: it knows the recipe fields that pretraining uses and refuses others by name.

Dims: B rows of a batch, T tokens of a block.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import GPTNeoConfig, GPTNeoForCausalLM, get_scheduler

from corpus import read_documents

TIED_HEAD = "lm_head.weight"
# Fields that this script computes only in the way named here.
EXPECTED = {
    "model_init": "from_config",
    "packing": True,
    "append_eos": True,
    "order_rule": "seedable",
    "optim": "adamw_torch",
    "loss_divisor": "targets",
    "eval_average": "targets",
    "gradient_accumulation_steps": 1,
}
# The demo's values, which a recipe file may leave out.
DEFAULTS = {
    "loss_divisor": "targets",
    "eval_average": "targets",
    "gradient_accumulation_steps": 1,
    "adam_epsilon": 1e-8,
    "optim": "adamw_torch",
    "append_eos": True,
    "seed": 42,
}


def initial_weights(config: GPTNeoConfig, seed: int, names: dict[str, torch.Size]) -> dict[str, torch.Tensor]:
    """Draws the page's weights of step 0: one MT19937 stream, Box and Muller's pairs, in the order of the state dict.

    `src/train/initialWeights.ts` is the other half; numpy's RandomState seeds the generator as torch's manual_seed does.
    """
    words = np.random.RandomState(seed)
    weights = {}
    for name, shape in names.items():
        if len(shape) == 1:
            is_norm = ".ln_" in name and name.endswith(".weight")
            weights[name] = torch.ones(shape) if is_norm else torch.zeros(shape)
            continue
        size = math.prod(shape)
        pairs = words.randint(0, 2**32, size=(size + 1) // 2 * 2, dtype=np.uint32).astype(np.float64).reshape(-1, 2)
        radius = config.initializer_range * np.sqrt(-2 * np.log((pairs[:, 0] + 1) / 2**32))
        angle = 2 * math.pi * pairs[:, 1] / 2**32
        normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:size]
        weights[name] = torch.from_numpy(normal.astype(np.float32)).reshape(shape)
    return weights


def initial_model(config: dict, seed: int) -> GPTNeoForCausalLM:
    """Returns the model with the page's weights of step 0; the head is tied."""
    model = GPTNeoForCausalLM(GPTNeoConfig(**config))
    names = {name: tensor.shape for name, tensor in model.named_parameters() if name != TIED_HEAD}
    weights = initial_weights(model.config, seed, names)
    model.load_state_dict({**weights, TIED_HEAD: weights["transformer.wte.weight"]}, strict=False)
    return model.train()


def pack(documents: list[np.ndarray], block: int) -> torch.Tensor:
    """Joins documents and cuts them into blocks [n, T]; a last one that is not full is left out, as in run_clm."""
    stream = np.concatenate(documents).astype(np.int64)
    count = len(stream) // block
    if count == 0:
        raise SystemExit(f"expected at least one block of {block} tokens, found {len(stream)} tokens")
    return torch.from_numpy(stream[: count * block].reshape(count, block))


def split(count: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns (train, test) document numbers as `datasets.train_test_split` draws them."""
    order = np.random.default_rng(seed).permutation(count)
    tests = math.ceil(share * count)
    return order[tests:], order[:tests]


def batches(blocks: torch.Tensor, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Yields batches [B, T] for ever: each epoch in the order of manual_seed(seed + epoch), its last batch may be short."""
    epoch = 0
    while True:
        generator = torch.Generator().manual_seed(seed + epoch)
        order = torch.randperm(len(blocks), generator=generator)
        yield from (blocks[rows] for rows in order.split(size))
        epoch += 1


def new_optimizer(model: GPTNeoForCausalLM, recipe: dict) -> torch.optim.AdamW:
    """Returns AdamW as Trainer sets it up: no decay for biases and layer norms."""
    decayed = [p for name, p in model.named_parameters() if ".ln_" not in name and not name.endswith(".bias")]
    others = [p for name, p in model.named_parameters() if ".ln_" in name or name.endswith(".bias")]
    groups = [{"params": decayed, "weight_decay": recipe["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    betas = (recipe["adam_beta1"], recipe["adam_beta2"])
    return torch.optim.AdamW(groups, lr=recipe["learning_rate"], betas=betas, eps=recipe["adam_epsilon"])


@torch.inference_mode()
def evaluate(model: GPTNeoForCausalLM, blocks: torch.Tensor, size: int) -> float:
    """Returns the mean cross-entropy in nats over every predicted token."""
    model.eval()
    nats = sum(model(input_ids=rows, labels=rows).loss.double().item() * len(rows) for rows in blocks.split(size))
    model.train()
    return nats / len(blocks)


def run(
    config: dict, recipe: dict, documents: list[np.ndarray], characters: list[int], tell: Callable, until: int | None = None
) -> None:
    """Trains to the recipe's last step, or leaves its schedule at step `until`.

    `documents` hold their end-of-text already; `tell` hears each line.
    """
    recipe = {**DEFAULTS, **recipe}
    for field, value in EXPECTED.items():
        if recipe[field] != value:
            raise SystemExit(f"the recipe's {field} is {recipe[field]}; this script computes {value} only")
    train, test = split(len(documents), recipe["test_size"], recipe["seed"])
    block, size = recipe["max_length"], recipe["per_device_train_batch_size"]
    blocks = pack([documents[i] for i in train], block)
    held = pack([documents[i] for i in test], block) if len(test) else None
    per_epoch = math.ceil(len(blocks) / size)
    steps = recipe["max_steps"] if recipe.get("max_steps", -1) > 0 else math.ceil(recipe["num_train_epochs"] * per_epoch)
    model = initial_model(config, recipe["seed"])
    optimizer = new_optimizer(model, recipe)
    name = recipe["lr_scheduler_type"]
    extra = {"min_lr_rate": recipe["min_lr_rate"]} if name == "cosine_with_min_lr" else None
    schedule = get_scheduler(name, optimizer, recipe["warmup_steps"], steps, scheduler_specific_kwargs=extra)

    def tell_evaluation(step: int) -> None:
        if held is None or recipe["eval_strategy"] == "no":
            return
        loss = evaluate(model, held, recipe["per_device_eval_batch_size"])
        per_character = sum(len(documents[i]) for i in test) / sum(characters[i] for i in test)
        tell({"kind": "eval", "step": step, "loss": loss, "bits_per_character": loss / math.log(2) * per_character})

    tell({"kind": "started", "totalSteps": steps, "stepsPerEpoch": per_epoch, "parameters": model.num_parameters()})
    tell_evaluation(0)
    losses: list[float] = []
    begun = time.perf_counter()
    for step, rows in zip(range(1, (until or steps) + 1), batches(blocks, size, recipe["seed"])):
        loss = model(input_ids=rows, labels=rows).loss
        loss.backward()
        limit = recipe["max_grad_norm"] or math.inf
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), limit).item()
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step % recipe["logging_steps"] == 0 or step == steps:
            tell({
                "kind": "step", "step": step, "loss": sum(losses) / len(losses), "learning_rate": rate,
                "grad_norm": norm, "seconds": (time.perf_counter() - begun) / step,
            })  # fmt: skip
            losses.clear()
        by_epoch = recipe["eval_strategy"] == "epoch" and step % per_epoch == 0
        by_steps = recipe["eval_strategy"] == "steps" and step % recipe["eval_steps"] == 0
        if by_epoch or by_steps or step == steps:
            tell_evaluation(step)


def compare(lines: list[dict], against: Path) -> None:
    """Prints on stderr how far the page's losses lie from these, as shares of these."""
    theirs = [json.loads(line) for line in against.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    for kind in ("step", "eval"):
        page = {line["step"]: line["loss"] for line in theirs if line.get("kind") == kind}
        shares = {line["step"]: page[line["step"]] / line["loss"] - 1 for line in lines
                  if line["kind"] == kind and line["step"] in page}  # fmt: skip
        if not shares:
            continue
        worst = max(shares, key=lambda step: abs(shares[step]))
        last = max(shares)
        print(
            f"{kind}: {len(shares)} losses compared; largest difference {shares[worst]:+.3%} at step {worst}, "
            f"last {shares[last]:+.3%} at step {last}",
            file=sys.stderr,
        )


def main() -> None:
    """Reads the same files as `npm run pretrain`, runs, and compares where it is asked to."""
    from tokenizers import Tokenizer

    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="JSON lines with the key text, may be gzipped")
    parser.add_argument("--config", type=Path, default=here / "shapes" / "wide.json")
    parser.add_argument("--recipe", type=Path, default=here / "pretrain.json")
    parser.add_argument("--tokenizer", type=Path, default=here / "../../public/models/finetale-4m")
    parser.add_argument("--steps", type=int, help="optimizer steps in place of the recipe's")
    parser.add_argument("--until", type=int, help="leave the run at this step; its schedule stays that of the whole run")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--against", type=Path, help="the output of npm run pretrain")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    config = json.loads(arguments.config.read_text(encoding="utf-8"))
    recipe = json.loads(arguments.recipe.read_text(encoding="utf-8"))
    if arguments.steps:
        recipe |= {"max_steps": arguments.steps, "warmup_steps": min(recipe["warmup_steps"], arguments.steps)}
    tokenizer = Tokenizer.from_file(str(arguments.tokenizer / "tokenizer.json"))
    texts = read_documents(arguments.data)
    end_of_text = config["eos_token_id"]
    documents = [np.array([*encoding.ids, end_of_text]) for encoding in tokenizer.encode_batch_fast(texts)]
    lines: list[dict] = []

    def tell(line: dict) -> None:
        lines.append(line)
        print(json.dumps(line), flush=True)

    run(config, recipe, documents, [len(text) for text in texts], tell, arguments.until)
    if arguments.against:
        compare(lines, arguments.against)


if __name__ == "__main__":
    main()

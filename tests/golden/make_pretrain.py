"""Writes tests/golden/pretrain/pretrain.json: a short pretraining run of PyTorch and transformers, for pretrain.test.ts.

The run is that of tools/builtin-model/torch_run.py, on texts made here of a small grammar, a token a letter. The texts lie
in the file, so the test needs no generator. Run by hand:

    python tests/golden/make_pretrain.py
"""

import json
import pathlib
import random
import sys
import zlib

import numpy as np
import torch
import transformers

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools" / "builtin-model"))

import torch_run  # noqa: E402

END_OF_TEXT = 0
CONFIG = {
    "model_type": "gpt_neo",
    "vocab_size": 128,
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 4,
    "attention_types": [[["global", "local"], 1]],
    "window_size": 8,
    "max_position_embeddings": 32,
    "initializer_range": 0.05,
    "resid_dropout": 0.0,
    "embed_dropout": 0.0,
    "attention_dropout": 0.0,
    "bos_token_id": END_OF_TEXT,
    "eos_token_id": END_OF_TEXT,
}
RECIPE = {
    "model_init": "from_config",
    "packing": True,
    "append_eos": True,
    "max_length": 32,
    "test_size": 0.1,
    "per_device_train_batch_size": 8,
    "per_device_eval_batch_size": 8,
    "max_steps": 50,
    "seed": 7,
    "order_rule": "seedable",
    "optim": "adamw_torch",
    "learning_rate": 3e-3,
    "lr_scheduler_type": "cosine_with_min_lr",
    "min_lr_rate": 0.1,
    "warmup_steps": 5,
    "weight_decay": 0.1,
    "adam_beta1": 0.9,
    "adam_beta2": 0.95,
    "max_grad_norm": 1.0,
    "logging_steps": 1,
    "log_learning_rate": "used",
    "eval_strategy": "steps",
    "eval_steps": 20,
}


def make_texts(count: int) -> list[str]:
    """Returns texts of one to nine sentences."""
    rng = random.Random(11)
    who, did = ["A fox", "The king", "An owl", "My aunt"], ["met", "saw", "heard", "followed"]
    what, where = ["a giant", "the moon", "two geese", "a bell"], ["at night", "in the wood", "by the well"]
    sentence = lambda: f"{rng.choice(who)} {rng.choice(did)} {rng.choice(what)} {rng.choice(where)}."  # noqa: E731
    return [" ".join(sentence() for _ in range(rng.randint(1, 9))) for _ in range(count)]


def main() -> None:
    """Trains and writes the file."""
    torch.set_num_threads(1)
    texts = make_texts(60)
    documents = [np.array([*text.encode("ascii"), END_OF_TEXT]) for text in texts]
    lines: list[dict] = []
    torch_run.run(CONFIG, RECIPE, documents, [len(text) for text in texts], lines.append)
    train, test = torch_run.split(len(documents), RECIPE["test_size"], RECIPE["seed"])
    crc = lambda rows: zlib.crc32(torch_run.pack([documents[i] for i in rows], 32).numpy().astype("<i4").tobytes())  # noqa: E731
    first = {name: p for name, p in torch_run.initial_model(CONFIG, RECIPE["seed"]).named_parameters()}
    content = {
        "made_with": {"torch": torch.__version__, "transformers": transformers.__version__},
        "config": CONFIG,
        "recipe": RECIPE,
        "texts": texts,
        "blocks": {"train_crc32": crc(train), "eval_crc32": crc(test)},
        "initial": {name: {"sum": p.double().sum().item(), "squares": (p.double() ** 2).sum().item(),
                           "first": p.flatten()[:4].tolist()} for name, p in first.items()},
        "steps": [{key: line[key] for key in ("step", "loss", "learning_rate", "grad_norm")}
                  for line in lines if line["kind"] == "step"],
        "evals": [{key: line[key] for key in ("step", "loss", "bits_per_character")}
                  for line in lines if line["kind"] == "eval"],
    }  # fmt: skip
    folder = pathlib.Path(__file__).parent / "pretrain"
    folder.mkdir(exist_ok=True)
    (folder / "pretrain.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(content["steps"][0], content["steps"][-1], content["evals"])


if __name__ == "__main__":
    main()

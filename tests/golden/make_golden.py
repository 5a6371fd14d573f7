"""Golden cases from the reference implementation: transformers' GPT-Neo on tiny random models.

    HF_HUB_OFFLINE=1 python3 tests/golden/make_golden.py

Writes one folder per case: "window5" to public/check, where the page's self-check finds it, the others beside this
file. Made with torch 2.13 and transformers 5.24, CPU, float32, one thread.
A case folder holds
  config.json, model.safetensors   the model before any step
  golden.json                      magic, version, inputs, scalars and the index of golden.bin
  golden.bin                       'FTGD', uint32 version, then little-endian float32 arrays at the offsets of the index
Losses are the mean over counted positions of the shifted cross-entropy (transformers 4.30 form), with padding counted
('pads') and without ('masked'); the attention mask is passed in both. adamw_hf is the optimizer that transformers
had until 4.30, written out here because later versions dropped it.
"""

import json
import math
import os
import struct

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import GPTNeoConfig, GPTNeoForCausalLM  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "..", "..", "public", "check")
MAGIC, VERSION = b"FTGD", 1
STEPS, LR, WEIGHT_DECAY, MAX_NORM = 10, 1e-2, 0.01, 1.0

CASES = {
    # Rows longer than the window; the third is so short that its last pads see no real token in local layers.
    "window5": dict(
        config=dict(vocab_size=61, hidden_size=16, num_layers=4, num_heads=2, intermediate_size=None,
                    max_position_embeddings=24, window_size=5, attention_types=[[["global", "local"], 2]]),
        lengths=[12, 7, 3], T=12, seed=1,
    ),
    # Odd sizes everywhere, an MLP width of its own, the local layer first.
    "odd": dict(
        config=dict(vocab_size=37, hidden_size=15, num_layers=2, num_heads=3, intermediate_size=21,
                    max_position_embeddings=19, window_size=3, attention_types=[[["local"], 1], [["global"], 1]]),
        lengths=[9, 1, 8, 5, 4], T=9, seed=2,
    ),
}


def build(config, seed):
    torch.manual_seed(seed)
    eos = config["vocab_size"] - 1
    model = GPTNeoForCausalLM(GPTNeoConfig(
        activation_function="gelu_new", layer_norm_epsilon=1e-5, resid_dropout=0.0, embed_dropout=0.0,
        attention_dropout=0.0, bos_token_id=eos, eos_token_id=eos, tie_word_embeddings=True, **config))
    with torch.no_grad():
        # Far wider than the usual 0.02, so that attention is sharp and every mistake shows.
        for name, p in model.named_parameters():
            noise = torch.randn_like(p)
            if "ln_" in name and name.endswith("weight"):
                p.copy_(1 + 0.2 * noise)
            else:
                p.copy_((0.2 if name.endswith("bias") else 0.4) * noise)
    model.tie_weights()
    return model.eval()


def batch(case, seed):
    """Random ids, right-padded with the end-of-text id."""
    g = torch.Generator().manual_seed(seed)
    vocab = case["config"]["vocab_size"]
    ids = torch.randint(0, vocab - 1, (len(case["lengths"]), case["T"]), generator=g)
    lengths = torch.tensor(case["lengths"])
    mask = (torch.arange(case["T"])[None] < lengths[:, None]).long()
    return ids.masked_fill(mask == 0, vocab - 1), mask


def loss_of(model, ids, mask, pads):
    logits = model(ids, attention_mask=mask).logits
    labels = ids if pads else ids.masked_fill(mask == 0, -100)
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


def groups(model):
    decays = lambda n: "bias" not in n and ".ln_" not in n
    params = list(model.named_parameters())
    return [p for n, p in params if decays(n)], [p for n, p in params if not decays(n)]


class AdamWHF:
    """eps on the uncorrected root, decay after the update with the plain rate."""

    def __init__(self, decay, rest, betas=(0.9, 0.999), eps=1e-8):
        self.groups = [(decay, WEIGHT_DECAY), (rest, 0.0)]
        self.betas, self.eps, self.state, self.t = betas, eps, {}, 0

    @torch.no_grad()
    def step(self, lr):
        self.t += 1
        b1, b2 = self.betas
        for params, decay in self.groups:
            for p in params:
                m, v = self.state.setdefault(p, (torch.zeros_like(p), torch.zeros_like(p)))
                m.mul_(b1).add_(p.grad, alpha=1 - b1)
                v.mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                size = lr * math.sqrt(1 - b2 ** self.t) / (1 - b1 ** self.t)
                p.addcdiv_(m, v.sqrt().add_(self.eps), value=-size)
                if decay:
                    p.add_(p, alpha=-lr * decay)


class AdamWTorch:
    def __init__(self, decay, rest):
        self.inner = torch.optim.AdamW([dict(params=decay, weight_decay=WEIGHT_DECAY), dict(params=rest, weight_decay=0.0)],
                                       betas=(0.9, 0.999), eps=1e-8)

    def step(self, lr):
        for group in self.inner.param_groups:
            group["lr"] = lr
        self.inner.step()


def train(case, optimizer, pads):
    model = build(case["config"], case["seed"])
    optimizer = optimizer(*groups(model))
    record = dict(losses=[], grad_norms=[], learning_rates=[])
    batches = [batch(case, case["seed"] + 100), batch(case, case["seed"] + 200)]
    for k in range(STEPS):
        lr = LR * (1 - k / STEPS)
        model.zero_grad()
        loss = loss_of(model, *batches[k % 2], pads)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimizer.step(lr)
        record["losses"].append(loss.item())
        record["grad_norms"].append(norm.item())
        record["learning_rates"].append(lr)
    return model, record


def write(name, case):
    folder = SHIPPED if name == "window5" else os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    model = build(case["config"], case["seed"])
    config = {k: v for k, v in model.config.to_dict().items() if k in (
        "activation_function", "attention_dropout", "attention_layers", "attention_types", "bos_token_id",
        "embed_dropout", "eos_token_id", "hidden_size", "intermediate_size", "layer_norm_epsilon",
        "max_position_embeddings", "model_type", "num_heads", "num_layers", "resid_dropout", "tie_word_embeddings",
        "vocab_size", "window_size")}
    config["model_type"] = "gpt_neo"
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=1)
        file.write("\n")
    params = dict(model.named_parameters())
    save_file({k: v.detach().contiguous() for k, v in params.items()},
              os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})

    arrays = {}
    batches = [batch(case, case["seed"] + 100), batch(case, case["seed"] + 200)]
    golden = dict(magic=MAGIC.decode(), version=VERSION, T=case["T"], lengths=case["lengths"],
                  batches=[ids.flatten().tolist() for ids, _ in batches], loss={}, training={})
    ids, mask = batches[0]
    with torch.no_grad():
        arrays["logits"] = model(ids, attention_mask=mask).logits
    for kind, pads in (("pads", True), ("masked", False)):
        model.zero_grad()
        loss = loss_of(model, ids, mask, pads)
        loss.backward()
        golden["loss"][kind] = loss.item()
        for key, p in params.items():
            arrays[f"gradient/{kind}/{key}"] = p.grad.clone()
    for kind, optimizer, pads in (("adamw_hf", AdamWHF, True), ("adamw_torch", AdamWTorch, False)):
        trained, record = train(case, optimizer, pads)
        golden["training"][kind] = dict(record, pads=pads, weight_decay=WEIGHT_DECAY, max_grad_norm=MAX_NORM)
        for key, p in trained.named_parameters():
            arrays[f"weights/{kind}/{key}"] = p.detach()
    golden["greedy"] = []
    for n in (2, case["T"] - 1):
        prompt = ids[:1, :n]
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=8,
                             pad_token_id=config["eos_token_id"])
        golden["greedy"].append(dict(prompt=prompt[0].tolist(), tokens=out[0, n:].tolist()))

    index, offset, parts = {}, 8, [MAGIC + struct.pack("<I", VERSION)]
    for key, tensor in arrays.items():
        data = tensor.to(torch.float32).contiguous().numpy().astype("<f4").tobytes()
        index[key] = dict(shape=list(tensor.shape), offset=offset)
        parts.append(data)
        offset += len(data)
    golden["arrays"] = index
    with open(os.path.join(folder, "golden.bin"), "wb") as file:
        file.write(b"".join(parts))
    with open(os.path.join(folder, "golden.json"), "w") as file:
        json.dump(golden, file)
        file.write("\n")
    print(name, golden["loss"], {k: (v["losses"][0], v["losses"][-1]) for k, v in golden["training"].items()}, golden["greedy"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case_name, case_spec in CASES.items():
        write(case_name, case_spec)

"""Weight files as torch and safetensors really write them, small and odd.

    python3 tests/golden/make_weights.py

Writes tests/golden/weights/: .bin files of torch.save, a sharded model of each kind, and expected.json: for each file
either {"tensors": {name: {"dtype", "shape", "values"}}} as torch itself loads it, or {"refused": what the refusal must
name}. Made with torch 2.13 and safetensors 0.8. Values are float32, written with repr; integers as they are.
"""

import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict

import torch
from safetensors.torch import save_file

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "weights")
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64",
          torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
          torch.float8_e4m3fn: "F8_E4M3", torch.complex64: "C64"}
expected = {}


def numbers(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def describe(tensors):
    return {
        name: {"dtype": DTYPES[t.dtype], "shape": list(t.shape),
               **({"values": t.detach().float().flatten().tolist()} if t.is_floating_point() and t.element_size() > 1 else {})}
        for name, t in tensors.items()
    }


def save(name, value, tensors=None, **options):
    """torch.save, and what must be read; `tensors` where the file holds more than them."""
    torch.save(value, os.path.join(HERE, name), **options)
    expected[name] = {"tensors": describe(value if tensors is None else tensors)}


def refused(name, *words):
    expected[name] = {"refused": words}


class System:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return (os.system, (self.command,))


def main():
    os.makedirs(HERE, exist_ok=True)
    plain = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.LayerNorm(3))
    with torch.no_grad():
        for k, p in enumerate(plain.parameters()):
            p.copy_(numbers(k, *p.shape))
    state = plain.state_dict()  # an OrderedDict with a BUILD step for its metadata

    for protocol in (2, 3, 4, 5):
        save(f"protocol{protocol}.bin", state, pickle_protocol=protocol)
    base = numbers(9, 7, 4)
    flat = numbers(10, 60)
    save("views.bin", {
        "transposed": base.t(),
        "rows": base[2:5],
        "columns": base[:, 1:3],
        "one_column": base[:, 2],
        "every_other": flat[3:40:5],
        "permuted": flat.view(3, 4, 5).permute(2, 0, 1),
        "expanded": flat[7:8].expand(3, 2),
        "whole": base,
        "offset_view": flat[20:32].view(3, 4),
        "scalar": flat[5],
        "empty": torch.empty(0, 4),
        "one_of_one": flat[:1].view(1, 1, 1),
    })
    # Views whose numbers are those of the storage with the other sign, which torch writes as a mark beside the tensor.
    pairs = torch.view_as_complex(numbers(15, 4, 3, 2))
    save("negative.bin", {"imaginary": pairs.conj().imag, "turned": pairs.conj().imag.t(), "real": pairs.conj().real,
                          "whole": torch._neg_view(numbers(16, 5)), "parameter": torch.nn.Parameter(pairs.conj().imag),
                          "half": torch._neg_view(numbers(17, 3).half()), "conjugate": pairs.clone().conj()})
    shared = numbers(11, 6, 2)
    save("tied.bin", {"wte.weight": shared, "lm_head.weight": shared})
    x = numbers(12, 3, 3) * 100
    save("types.bin", {
        "float": x, "half": x.half(), "bfloat16": x.bfloat16(), "double": x.double() / 3,
        "long": x.long(), "int": x.int(), "short": x.short(), "char": x.char(), "byte": x.abs().byte(), "bool": x > 0,
        "half_edge": torch.tensor([6.1e-5, 5.96e-8, 65504.0, -0.0]).half(),
        "float8": x.to(torch.float8_e4m3fn), "complex": torch.complex(x, x),
    })
    attributes = torch.nn.Parameter(numbers(13, 2))
    attributes.note = "kept by torch"
    marked = numbers(14, 2)
    marked.note = 1
    save("parameters.bin", {"a": torch.nn.Parameter(x), "b": torch.nn.Parameter(x[0], requires_grad=False),
                            "with_state": attributes, "marked": marked})
    save("wrapped_state_dict.bin", {"epoch": 3, "lr": 1e-4, "state_dict": state, "seen": {1, 2}}, state)
    save("wrapped_model.bin", {"model": state, "step": 2**40, "big": 2**80, "neg": -(2**70),
                               "shape": torch.Size([2, 3]), "dtype": torch.float16, "device": torch.device("cpu"),
                               "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}}}, state)
    save("wrapped_model_state_dict.bin", {"model_state_dict": dict(state), "flags": [True, None, -7, 300, 70000, "é"]},
         dict(state))
    # Under names that nobody lists: the one dict that holds tensors, beside an optimizer's and others that hold none.
    save("wrapped_net.bin", {"net": state, "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": []},
                             "config": {"lr": 0.1}}, state)
    save("wrapped_deep.bin", {"checkpoint": {"module": {"ema": dict(state)}}, "step": 3}, dict(state))
    save("any name, at all.pt.bin", state)
    buffer = io.BytesIO()
    torch.save(state, buffer)  # the folder inside is then called archive
    with open(os.path.join(HERE, "archive.bin"), "wb") as file:
        file.write(buffer.getvalue())
    expected["archive.bin"] = {"tensors": describe(state)}
    torch.serialization.set_crc32_options(False)
    save("no_crc.bin", state)
    torch.serialization.set_crc32_options(True)
    # Repacked by an ordinary tool: deflated.
    with zipfile.ZipFile(os.path.join(HERE, "protocol2.bin")) as source, \
            zipfile.ZipFile(os.path.join(HERE, "deflated.bin"), "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(zipfile.ZipInfo(info.filename), source.read(info), zipfile.ZIP_DEFLATED)
    expected["deflated.bin"] = {"tensors": describe(state)}

    for protocol in (2, 4):
        name = f"legacy{protocol}.bin"
        torch.save(state, os.path.join(HERE, name), _use_new_zipfile_serialization=False, pickle_protocol=protocol)
        refused(name, "old form", "torch.save")
    with tarfile.open(os.path.join(HERE, "tar.bin"), "w") as tar:
        for member in ("sys_info", "pickle", "storages", "tensors"):
            data = pickle.dumps({})
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    refused("tar.bin", "tar", "torch.save")
    torch.save({"w": x, "run": System("echo this must not run")}, os.path.join(HERE, "system.bin"))
    refused("system.bin", "posix.system")
    torch.save({"w": x, "run": System("true")}, os.path.join(HERE, "system4.bin"), pickle_protocol=4)
    refused("system4.bin", "posix.system")
    torch.save(torch.nn.Linear(2, 2), os.path.join(HERE, "module.bin"))
    refused("module.bin", "torch.nn.modules.linear.Linear")
    torch.save({"w": x.to_sparse()}, os.path.join(HERE, "sparse.bin"))
    refused("sparse.bin", "_rebuild_sparse_tensor")
    torch.save({"w": torch.empty(2, device="meta")}, os.path.join(HERE, "meta.bin"))
    refused("meta.bin", "_rebuild_meta_tensor_no_storage")
    torch.save({"w": x, "raw": bytearray(b"ab")}, os.path.join(HERE, "bytearray.bin"), pickle_protocol=5)
    refused("bytearray.bin", "BYTEARRAY8")
    torch.save([x], os.path.join(HERE, "list.bin"))
    refused("list.bin", "a list")
    torch.save({}, os.path.join(HERE, "nothing.bin"))
    refused("nothing.bin", "no tensor")
    torch.save({"lr": 1, "name": "x"}, os.path.join(HERE, "no_tensors.bin"))
    refused("no_tensors.bin", "no tensor")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), os.path.join(HERE, "script.bin"))
    refused("script.bin", "TorchScript")
    with open(os.path.join(HERE, "plain_pickle.bin"), "wb") as file:
        pickle.dump({"w": [1.0]}, file)
    refused("plain_pickle.bin", "pickle", "torch.save")
    # A file of a big-endian machine says so in its byteorder record.
    with zipfile.ZipFile(os.path.join(HERE, "protocol2.bin")) as source, \
            zipfile.ZipFile(os.path.join(HERE, "big_endian.bin"), "w", zipfile.ZIP_STORED) as target:
        for info in source.infolist():
            target.writestr(info.filename, b"big" if info.filename.endswith("byteorder") else source.read(info))
    refused("big_endian.bin", "big-endian")

    # Sharded models of both kinds.
    for kind, first, second in (("safetensors", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
                                ("bin", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")):
        folder = os.path.join(HERE, f"sharded_{kind}")
        os.makedirs(folder, exist_ok=True)
        names = list(state)
        parts = {first: {n: state[n] for n in names[:2]}, second: {n: state[n] for n in names[2:]}}
        for file, tensors in parts.items():
            write = (lambda t, p: save_file(t, p, metadata={"format": "pt"})) if kind == "safetensors" else torch.save
            write(tensors, os.path.join(folder, file))
        index = {"metadata": {"total_size": sum(t.numel() * 4 for t in state.values())},
                 "weight_map": {n: file for file, tensors in parts.items() for n in tensors}}
        stem = "model.safetensors" if kind == "safetensors" else "pytorch_model.bin"
        with open(os.path.join(folder, stem + ".index.json"), "w") as file:
            json.dump(index, file, indent=2, sort_keys=True)
        expected[f"sharded_{kind}"] = {"tensors": describe(state)}
    save_file({"half": x.half()[:1, :1].contiguous(), "brain": x.bfloat16(), "float": x, "double": x.double() / 3,
               "long": x.long(), "mask": x > 0, "float8": x.to(torch.float8_e4m3fn)},
              os.path.join(HERE, "types.safetensors"))
    expected["types.safetensors"] = {"tensors": describe(
        {"half": x.half()[:1, :1], "brain": x.bfloat16(), "float": x, "double": x.double() / 3, "long": x.long(),
         "mask": x > 0, "float8": x.to(torch.float8_e4m3fn)})}
    with open(os.path.join(HERE, "expected.json"), "w") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What the scripts that write checkpoints share: a model, and the folder that a test reads."""

import glob
import hashlib
import json
import os
from importlib.metadata import version

import torch
from safetensors.torch import load_file, save_file


def tiny_llama():
    """A seeded Llama of one layer in bfloat16."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1,
                         num_attention_heads=2, num_key_value_heads=1, vocab_size=32,
                         dtype="bfloat16")
    config.architectures = ["LlamaForCausalLM"]
    return LlamaForCausalLM(config).to(torch.bfloat16)


def weights(tensors, codes=".weight", scales=".weight_scale"):
    """For each quantized weight its name and its parts, by what follows the layer's name."""
    for name in sorted(tensors):
        layer = name.removesuffix(codes)
        if name.endswith(codes) and layer + scales in tensors:
            yield layer + ".weight", {
                key.removeprefix(layer + "."): tensor
                for key, tensor in tensors.items()
                if key.startswith(layer + ".")
            }


def finish(folder, package, script, dequantize, codes=".weight", scales=".weight_scale"):
    """Keeps what a reader of weights needs, and adds the values that the package reads."""
    values = {}
    for name, parts in weights(load_file(f"{folder}/model.safetensors"), codes, scales):
        values[name] = dequantize(parts).to(torch.float32).contiguous()
    assert values, folder
    save_file(values, f"{folder}.values.safetensors")
    keep(folder, package, script)


def keep(folder, package, script):
    """Deletes what no reader of weights needs, and says who wrote the folder."""
    for path in glob.glob(f"{folder}/*"):
        kept = ("model.safetensors", "config.json", "hf_quant_config.json")
        if os.path.basename(path) not in kept:
            os.remove(path)
    with open(script, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    with open(f"{folder}/origin.json", "w", encoding="ascii") as f:
        json.dump({"package": package, "version": version(package),
                   "script": os.path.basename(script), "sha256": digest}, f, indent=2)
        f.write("\n")

# SPDX-License-Identifier: MIT
"""Checkpoints of seeded random codes in the layouts of DeepSeek-V3 and gpt-oss, written with
safetensors, and the values that transformers dequantizes them to."""

import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from checkpoint_file import keep


def write(folder, tensors, values, config, script=__file__):
    save_file(tensors, f"{folder}/model.safetensors", metadata={"format": "pt"})
    save_file(values, f"{folder}.values.safetensors")
    with open(f"{folder}/config.json", "w", encoding="ascii") as f:
        json.dump(config, f, indent=2)
        f.write("\n")
    keep(folder, "transformers", script)


def deepseek(folder):
    generator = torch.Generator().manual_seed(1)
    name = "model.layers.0.self_attn.kv_a_proj_with_mqa.weight"
    codes = torch.randint(0, 256, (130, 140), generator=generator, dtype=torch.uint8)
    codes[(codes & 127) == 127] = 0  # no NaN
    codes = codes.view(torch.float8_e4m3fn)
    scales = torch.rand((2, 2), generator=generator) * 2**-9
    tensors = {name: codes, name + "_scale_inv": scales,
               "model.norm.weight": torch.ones(8, dtype=torch.bfloat16)}
    # The package wants whole tiles: what is behind the edge is cut off again.
    padded = torch.zeros((256, 256)).to(torch.float8_e4m3fn)
    padded.view(torch.uint8)[:130, :140] = codes.view(torch.uint8)
    value = Fp8Dequantize(None)._dequantize_one(padded, scales, torch.float32)
    write(folder, tensors, {name: value[:130, :140].contiguous()}, {
        "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3",
                                "quant_method": "fp8", "weight_block_size": [128, 128]}})


def gpt_oss(folder):
    generator = torch.Generator().manual_seed(2)
    tensors, values = {}, {}
    for part, shape in (("gate_up_proj", (2, 12, 2, 16)), ("down_proj", (2, 8, 3, 16))):
        name = f"model.layers.0.mlp.experts.{part}"
        blocks = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        scales = torch.randint(110, 130, shape[:-1], generator=generator, dtype=torch.uint8)
        tensors[name + "_blocks"], tensors[name + "_scales"] = blocks, scales
        # It transposes rows and columns, as its products want the weight.
        value = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
        values[name] = value.transpose(1, 2).contiguous()
    write(folder, tensors, values, {"quantization_config": {"quant_method": "mxfp4"}})


def main():
    for name, function in (("deepseek_fp8", deepseek), ("gpt_oss_mxfp4", gpt_oss)):
        os.makedirs(f"{sys.argv[1]}/{name}", exist_ok=True)
        function(f"{sys.argv[1]}/{name}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Writes what cuBLASLt's FP8 GEMMs give on an H100: vectors for tests/kernel/accumulate_test.cpp.

    python3 tests/project/scaled_mm.py gemm.txt

Needs PyTorch: 2.11 with cuBLASLt 13.1 made the committed file. The problem is 256 x 256 x 384, of
which the first 4 rows and columns are written: so small a problem alone might get unusual kernels.
"""
import sys

import torch

SIZE, SHOWN, DEPTH, GROUP = 256, 4, 384, 128


def hex_codes(row):
    return bytes(row.cpu().view(torch.uint8).tolist()).hex()


def hex_floats(row):
    bits = row.cpu().contiguous().view(torch.int32).tolist()
    return " ".join(f"{x & 0xFFFFFFFF:08x}" for x in bits)


def case(mode):
    """Codes of a and b, their scales [row, group], the result."""
    a = torch.randn(SIZE, DEPTH).to(torch.float8_e4m3fn).cuda()
    b = torch.randn(SIZE, DEPTH).abs().to(torch.float8_e4m3fn).cuda()
    groups = DEPTH // GROUP
    if mode in ("fast", "full"):
        a_scale = torch.tensor(0.37, device="cuda")
        b_scale = torch.tensor(1.9, device="cuda")
        a_scales, b_scales = a_scale.expand(SIZE, 1), b_scale.expand(SIZE, 1)
    else:
        a_scales = torch.rand(SIZE, groups).cuda() + 0.5
        a_scale = a_scales.t().contiguous().t()
        if mode == "rows_x_blocks":
            blocks = torch.rand(SIZE // GROUP, groups).cuda() + 0.5
            b_scale = blocks.t()
            b_scales = blocks.repeat_interleave(GROUP, dim=0)
        else:
            b_scales = torch.rand(SIZE, groups).cuda() + 0.5
            b_scale = b_scales.t().contiguous()
    d = torch._scaled_mm(
        a,
        b.t(),
        scale_a=a_scale,
        scale_b=b_scale,
        out_dtype=torch.float32,
        use_fast_accum=mode == "fast",
    )
    return a, b, a_scales, b_scales, d


def main():
    torch.manual_seed(0)
    lines = [
        f"# Made by tests/project/scaled_mm.py on {torch.cuda.get_device_name()};"
        f" PyTorch {torch.__version__}, CUDA {torch.version.cuda}.",
        "# Blocks of lines: a title (mode, depth, groups of a row), a[4][depth], b[4][depth] (codes",
        "# of e4m3fn in hex), scales of a[4][groups] and b[4][groups], d[4][4] (bits of floats in",
        "# hex). Modes: one scale a tensor with fast or full accumulation; a's scales 1x128 and b's",
        "# 128x128 (rows_x_blocks) or 1x128 (rows_x_rows).",
    ]
    for mode in ("fast", "full", "rows_x_blocks", "rows_x_rows"):
        a, b, a_scales, b_scales, d = case(mode)
        lines.append(f"{mode} {DEPTH} {a_scales.shape[1]}")
        lines += [hex_codes(row) for x in (a, b) for row in x[:SHOWN]]
        lines += [hex_floats(row) for x in (a_scales, b_scales) for row in x[:SHOWN]]
        lines += [hex_floats(row[:SHOWN]) for row in d[:SHOWN]]
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")


main()

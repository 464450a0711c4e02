#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time and memory of `binade quantize`, in turns with a copy that reads and writes the same bytes.

Usage: throughput.py BINADE [--folder FOLDER] [--bytes N] [--tensor N] [--to RECIPE] [--turns N]
                     [--cached]

The file is read from the disk: before each run its pages are dropped from the system's cache;
--cached leaves them there, where a copy is as fast as memory.

Makes a float32 safetensors file of N bytes (4 GB) in tensors of --tensor bytes (64 MiB), and then
in turns quantizes it (to modelopt_nvfp4) and copies: reads the whole file in pieces of 1 MiB and
writes as many bytes as the quantized file has. Prints each turn, the median ratio of copy time to
quantize time (the speed of quantize as a share of the copy's), and quantize's peak memory above
the largest tensor. Exit status 1 if the ratio is under 0.7 or the peak over 256 MB.
"""

import argparse
import array
import json
import os
import pathlib
import random
import resource
import statistics
import struct
import sys
import tempfile
import time

PIECE = 1 << 20


def make_source(path, size, tensor):
    random.seed(1)
    count = max(1, size // tensor)
    rows = tensor // 4 // 4096
    tensors = {"__metadata__": {"format": "pt"}}
    for i in range(count):
        offsets = [i * tensor, (i + 1) * tensor]
        tensors[f"layers.{i}.weight"] = {
            "dtype": "F32",
            "shape": [rows, 4096],
            "data_offsets": offsets,
        }
    header = json.dumps(tensors).encode()
    header += b" " * (-len(header) % 8)
    piece = array.array("f", (random.gauss(0, 0.02) for _ in range(PIECE // 4))).tobytes()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for _ in range(count * tensor // PIECE):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def drop(source):
    """Drops a file, of which nothing is to be written any more, from the system's cache."""
    with open(source, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def quantize(binade, recipe, source, target):
    """Seconds, peak bytes, and seconds of the processor."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(binade, [binade, "quantize", str(source), "--to", recipe, "-o", str(target)])
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit("binade quantize failed")
    return seconds, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def copy(source, target, size):
    """Seconds, and seconds of the processor."""
    piece = bytearray(PIECE)
    view = memoryview(piece)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    with open(source, "rb", buffering=0) as reader, open(target, "wb", buffering=0) as writer:
        written = 0
        read = 0
        total = source.stat().st_size
        while n := reader.readinto(view):
            read += n
            due = min(size, size * read // total)
            while written < due:
                written += writer.write(view[: min(PIECE, due - written)])
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("binade")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--bytes", type=int, default=4 << 30)
    parser.add_argument("--tensor", type=int, default=64 << 20)
    parser.add_argument("--to", default="modelopt_nvfp4")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--cached", action="store_true")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.folder) as name:
        folder = pathlib.Path(name)
        source, target, other = (folder / f"{n}.safetensors" for n in ("source", "out", "copy"))
        make_source(source, a.bytes, a.tensor)
        quantize(a.binade, a.to, source, target)  # for its size, and once for the caches
        size = target.stat().st_size

        def measure(run, *arguments):
            for file in (target, other):
                file.unlink(missing_ok=True)
            if not a.cached:
                drop(source)
            return run(*arguments)

        ratios, peak = [], 0
        for turn in range(a.turns):
            c = None
            if turn % 2 == 0:
                c = measure(copy, source, other, size)
            seconds, memory, cpu = measure(quantize, a.binade, a.to, source, target)
            if c is None:
                c = measure(copy, source, other, size)
            peak = max(peak, memory - a.tensor)
            ratios.append(c[0] / seconds)
            print(
                f"copy {c[0]:.2f} s ({c[1]:.2f} s of CPU), quantize {seconds:.2f} s"
                f" ({cpu:.2f} s of CPU): {ratios[-1]:.2f}",
                flush=True,
            )
        ratio = statistics.median(ratios)
        place = "cache" if a.cached else "disk"
        print(
            f"{source.stat().st_size / 1e9:.2f} GB -> {size / 1e9:.2f} GB, {a.to}, from the"
            f" {place}: median ratio {ratio:.2f}; peak {peak / 1e6:.0f} MB above the largest tensor"
        )
        sys.exit(0 if ratio >= 0.7 and peak <= 256e6 else 1)


if __name__ == "__main__":
    main()

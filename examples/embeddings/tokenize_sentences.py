#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes sentences.txt as the numbers of their tokens: what tokens.txt has.

Usage: tokenize_sentences.py MODEL > tokens.txt, with MODEL the folder of a checkpoint that has a
tokenizer.json, and tokenizers 0.23.3 from PyPI.
"""

import pathlib
import sys

import tokenizers

tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(sys.argv[1]) / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.no_truncation()
print("# The tokens of sentences.txt by all-MiniLM-L6-v2; written by tokenize_sentences.py")
sentences = pathlib.Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8")
for sentence in sentences.splitlines():
    print(*tokenizer.encode(sentence).ids, "#", sentence)

# SPDX-License-Identifier: MIT
"""Between numpy arrays of the inputs and torch tensors."""

import numpy as np
import torch

from recipe_file import bfloat16_bits

UNSIGNED = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32}


def torch_tensor(x, dtype):
    """x in the given dtype; bfloat16 by truncation, so that no conversion of torch's is used."""
    if dtype == "bfloat16":
        return torch.from_numpy(bfloat16_bits(x).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


def float_of(tensor):
    """What the tensor holds, as float32."""
    return tensor.to(torch.float32).numpy()


def words_of(tensor):
    """The tensor's bit patterns: unsigned integers as wide as its elements."""
    return tensor.contiguous().view(UNSIGNED[tensor.element_size()]).numpy()

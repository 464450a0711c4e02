# SPDX-License-Identifier: MIT
"""nvidia-modelopt's packed MXFP4 and NVFP4 tensors, on the CPU."""

from modelopt.torch.quantization.qtensor.mxfp4_tensor import MXFP4QTensor
from modelopt.torch.quantization.qtensor.mxfp8_tensor import MXFP8QTensor
from modelopt.torch.quantization.qtensor.nvfp4_tensor import NVFP4QTensor

from recipe_file import E2M1, E4M3, RecipeFile, mx_cases, tensor_cases
from torch_tensor import float_of, torch_tensor, words_of


def write(name, cls, call, element, codes, block, cases, scale="e8m0fnu", tensor_scale="none"):
    file = RecipeFile(
        recipe=f"modelopt_{name}",
        package="nvidia-modelopt",
        function=f"modelopt.torch.quantization.qtensor.{cls.__module__.rsplit('.', 1)[1]}."
        f"{cls.__name__}.{call}",
        script=__file__,
        element=element,
        codes=codes,
        block=block,
        scale=scale,
        tensor_scale=tensor_scale,
        with_packages=["torch"],
    )
    for case, dtype, values in cases:
        x = torch_tensor(values, dtype)
        arguments = () if cls is MXFP8QTensor else (block[1],)
        q, scales, *rest = cls.quantize(x.clone(), *arguments)
        file.add(case, dtype, float_of(x), words_of(q._quantized_data), words_of(scales),
                 float(rest[0]) if rest else None)
    file.write()


def main():
    write("mxfp4", MXFP4QTensor, "quantize(x, 32)", "e2m1fn", "low_nibble_first", (1, 32),
          mx_cases(32, E2M1))
    write("nvfp4", NVFP4QTensor, "quantize(x, 16)", "e2m1fn", "low_nibble_first", (1, 16),
          tensor_cases(16, 64, E2M1, 448.0), "e4m3fn", "multiplier")
    write("mxfp8", MXFP8QTensor, "quantize(x)", "e4m3fn", "byte", (1, 32), mx_cases(32, E4M3))


if __name__ == "__main__":
    main()

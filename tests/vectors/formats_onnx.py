# SPDX-License-Identifier: MIT
"""onnx: the Cast cases of its backend tests, and its reference Cast at the boundaries of FP8."""

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases
from onnx.numpy_helper import to_array
from onnx.reference.ops.op_cast import cast_to

from format_file import FormatFile, boundary_inputs

T = onnx.TensorProto
# data type: (this library's name, bits)
TARGETS = {T.FLOAT8E4M3FN: ("e4m3fn", 8), T.FLOAT8E4M3FNUZ: ("e4m3fnuz", 8),
           T.FLOAT8E5M2: ("e5m2", 8), T.FLOAT8E5M2FNUZ: ("e5m2fnuz", 8), T.UINT4: ("uint4", 4),
           T.INT4: ("int4", 4), T.FLOAT4E2M1: ("e2m1fn", 4), T.UINT2: ("uint2", 2),
           T.INT2: ("int2", 2), T.FLOAT8E8M0: ("e8m0fnu", 8)}
SOURCES = {T.FLOAT: ("float32", np.uint32), T.FLOAT16: ("float16", np.uint16)}
FP8 = (T.FLOAT8E4M3FN, T.FLOAT8E4M3FNUZ, T.FLOAT8E5M2, T.FLOAT8E5M2FNUZ)
INTEGERS = (T.UINT4, T.INT4, T.UINT2, T.INT2)


def codes_of(array, bits):
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8) & ((1 << bits) - 1)


def policy_of(to, saturate):
    if to in INTEGERS:
        return "toward_zero/finite"
    if to == T.FLOAT8E8M0:
        return f"toward_positive/{'finite' if saturate else 'none'}"
    return f"ties_to_even/{'finite' if saturate else 'none'}"


def write_test_cases(file):
    for case in collect_testcases("Cast"):
        node = case.model.graph.node[0]
        if node.op_type != "Cast":
            continue
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        (x,), (y,) = case.data_sets[0]
        if x.data_type in SOURCES and y.data_type in TARGETS:
            name, bits = TARGETS[y.data_type]
            source, word = SOURCES[x.data_type]
            inputs = [int(v) for v in to_array(x).reshape(-1).view(word)]
            codes = codes_of(to_array(y), bits)
            policy = policy_of(y.data_type, attributes.get("saturate", 1))
            width = (bits + 3) // 4
            digits = 2 * np.dtype(word).itemsize
            file.section(f"encode {name} {source} {policy}", sorted({
                f"{v:0{digits}x}:{int(c):0{width}x}" for v, c in zip(inputs, codes)}))
        elif x.data_type in TARGETS and y.data_type == T.FLOAT:
            name, bits = TARGETS[x.data_type]
            values = to_array(y).reshape(-1).view(np.uint32)
            file.decode(name, bits, sorted({
                (int(c), int(v)) for c, v in zip(codes_of(to_array(x), bits), values)}))


def write_boundaries(file):
    for to in FP8:
        name, bits = TARGETS[to]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(to)
        values = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float32)
        inputs = boundary_inputs([float(v) for v in values[np.isfinite(values)]], 24)
        x = np.array(inputs, dtype=np.uint32).view(np.float32)
        columns = [codes_of(cast_to(x, to, saturate), bits) for saturate in (True, False)]
        file.encode(name, bits, ["ties_to_even/finite", "ties_to_even/none"], inputs,
                    [[int(c) for c in row] for row in zip(*columns)])
    inputs = boundary_inputs([2.0**e for e in range(-127, 128)], 24, negatives=False)
    x = np.array(inputs, dtype=np.uint32).view(np.float32)
    modes = {"ties_to_even_significand": "nearest", "toward_positive": "up",
             "toward_negative": "down"}
    columns = [codes_of(cast_to(x, T.FLOAT8E8M0, saturate, mode), 8)
               for mode in modes.values() for saturate in (True, False)]
    file.encode("e8m0fnu", 8, [f"{m}/{s}" for m in modes for s in ("finite", "none")], inputs,
                [[int(c) for c in row] for row in zip(*columns)])


def main():
    np.seterr(all="ignore")
    file = FormatFile("onnx", ["onnx", "ml_dtypes", "numpy"], __file__)
    write_test_cases(file)
    write_boundaries(file)
    file.write()


if __name__ == "__main__":
    main()

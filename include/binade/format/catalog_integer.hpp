// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

// Integers as value types: two's complement, the full range.

namespace binade::inline v0 {

struct int2 : minifloat<int2, 2> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{2, true};
  static constexpr format_names names{.name = "int2",
                                      .description = "signed 2-bit integer",
                                      .torch = "int2",
                                      .ml_dtypes = "int2",
                                      .mlir = "i2",
                                      .onnx = "INT2",
                                      .onnx_type = 26,
                                      .dlpack_code = 0};
};
struct int3 : minifloat<int3, 3> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{3, true};
  static constexpr format_names names{.name = "int3",
                                      .description = "signed 3-bit integer",
                                      .torch = "int3",
                                      .mlir = "i3",
                                      .dlpack_code = 0};
};
struct int4 : minifloat<int4, 4> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{4, true};
  static constexpr format_names names{.name = "int4",
                                      .description = "signed 4-bit integer",
                                      .torch = "int4",
                                      .ml_dtypes = "int4",
                                      .mlir = "i4",
                                      .cuda_data_type = "CUDA_R_4I",
                                      .onnx = "INT4",
                                      .onnx_type = 22,
                                      .dlpack_code = 0};
};
struct int5 : minifloat<int5, 5> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{5, true};
  static constexpr format_names names{.name = "int5",
                                      .description = "signed 5-bit integer",
                                      .torch = "int5",
                                      .mlir = "i5",
                                      .dlpack_code = 0};
};
struct int6 : minifloat<int6, 6> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{6, true};
  static constexpr format_names names{.name = "int6",
                                      .description = "signed 6-bit integer",
                                      .torch = "int6",
                                      .mlir = "i6",
                                      .dlpack_code = 0};
};
struct int7 : minifloat<int7, 7> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{7, true};
  static constexpr format_names names{.name = "int7",
                                      .description = "signed 7-bit integer",
                                      .torch = "int7",
                                      .mlir = "i7",
                                      .dlpack_code = 0};
};
struct int8 : minifloat<int8, 8> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{8, true};
  static constexpr format_names names{.name = "int8",
                                      .description = "signed 8-bit integer",
                                      .torch = "int8",
                                      .safetensors = "I8",
                                      .mlir = "i8",
                                      .cuda_data_type = "CUDA_R_8I",
                                      .onnx = "INT8",
                                      .onnx_type = 3,
                                      .dlpack_code = 0};
};
struct uint2 : minifloat<uint2, 2> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{2, false};
  static constexpr format_names names{.name = "uint2",
                                      .description = "unsigned 2-bit integer",
                                      .torch = "uint2",
                                      .ml_dtypes = "uint2",
                                      .mlir = "ui2",
                                      .onnx = "UINT2",
                                      .onnx_type = 25,
                                      .dlpack_code = 1};
};
struct uint3 : minifloat<uint3, 3> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{3, false};
  static constexpr format_names names{.name = "uint3",
                                      .description = "unsigned 3-bit integer",
                                      .torch = "uint3",
                                      .mlir = "ui3",
                                      .dlpack_code = 1};
};
struct uint4 : minifloat<uint4, 4> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{4, false};
  static constexpr format_names names{.name = "uint4",
                                      .description = "unsigned 4-bit integer",
                                      .torch = "uint4",
                                      .ml_dtypes = "uint4",
                                      .mlir = "ui4",
                                      .cuda_data_type = "CUDA_R_4U",
                                      .onnx = "UINT4",
                                      .onnx_type = 21,
                                      .dlpack_code = 1};
};
struct uint5 : minifloat<uint5, 5> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{5, false};
  static constexpr format_names names{.name = "uint5",
                                      .description = "unsigned 5-bit integer",
                                      .torch = "uint5",
                                      .mlir = "ui5",
                                      .dlpack_code = 1};
};
struct uint6 : minifloat<uint6, 6> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{6, false};
  static constexpr format_names names{.name = "uint6",
                                      .description = "unsigned 6-bit integer",
                                      .torch = "uint6",
                                      .mlir = "ui6",
                                      .dlpack_code = 1};
};
struct uint7 : minifloat<uint7, 7> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{7, false};
  static constexpr format_names names{.name = "uint7",
                                      .description = "unsigned 7-bit integer",
                                      .torch = "uint7",
                                      .mlir = "ui7",
                                      .dlpack_code = 1};
};
struct uint8 : minifloat<uint8, 8> {
  using minifloat::minifloat;
  static constexpr integer_spec spec{8, false};
  static constexpr format_names names{.name = "uint8",
                                      .description = "unsigned 8-bit integer",
                                      .torch = "uint8",
                                      .safetensors = "U8",
                                      .mlir = "ui8",
                                      .cuda_data_type = "CUDA_R_8U",
                                      .onnx = "UINT8",
                                      .onnx_type = 2,
                                      .dlpack_code = 1};
};

using integer_formats = type_list<int2, int3, int4, int5, int6, int7, int8, uint2, uint3, uint4,
                                  uint5, uint6, uint7, uint8>;

}  // namespace binade::inline v0

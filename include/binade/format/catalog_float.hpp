// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

// Sign, exponent and mantissa formats. To add one: a struct here and its name in the list below.

namespace binade::inline v0 {

struct e5m2 : minifloat<e5m2, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 5,
                                   .mantissa_bits = 2,
                                   .bias = 15,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee,
                                   .quiet_nan = 0x7f};
  static constexpr format_names names{.name = "e5m2",
                                      .description = "OCP FP8 E5M2",
                                      .aliases = "bf8 fp8_e5m2",
                                      .torch = "float8_e5m2",
                                      .ml_dtypes = "float8_e5m2",
                                      .safetensors = "F8_E5M2",
                                      .mlir = "f8E5M2",
                                      .cuda = "__nv_fp8_e5m2",
                                      .cuda_data_type = "CUDA_R_8F_E5M2",
                                      .onnx = "FLOAT8E5M2",
                                      .onnx_type = 19,
                                      .dlpack_code = 12};
};

struct e4m3fn : minifloat<e4m3fn, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{
      .exponent_bits = 4, .mantissa_bits = 3, .bias = 7, .nan = nan_codes::all_ones};
  static constexpr format_names names{.name = "e4m3fn",
                                      .description = "OCP FP8 E4M3: one NaN a sign, no infinity",
                                      .aliases = "e4m3 fp8 fp8_e4m3 hf8",
                                      .torch = "float8_e4m3fn",
                                      .ml_dtypes = "float8_e4m3fn",
                                      .safetensors = "F8_E4M3",
                                      .mlir = "f8E4M3FN",
                                      .cuda = "__nv_fp8_e4m3",
                                      .cuda_data_type = "CUDA_R_8F_E4M3",
                                      .onnx = "FLOAT8E4M3FN",
                                      .onnx_type = 17,
                                      .dlpack_code = 10};
};

struct e4m3fnuz : minifloat<e4m3fnuz, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{
      .exponent_bits = 4, .mantissa_bits = 3, .bias = 8, .nan = nan_codes::negative_zero};
  static constexpr format_names names{.name = "e4m3fnuz",
                                      .description = "FP8 E4M3 without -0 and infinity",
                                      .torch = "float8_e4m3fnuz",
                                      .ml_dtypes = "float8_e4m3fnuz",
                                      .safetensors = "F8_E4M3FNUZ",
                                      .mlir = "f8E4M3FNUZ",
                                      .onnx = "FLOAT8E4M3FNUZ",
                                      .onnx_type = 18,
                                      .dlpack_code = 11};
};

struct e5m2fnuz : minifloat<e5m2fnuz, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{
      .exponent_bits = 5, .mantissa_bits = 2, .bias = 16, .nan = nan_codes::negative_zero};
  static constexpr format_names names{.name = "e5m2fnuz",
                                      .description = "FP8 E5M2 without -0 and infinity",
                                      .torch = "float8_e5m2fnuz",
                                      .ml_dtypes = "float8_e5m2fnuz",
                                      .safetensors = "F8_E5M2FNUZ",
                                      .mlir = "f8E5M2FNUZ",
                                      .onnx = "FLOAT8E5M2FNUZ",
                                      .onnx_type = 20,
                                      .dlpack_code = 13};
};

struct e4m3b11fnuz : minifloat<e4m3b11fnuz, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{
      .exponent_bits = 4, .mantissa_bits = 3, .bias = 11, .nan = nan_codes::negative_zero};
  static constexpr format_names names{.name = "e4m3b11fnuz",
                                      .description = "FP8 E4M3 with bias 11, without -0",
                                      .ml_dtypes = "float8_e4m3b11fnuz",
                                      .mlir = "f8E4M3B11FNUZ",
                                      .dlpack_code = 9};
};

struct e4m3_ieee : minifloat<e4m3_ieee, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 4,
                                   .mantissa_bits = 3,
                                   .bias = 7,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
  static constexpr format_names names{.name = "e4m3_ieee",
                                      .description = "FP8 E4M3 as IEEE 754 would have it, max 240",
                                      .ml_dtypes = "float8_e4m3",
                                      .mlir = "f8E4M3",
                                      .dlpack_code = 8};
};

struct e3m4 : minifloat<e3m4, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 3,
                                   .mantissa_bits = 4,
                                   .bias = 3,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
  static constexpr format_names names{.name = "e3m4",
                                      .description = "FP8 E3M4 as IEEE 754 would have it, max 15.5",
                                      .ml_dtypes = "float8_e3m4",
                                      .mlir = "f8E3M4",
                                      .dlpack_code = 7};
};

struct e3m4fn : minifloat<e3m4fn, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{
      .exponent_bits = 3, .mantissa_bits = 4, .bias = 3, .nan = nan_codes::all_ones};
  static constexpr format_names names{.name = "e3m4fn",
                                      .description = "FP8 E3M4 with one NaN a sign, max 30"};
};

struct e2m5 : minifloat<e2m5, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 2, .mantissa_bits = 5, .bias = 1};
  static constexpr format_names names{.name = "e2m5",
                                      .description = "8 bits, every code a number, max 7.875"};
};

/// Scale format of the OCP MX block formats: the codes are exponents, 255 is NaN, there is no zero.
struct e8m0fnu : minifloat<e8m0fnu, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 8,
                                   .mantissa_bits = 0,
                                   .bias = 127,
                                   .is_signed = false,
                                   .nan = nan_codes::all_ones,
                                   .has_zero = false};
  static constexpr format_names names{.name = "e8m0fnu",
                                      .description = "OCP MX scale: unsigned exponent",
                                      .aliases = "e8m0 ue8m0",
                                      .torch = "float8_e8m0fnu",
                                      .ml_dtypes = "float8_e8m0fnu",
                                      .safetensors = "F8_E8M0",
                                      .mlir = "f8E8M0FNU",
                                      .cuda = "__nv_fp8_e8m0",
                                      .cuda_data_type = "CUDA_R_8F_UE8M0",
                                      .onnx = "FLOAT8E8M0",
                                      .onnx_type = 24,
                                      .dlpack_code = 14};
};

/// Scale format of NVFP4: E4M3 without its sign; bit 7 of a byte is 0.
struct ue4m3 : minifloat<ue4m3, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 4,
                                   .mantissa_bits = 3,
                                   .bias = 7,
                                   .is_signed = false,
                                   .nan = nan_codes::all_ones};
  static constexpr format_names names{.name = "ue4m3",
                                      .description = "NVFP4 scale: E4M3 without its sign",
                                      .cuda_data_type = "CUDA_R_8F_UE4M3"};
};

struct ue5m3 : minifloat<ue5m3, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 5,
                                   .mantissa_bits = 3,
                                   .bias = 15,
                                   .is_signed = false,
                                   .nan = nan_codes::all_ones};
  static constexpr format_names names{.name = "ue5m3",
                                      .description = "scale format with range: unsigned E5M3",
                                      .aliases = "e5m3fnu",
                                      .ml_dtypes = "float8_e5m3fnu",
                                      .mlir = "f8E5M3FNU",
                                      .cuda_data_type = "CUDA_R_8F_UE5M3"};
};

struct e2m3fn : minifloat<e2m3fn, 6> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 2, .mantissa_bits = 3, .bias = 1};
  static constexpr format_names names{.name = "e2m3fn",
                                      .description = "OCP MX FP6 E2M3",
                                      .aliases = "e2m3 fp6_e2m3",
                                      .ml_dtypes = "float6_e2m3fn",
                                      .safetensors = "F6_E2M3",
                                      .mlir = "f6E2M3FN",
                                      .cuda = "__nv_fp6_e2m3",
                                      .cuda_data_type = "CUDA_R_6F_E2M3",
                                      .dlpack_code = 15};
};

struct e3m2fn : minifloat<e3m2fn, 6> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 3, .mantissa_bits = 2, .bias = 3};
  static constexpr format_names names{.name = "e3m2fn",
                                      .description = "OCP MX FP6 E3M2",
                                      .aliases = "e3m2 fp6_e3m2",
                                      .ml_dtypes = "float6_e3m2fn",
                                      .safetensors = "F6_E3M2",
                                      .mlir = "f6E3M2FN",
                                      .cuda = "__nv_fp6_e3m2",
                                      .cuda_data_type = "CUDA_R_6F_E3M2",
                                      .dlpack_code = 16};
};

struct e2m1fn : minifloat<e2m1fn, 4> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 2, .mantissa_bits = 1, .bias = 1};
  static constexpr format_names names{.name = "e2m1fn",
                                      .description = "OCP MX FP4",
                                      .aliases = "e2m1 fp4",
                                      .torch = "float4_e2m1fn_x2",
                                      .ml_dtypes = "float4_e2m1fn",
                                      .safetensors = "F4",
                                      .mlir = "f4E2M1FN",
                                      .cuda = "__nv_fp4_e2m1",
                                      .cuda_data_type = "CUDA_R_4F_E2M1",
                                      .onnx = "FLOAT4E2M1",
                                      .onnx_type = 23,
                                      .dlpack_code = 17};
};

struct e3m0 : minifloat<e3m0, 4> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 3, .mantissa_bits = 0, .bias = 3};
  static constexpr format_names names{.name = "e3m0",
                                      .description = "4 bits, exponents only: 0, 1/4 ... 16"};
};

struct e1m2 : minifloat<e1m2, 4> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 1, .mantissa_bits = 2, .bias = 0};
  static constexpr format_names names{.name = "e1m2",
                                      .description = "4 bits, uniform: 0, 1/2 ... 7/2"};
};

/// Sign and a magnitude without exponent, k / 2^m: the elements of block floating point (MSFP).
struct e0m3 : minifloat<e0m3, 4> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 0, .mantissa_bits = 3, .bias = 1};
  static constexpr format_names names{.name = "e0m3",
                                      .description = "sign and 3-bit magnitude: k / 8"};
};
struct e0m7 : minifloat<e0m7, 8> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 0, .mantissa_bits = 7, .bias = 1};
  static constexpr format_names names{.name = "e0m7",
                                      .description = "sign and 7-bit magnitude: k / 128"};
};

struct e5m6 : minifloat<e5m6, 12> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 5,
                                   .mantissa_bits = 6,
                                   .bias = 15,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
  static constexpr format_names names{.name = "e5m6",
                                      .description = "12 bits: binary16 with 6 mantissa bits"};
};

struct float16 : minifloat<float16, 16> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 5,
                                   .mantissa_bits = 10,
                                   .bias = 15,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
  static constexpr format_names names{.name = "float16",
                                      .description = "IEEE 754 binary16",
                                      .aliases = "fp16 half binary16 e5m10",
                                      .torch = "float16",
                                      .safetensors = "F16",
                                      .mlir = "f16",
                                      .cuda = "__half",
                                      .cuda_data_type = "CUDA_R_16F",
                                      .onnx = "FLOAT16",
                                      .onnx_type = 10,
                                      .dlpack_code = 2};
};

struct bfloat16 : minifloat<bfloat16, 16> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 8,
                                   .mantissa_bits = 7,
                                   .bias = 127,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
  static constexpr format_names names{.name = "bfloat16",
                                      .description = "binary32 with 7 mantissa bits",
                                      .aliases = "bf16 e8m7",
                                      .torch = "bfloat16",
                                      .ml_dtypes = "bfloat16",
                                      .safetensors = "BF16",
                                      .mlir = "bf16",
                                      .cuda = "__nv_bfloat16",
                                      .cuda_data_type = "CUDA_R_16BF",
                                      .onnx = "BFLOAT16",
                                      .onnx_type = 16,
                                      .dlpack_code = 4};
};

/// The 19 bits that tensor cores read of a binary32 register: code << 13 is the float.
struct tfloat32 : minifloat<tfloat32, 19> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 8,
                                   .mantissa_bits = 10,
                                   .bias = 127,
                                   .nan = nan_codes::ieee,
                                   .infinity = infinity_codes::ieee};
  static constexpr format_names names{.name = "tfloat32",
                                      .description = "binary32 with 10 mantissa bits, 19 bits",
                                      .aliases = "tf32 e8m10",
                                      .mlir = "tf32"};
};

using float_formats = type_list<e5m2, e4m3fn, e4m3fnuz, e5m2fnuz, e4m3b11fnuz, e4m3_ieee, e3m4,
                                e3m4fn, e2m5, e8m0fnu, ue4m3, ue5m3, e2m3fn, e3m2fn, e2m1fn, e3m0,
                                e1m2, e0m3, e0m7, e5m6, float16, bfloat16, tfloat32>;

}  // namespace binade::inline v0

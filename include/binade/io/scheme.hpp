// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/nearest_names.hpp"
#include "binade/io/safetensors_tensor.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/granularity.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/packing.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A scheme is how one stack lays quantized weights out in a safetensors file: names, element types,
// shapes, and what the numbers mean. ggml's blocks stand in scheme_ggml.hpp.

namespace binade::inline v0 {

/// What a tensor scale in a file does to the values.
struct scale_multiplier {
  static constexpr tensor_scale_kind kind = tensor_scale_kind::multiplier;
};
struct scale_divisor {
  static constexpr tensor_scale_kind kind = tensor_scale_kind::divisor;
};
struct no_tensor_scale {
  static constexpr tensor_scale_kind kind = tensor_scale_kind::none;
};

/// How the shape of the tensor of codes follows from the weight's shape [..., in].
enum class code_shape : std::uint8_t {
  elements,  ///< [..., in], one code an element
  bytes,     ///< [..., in / 2], two 4-bit codes a byte
  blocks,    ///< [..., in / 32, 16], the bytes of a block along an axis of their own
};

/// How the shape of the tensor of scales follows from the grid of scales.
enum class scale_shape : std::uint8_t {
  grid,    ///< one scale a cell, in the grid's shape
  scalar,  ///< no axis
  vector,  ///< [1]
};

/// Names of the tensors that hold a weight, as what is put behind the weight's own name.
struct scheme_names {
  const char* codes = "";
  const char* scales = "_scale";
  const char* tensor_scale = "";  ///< empty: there is none
  const char* input_scale = "";   ///< in place of "weight", or behind a name without it
};

/// A scheme chosen at run time: all that a typed one such as schemes::modelopt_nvfp4 describes.
struct any_scheme {
  const char* name = "";
  const char* family = "";  ///< whose: "modelopt", "compressed_tensors", "deepseek", "gpt_oss"
  any_packable format;
  granularity groups;  ///< who shares a scale, if `format` is an element format
  scheme_names names;
  code_shape codes = code_shape::elements;
  scale_shape scales = scale_shape::grid;
  tensor_scale_kind tensor_scale = tensor_scale_kind::none;
  /// Of the tensor scale and of the input's: [] or [1].
  scale_shape tensor_scale_shape = scale_shape::scalar;
  /// Element types that may occur; the first is written.
  std::array<safetensors_dtype, 2> code_types{};
  std::array<safetensors_dtype, 3> scale_types{};
};

/// A scheme known at compile time.
template <class S>
concept scheme =
    packable<typename S::format_type> && packing_layout<typename S::code_order> && requires {
      { S::tensor_scale::kind } -> std::convertible_to<tensor_scale_kind>;
      { S::describe() } noexcept -> std::same_as<any_scheme>;
    };

namespace detail {

/// What every scheme of safetensors files shares: element 0 of a pair lies in the low nibble.
template <packable F, class TensorScale = no_tensor_scale>
struct scheme_base {
  using format_type = F;
  using code_order = packing::bit_stream;
  using tensor_scale = TensorScale;

 protected:
  [[nodiscard]] static constexpr any_scheme start(const char* name, const char* family) noexcept {
    using enum safetensors_dtype;
    any_scheme s;
    s.name = name;
    s.family = family;
    s.format = any_packable::of<F>();
    s.tensor_scale = TensorScale::kind;
    s.names.input_scale = "input_scale";
    const bool is_nibble = s.format.element.bit_count() == 4;
    s.codes = is_nibble ? code_shape::bytes : code_shape::elements;
    s.code_types = is_nibble ? std::array{u8, i8} : std::array{f8_e4m3, f8_e4m3};
    if (!s.format.is_block_format) {
      s.scale_types = {f32, bf16, f16};
    } else if (s.format.block.has_tensor_scale) {
      s.scale_types = {f8_e4m3, f8_e4m3, f8_e4m3};
    } else {
      s.scale_types = {u8, f8_e8m0, f8_e8m0};
    }
    return s;
  }
};

}  // namespace detail

namespace schemes {

/// DeepSeek-V3 and V3.1: E4M3 in tiles of 128 x 128; "_scale_inv" is what codes are multiplied by.
/// Source: DeepSeek-V3, README_WEIGHTS.md.
struct deepseek_fp8 : detail::scheme_base<e4m3fn> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("deepseek_fp8", "deepseek");
    s.groups = per_block{.rows = 128, .cols = 128};
    s.names.scales = "_scale_inv";
    s.names.input_scale = "";
    return s;
  }
};

/// gpt-oss: MXFP4, blocks of 16 bytes along an axis of their own.
///
/// The weight keeps the order of its rows: in gate_up_proj gate and up take turns.
/// Source: transformers, integrations/mxfp4.py.
struct gpt_oss_mxfp4 : detail::scheme_base<mxfp4> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("gpt_oss_mxfp4", "gpt_oss");
    s.codes = code_shape::blocks;
    s.names = {.codes = "_blocks", .scales = "_scales"};
    return s;
  }
};

/// ModelOpt's NVFP4: the tensor scale multiplies.
/// Source: ModelOpt 0.47.0, torch/quantization/qtensor/nvfp4_tensor.py.
struct modelopt_nvfp4 : detail::scheme_base<nvfp4, scale_multiplier> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("modelopt_nvfp4", "modelopt");
    s.names.tensor_scale = "_scale_2";
    return s;
  }
};
/// ModelOpt's MXFP4: bytes of E8M0.
struct modelopt_mxfp4 : detail::scheme_base<mxfp4> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    return start("modelopt_mxfp4", "modelopt");
  }
};
/// ModelOpt's MXFP8: E4M3 with bytes of E8M0.
struct modelopt_mxfp8 : detail::scheme_base<mxfp8_e4m3> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    return start("modelopt_mxfp8", "modelopt");
  }
};
/// ModelOpt's FP8: E4M3 with one scale a tensor.
struct modelopt_fp8 : detail::scheme_base<e4m3fn> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("modelopt_fp8", "modelopt");
    s.scales = scale_shape::scalar;
    return s;
  }
};

/// compressed-tensors' NVFP4: the tensor scale divides.
/// Source: compressed-tensors 0.20.0, compressors/nvfp4.
struct compressed_tensors_nvfp4 : detail::scheme_base<nvfp4, scale_divisor> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("compressed_tensors_nvfp4", "compressed_tensors");
    s.names = {.codes = "_packed",
               .scales = "_scale",
               .tensor_scale = "_global_scale",
               .input_scale = "input_global_scale"};
    s.tensor_scale_shape = scale_shape::vector;
    return s;
  }
};
/// compressed-tensors' MXFP4: bytes of E8M0.
struct compressed_tensors_mxfp4 : detail::scheme_base<mxfp4> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("compressed_tensors_mxfp4", "compressed_tensors");
    s.names.codes = "_packed";
    return s;
  }
};
/// compressed-tensors' MXFP8: E4M3 with bytes of E8M0.
struct compressed_tensors_mxfp8 : detail::scheme_base<mxfp8_e4m3> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    return start("compressed_tensors_mxfp8", "compressed_tensors");
  }
};
/// compressed-tensors' FP8 with one scale a tensor.
struct compressed_tensors_fp8_tensor : detail::scheme_base<e4m3fn> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("compressed_tensors_fp8_tensor", "compressed_tensors");
    s.scales = s.tensor_scale_shape = scale_shape::vector;
    return s;
  }
};
/// compressed-tensors' FP8 with a scale for each row.
struct compressed_tensors_fp8_channel : detail::scheme_base<e4m3fn> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("compressed_tensors_fp8_channel", "compressed_tensors");
    s.groups = per_channel{.axis = 0};
    s.tensor_scale_shape = scale_shape::vector;
    return s;
  }
};
/// compressed-tensors' FP8 in tiles of 128 x 128.
struct compressed_tensors_fp8_block : detail::scheme_base<e4m3fn> {
  [[nodiscard]] static constexpr any_scheme describe() noexcept {
    any_scheme s = start("compressed_tensors_fp8_block", "compressed_tensors");
    s.groups = per_block{.rows = 128, .cols = 128};
    s.tensor_scale_shape = scale_shape::vector;
    return s;
  }
};

}  // namespace schemes

namespace detail {

// Of schemes that a weight fits equally well the first is taken.
using all_scheme_types =
    type_list<schemes::modelopt_nvfp4, schemes::compressed_tensors_nvfp4, schemes::modelopt_mxfp4,
              schemes::compressed_tensors_mxfp4, schemes::gpt_oss_mxfp4, schemes::modelopt_mxfp8,
              schemes::compressed_tensors_mxfp8, schemes::modelopt_fp8,
              schemes::compressed_tensors_fp8_tensor, schemes::compressed_tensors_fp8_channel,
              schemes::compressed_tensors_fp8_block, schemes::deepseek_fp8>;

template <scheme... Ss>
constexpr std::array<any_scheme, sizeof...(Ss)> make_schemes(type_list<Ss...>) noexcept {
  return {Ss::describe()...};
}

inline constexpr auto scheme_list = make_schemes(all_scheme_types{});

}  // namespace detail

/// Every scheme of safetensors files.
[[nodiscard]] constexpr std::span<const any_scheme> all_schemes() noexcept {
  return detail::scheme_list;
}

/// The scheme of this name; case does not matter.
///
/// Throws: error that lists the nearest names if there is none.
[[nodiscard]] inline const any_scheme& find_scheme(std::string_view name) {
  std::vector<std::string_view> names;
  for (const any_scheme& s : all_schemes()) {
    if (same_name(s.name, name)) return s;
    names.emplace_back(s.name);
  }
  BINADE_THROW(error{unknown_name_message("find_scheme", "scheme", name, names)});
}

/// The name of a tensor that belongs to a layer, not to its weight: `part` in place of "weight" at
/// the end of the weight's name, behind a dot where it does not end so.
[[nodiscard]] inline std::string sibling_name(std::string_view weight, std::string_view part) {
  std::string name(weight);
  constexpr std::string_view last = "weight";
  if (name == last || name.ends_with(".weight")) {
    name.resize(name.size() - last.size());
  } else {
    name += '.';
  }
  return name.append(part);
}

/// The form of a weight of this shape under a scheme.
///
/// Throws: error if the scheme's groups do not fit the shape.
[[nodiscard]] inline packed_description describe_packed(const any_scheme& s,
                                                        const tensor_shape& shape) {
  packed_description d = s.format.describe(shape, s.groups);
  d.tensor_scale = s.tensor_scale;
  return d;
}

}  // namespace binade::inline v0

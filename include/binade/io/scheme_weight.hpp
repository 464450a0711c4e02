// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/safetensors_tensor.hpp"
#include "binade/io/scheme.hpp"
#include "binade/io/scheme_config.hpp"
#include "binade/tensor/packed_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Finds quantized weights among the tensors of a file.

namespace binade::inline v0 {

/// A quantized weight of a file: the tensors that hold it, which it refers to, and what they mean.
struct scheme_weight {
  std::string name;  ///< that the weight has before it is quantized
  const any_scheme* scheme = nullptr;
  packed_description description;
  const safetensors_tensor* codes = nullptr;
  const safetensors_tensor* scales = nullptr;
  const safetensors_tensor* tensor_scale = nullptr;  ///< null if the scheme has none
  const safetensors_tensor* input_scale = nullptr;   ///< null if the file has none

  /// The weight as it lies in the file: nothing is copied or changed.
  [[nodiscard]] any_packed_view view() const noexcept {
    any_packed_view v;
    v.description = description;
    v.codes = codes->data;
    v.scales = scales->data;
    if (tensor_scale != nullptr) {
      std::memcpy(&v.tensor_scale, tensor_scale->data.data(), sizeof v.tensor_scale);
    }
    return v;
  }
  /// Bytes of all its tensors.
  [[nodiscard]] std::size_t size_bytes() const noexcept {
    std::size_t n = 0;
    for (const safetensors_tensor* part : {codes, scales, tensor_scale, input_scale}) {
      if (part != nullptr) n += part->data.size();
    }
    return n;
  }
};

/// A tensor that a scheme's names call part of a weight, but whose type or shape do not fit.
struct scheme_problem {
  std::string tensor;
  std::string message;
};

/// What a file holds.
struct scheme_contents {
  std::vector<scheme_weight> weights;
  std::vector<const safetensors_tensor*> others;  ///< tensors that are no part of one
  std::vector<scheme_problem> problems;
};

namespace detail {

using tensor_index = std::map<std::string_view, const safetensors_tensor*>;

inline const safetensors_tensor* find_tensor(const tensor_index& index, const std::string& name) {
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

template <std::size_t N>
bool is_one_of(safetensors_dtype dtype, const std::array<safetensors_dtype, N>& allowed) {
  for (const safetensors_dtype a : allowed) {
    if (a == dtype) return true;
  }
  return false;
}

/// The weight's shape from that of its codes; nothing if they cannot be a scheme's.
inline std::optional<std::vector<std::uint64_t>> weight_shape(const any_scheme& s,
                                                              const safetensors_tensor& codes) {
  std::vector<std::uint64_t> shape = codes.shape;
  const bool in_blocks = s.codes == code_shape::blocks;
  if (shape.size() < (in_blocks ? 3U : 2U) || shape.size() > static_cast<std::size_t>(max_rank)) {
    return std::nullopt;
  }
  if (s.codes == code_shape::bytes) {
    if (__builtin_mul_overflow(shape.back(), std::uint64_t{2}, &shape.back())) return std::nullopt;
  } else if (in_blocks) {
    if (shape.back() * 2 != s.format.block.size) return std::nullopt;
    shape.pop_back();
    if (__builtin_mul_overflow(shape.back(), std::uint64_t{s.format.block.size}, &shape.back())) {
      return std::nullopt;
    }
  }
  return shape;
}

/// The shape of the tensor of scales of a weight of this form.
inline std::vector<std::uint64_t> shape_of_scales(scale_shape form, const tensor_shape& grid) {
  if (form == scale_shape::scalar) return {};
  if (form == scale_shape::vector) return {1};
  return {grid.extents().begin(), grid.extents().end()};
}

/// Whether two shapes are equal but for axes of extent 1.
inline bool same_but_ones(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  std::vector<std::uint64_t> without[2];
  for (const std::uint64_t n : a) {
    if (n != 1) without[0].push_back(n);
  }
  for (const std::uint64_t n : b) {
    if (n != 1) without[1].push_back(n);
  }
  return without[0] == without[1];
}

inline any_format scale_format(const any_scheme& s, safetensors_dtype dtype) {
  if (dtype == safetensors_dtype::bf16) return any_format::of<bfloat16>();
  if (dtype == safetensors_dtype::f16) return any_format::of<float16>();
  return s.format.is_block_format ? s.format.block.scale : any_format::binary32();
}

/// A way to read a weight, and how well it fits.
struct scheme_match {
  scheme_weight weight;
  int rank = 0;  ///< more is better
};

/// Matches one tensor with a scheme whose names fit. Returns nothing with a reason if types or
/// shapes do not.
inline std::optional<scheme_match> match(const any_scheme& listed, const std::string& name,
                                         const tensor_index& index, const safetensors_tensor& codes,
                                         const safetensors_tensor& scales,
                                         const scheme_config& config, std::string& reason) {
  any_scheme s = listed;
  const std::string as_scheme = std::string(" for ") + s.name;
  const auto text = [](const safetensors_tensor& t) {
    return in_quotes(t.name) + " is " + std::string(name_of(t.dtype)) + shape_text(t.shape);
  };
  if (!is_one_of(codes.dtype, s.code_types) || !is_one_of(scales.dtype, s.scale_types)) {
    return std::nullopt;  // another scheme's
  }
  if (config.tile && s.groups.form() == granularity::kind::block) s.groups = *config.tile;
  const auto shape = weight_shape(s, codes);
  if (!shape) {
    reason = text(codes) + ", which is no shape of codes" + as_scheme;
    return std::nullopt;
  }
  scheme_match m;
  m.weight.name = name;
  m.weight.scheme = &listed;
  m.weight.codes = &codes;
  m.weight.scales = &scales;
  m.weight.description = describe_packed(s, tensor_shape(*shape));
  m.weight.description.scale = scale_format(s, scales.dtype);
  const packed_layout& layout = m.weight.description.layout;
  const std::vector<std::uint64_t> wanted = shape_of_scales(s.scales, layout.grid());
  if (layout.code_bytes() != codes.data.size() ||
      m.weight.description.scale_bytes() != scales.data.size() ||
      !same_but_ones(scales.shape, wanted)) {
    reason = text(scales) + ", but the codes are " + shape_text(codes.shape) + "; needed are " +
             shape_text(wanted) + " scales" + as_scheme;
    return std::nullopt;
  }
  const auto scalar = [&](const std::string& part, const safetensors_tensor*& found) {
    found = find_tensor(index, part);
    return found == nullptr || found->size() == 1;
  };
  if (*s.names.tensor_scale != '\0') {
    if (!scalar(name + s.names.tensor_scale, m.weight.tensor_scale) ||
        m.weight.tensor_scale == nullptr ||
        m.weight.tensor_scale->dtype != safetensors_dtype::f32) {
      reason = in_quotes(name + s.names.tensor_scale) + " is missing or not one F32" + as_scheme;
      return std::nullopt;
    }
  }
  if (*s.names.input_scale != '\0' &&
      !scalar(sibling_name(name, s.names.input_scale), m.weight.input_scale)) {
    m.weight.input_scale = nullptr;
  }
  if (config.family == s.family) m.rank += 2;
  if (scales.shape == wanted) m.rank += 1;
  return m;
}

}  // namespace detail

/// Finds the quantized weights among `tensors`, which outlive the result, by names, types and
/// shapes; where several schemes fit, as for FP8 with scales that both ModelOpt and
/// compressed-tensors write, the configuration decides.
///
/// Weights, others and problems come in the order of the tensors.
/// Throws: error if a shape has too many elements.
[[nodiscard]] inline scheme_contents find_weights(std::span<const safetensors_tensor> tensors,
                                                  const scheme_config& config = {}) {
  detail::tensor_index index;
  for (const safetensors_tensor& t : tensors) index.emplace(t.name, &t);
  scheme_contents contents;
  std::set<const safetensors_tensor*> used;
  for (const safetensors_tensor& codes : tensors) {
    std::optional<detail::scheme_match> best;
    std::string problem;
    for (const any_scheme& s : all_schemes()) {
      const std::string_view suffix = s.names.codes;
      if (!codes.name.ends_with(suffix)) continue;
      std::string name = codes.name.substr(0, codes.name.size() - suffix.size());
      const safetensors_tensor* scales = detail::find_tensor(index, name + s.names.scales);
      if (scales == nullptr || name.empty()) continue;
      std::string reason;
      auto m = detail::match(s, name, index, codes, *scales, config, reason);
      if (m && (!best || m->rank > best->rank)) best = std::move(m);
      if (problem.empty()) problem = std::move(reason);
    }
    if (best) {
      const scheme_weight& w = best->weight;
      for (const safetensors_tensor* part : {w.codes, w.scales, w.tensor_scale, w.input_scale}) {
        if (part != nullptr) used.insert(part);
      }
      contents.weights.push_back(std::move(best->weight));
    } else if (!problem.empty()) {
      contents.problems.push_back({codes.name, std::move(problem)});
    }
  }
  for (const safetensors_tensor& t : tensors) {
    if (used.count(&t) == 0) contents.others.push_back(&t);
  }
  return contents;
}

}  // namespace binade::inline v0

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/format/convert.hpp"  // rule policies
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/granularity.hpp"
#include "binade/transform/hadamard.hpp"

#include <concepts>
#include <optional>
#include <type_traits>

namespace binade::inline v0 {

/// Integer elements get a zero point a group, so that the range need not be symmetric around 0.
struct affine {};

/// Elements >= 0 and negative elements get a scale each. Source: AFPQ (arXiv 2311.01792).
struct separate_signs {};

/// The axis along which the blocks of a block format run.
struct along_axis {
  int axis = -1;
};

/// The tensor scale of a two-level format, instead of the one that follows from the data.
struct tensor_scale {
  float value = 1.0F;
};

/// What `quantize` may be told, collected from its arguments. What is not named follows from the
/// format: its rule, rounding and saturation; one scale a tensor; NaN in a format that has none is
/// an error.
struct quantize_options {
  granularity groups;
  std::optional<scale_rule> rule;
  std::optional<rounding::any> rounding;
  std::optional<saturation_mode> saturation;
  std::optional<nan_mode> nan;
  negative_mode negative = negative_mode::nan;
  inf_mode infinities = inf_mode::saturate;
  group_kind group = group_kind::symmetric;
  int axis = -1;
  std::optional<float> given_tensor_scale;
  std::optional<hadamard> transform;  ///< of x along its last axis, before all else
  executor_ref executor;

  quantize_options() = default;
  template <class... Args>
    requires(sizeof...(Args) > 0 && !(std::same_as<Args, quantize_options> || ...))
  explicit quantize_options(const Args&... args) {
    (set(args), ...);
  }

  void set(const granularity& g) { groups = g; }
  void set(const scale_rule& r) { rule = r; }
  void set(const rounding::any& r) { rounding = r; }
  void set(affine) { group = group_kind::affine; }
  void set(separate_signs) { group = group_kind::separate_signs; }
  void set(along_axis a) { axis = a.axis; }
  void set(tensor_scale s) { given_tensor_scale = s.value; }
  void set(const hadamard& t) { transform = t; }
  void set(executor_ref e) { executor = e; }
  void set(const quantize_options& o) { *this = o; }
  template <class Policy>
    requires requires { Policy::mode; }
  void set(const Policy&) {
    using mode_type = std::remove_cvref_t<decltype(Policy::mode)>;
    if constexpr (std::same_as<mode_type, saturation_mode>) {
      saturation = Policy::mode;
    } else if constexpr (std::same_as<mode_type, nan_mode>) {
      nan = Policy::mode;
    } else if constexpr (std::same_as<mode_type, negative_mode>) {
      negative = Policy::mode;
    } else {
      static_assert(std::same_as<mode_type, inf_mode>);
      infinities = Policy::mode;
    }
  }
};

namespace detail {

/// The rule of a block format that the call does not name.
[[nodiscard]] inline scale_rule default_rule(block_scaling rule) noexcept {
  switch (rule) {
    case block_scaling::pow2_floor:
      return scaling::pow2_floor{};
    case block_scaling::pow2_rceil:
      return scaling::pow2_rceil{};
    case block_scaling::absmax:
      break;
  }
  return scaling::absmax{};
}

}  // namespace detail

/// What `quantize` takes as an option. An executor must outlive the call only.
template <class T>
concept quantize_option = requires(quantize_options o, std::remove_reference_t<T>& t) { o.set(t); };

}  // namespace binade::inline v0

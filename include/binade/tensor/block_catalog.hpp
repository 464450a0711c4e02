// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog.hpp"
#include "binade/tensor/block_format.hpp"

// Block formats. To add one: a struct here and its name in the list below.

namespace binade::inline v0 {

namespace detail {

/// What the OCP MX formats share. Source: OCP Microscaling Formats 1.0, section 5.
template <class Derived, format Element>
struct mx_format : block_format<Derived> {
  using element = Element;
  using scale = e8m0fnu;
  static constexpr std::size_t block_size = 32;
  static constexpr block_scaling rule = block_scaling::pow2_rceil;
};

}  // namespace detail

struct mxfp8_e4m3 : detail::mx_format<mxfp8_e4m3, e4m3fn> {
  static constexpr format_names names{
      .name = "mxfp8_e4m3", .description = "OCP MXFP8, E4M3 elements", .aliases = "mxfp8"};
};
struct mxfp8_e5m2 : detail::mx_format<mxfp8_e5m2, e5m2> {
  static constexpr format_names names{.name = "mxfp8_e5m2",
                                      .description = "OCP MXFP8, E5M2 elements"};
};
struct mxfp6_e2m3 : detail::mx_format<mxfp6_e2m3, e2m3fn> {
  static constexpr format_names names{
      .name = "mxfp6_e2m3", .description = "OCP MXFP6, E2M3 elements", .aliases = "mxfp6"};
};
struct mxfp6_e3m2 : detail::mx_format<mxfp6_e3m2, e3m2fn> {
  static constexpr format_names names{.name = "mxfp6_e3m2",
                                      .description = "OCP MXFP6, E3M2 elements"};
};
struct mxfp4 : detail::mx_format<mxfp4, e2m1fn> {
  static constexpr format_names names{.name = "mxfp4", .description = "OCP MXFP4"};
};
/// Elements are int8 / 64 in -127/64 .. 127/64.
struct mxint8 : detail::mx_format<mxint8, int8> {
  static constexpr int element_exponent = -6;
  static constexpr bool symmetric = true;
  static constexpr format_names names{.name = "mxint8", .description = "OCP MXINT8"};
};

/// NVFP4: E2M1 elements, 16 a block, an unsigned E4M3 scale a block and a binary32 scale a tensor.
struct nvfp4 : block_format<nvfp4> {
  using element = e2m1fn;
  using scale = ue4m3;
  static constexpr std::size_t block_size = 16;
  static constexpr bool has_tensor_scale = true;
  static constexpr format_names names{.name = "nvfp4", .description = "NVIDIA NVFP4"};
};
/// NVFP4's scales on 4-bit integers in -7 .. 7.
struct nvint4 : block_format<nvint4> {
  using element = int4;
  using scale = ue4m3;
  static constexpr std::size_t block_size = 16;
  static constexpr bool has_tensor_scale = true;
  static constexpr bool symmetric = true;
  static constexpr format_names names{.name = "nvint4", .description = "int4 with NVFP4's scales"};
};

namespace detail {

/// Block floating point with sign and magnitude: a shared exponent, no hidden one.
template <class Derived, format Element>
struct msfp : block_format<Derived> {
  using element = Element;
  using scale = e8m0fnu;
  static constexpr std::size_t block_size = 16;
  static constexpr block_scaling rule = block_scaling::pow2_floor;
};

}  // namespace detail

/// MSFP-12: 16 elements of sign and 3-bit magnitude share an 8-bit exponent.
/// Source: Darvish Rouhani et al., Pushing the Limits of Narrow Precision Inferencing (2020).
struct msfp12 : detail::msfp<msfp12, e0m3> {
  static constexpr format_names names{.name = "msfp12",
                                      .description = "block floating point, 3-bit magnitudes"};
};
/// MSFP-16: as MSFP-12 with 7-bit magnitudes.
struct msfp16 : detail::msfp<msfp16, e0m7> {
  static constexpr format_names names{.name = "msfp16",
                                      .description = "block floating point, 7-bit magnitudes"};
};

/// Block floating point with two's complement elements: `Size` integers share an exponent; the
/// largest magnitude is just below 2 * 2^exponent.
template <format Element, std::size_t Size>
struct bfp : block_format<bfp<Element, Size>> {
  using element = Element;
  using scale = e8m0fnu;
  static constexpr std::size_t block_size = Size;
  static constexpr int element_exponent = 2 - Element::bit_count;
  static constexpr block_scaling rule = block_scaling::pow2_floor;
  static constexpr detail::short_text text = [] {
    detail::short_text t;
    t.append("bfp_");
    t.append(Element::names.name);
    t.append("_b");
    t.append(static_cast<int>(Size));
    return t;
  }();
  static constexpr format_names names{.name = text.data,
                                      .description = "block floating point, two's complement"};
};

/// Symmetric integers in groups of `Size`, a scale of format `Scale` each; amax lands on the
/// largest code.
template <format Element, std::size_t Size, class Scale = binary32_scale>
struct integer_group : block_format<integer_group<Element, Size, Scale>> {
  using element = Element;
  using scale = Scale;
  static constexpr std::size_t block_size = Size;
  static constexpr bool symmetric = true;
  static constexpr detail::short_text text = [] {
    detail::short_text t;
    t.append(Element::names.name);
    t.append("_g");
    t.append(static_cast<int>(Size));
    if constexpr (!std::same_as<Scale, binary32_scale>) {
      t.append("_");
      t.append(Scale::names.name);
    }
    return t;
  }();
  static constexpr format_names names{.name = text.data,
                                      .description = "symmetric integers in groups"};
};

/// Every block format that tests, benchmarks, `compare` and the README follow.
using all_block_formats =
    type_list<mxfp8_e4m3, mxfp8_e5m2, mxfp6_e2m3, mxfp6_e3m2, mxfp4, mxint8, nvfp4, nvint4, msfp12,
              msfp16, bfp<int4, 16>, bfp<int8, 16>, integer_group<int8, 32>,
              integer_group<int8, 128>, integer_group<int4, 32>, integer_group<int4, 128>,
              integer_group<int8, 32, float16>, integer_group<int4, 32, float16>>;

}  // namespace binade::inline v0

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/kernel/reference/quantize_cell.hpp"  // scaled
#include "binade/quantize/recipe.hpp"
#include "binade/tensor/block_catalog.hpp"

#include <cstdint>

// Recipes of ggml. The packed tensors hold the same codes and scales; ggml's own files interleave
// them block by block and pair element i of a block with element i + half.

namespace binade::inline v0 {

namespace detail {

/// The magnitude code that ggml's search ends at: the first of the least |k d - x|, in binary32,
/// where d is half the scale and k twice the element.
inline std::uint64_t ggml_search(const recipe_float& x, const recipe_float& scale) noexcept {
  constexpr float doubled[8] = {0, 1, 2, 3, 4, 6, 8, 12};
  const recipe_float d = scale * 0.5F;
  std::uint64_t best = 0;
  recipe_float least = magnitude(x);
  for (std::uint64_t code = 1; code < 8; ++code) {
    const recipe_float error = magnitude(recipe_float(doubled[code]) * d - x);
    if (error < least) {
      least = error;
      best = code;
    }
  }
  return best;
}

/// The element nearest to x among scale * E2M1; of two equally near ones the smaller magnitude,
/// since ggml's search takes the first minimum. Never -0.
inline std::uint64_t ggml_e2m1(const any_recipe&, const recipe_float& x,
                               const scale_choice& choice) noexcept {
  const recipe_float size = magnitude(x);
  const recipe_float scale = choice.factor;
  std::uint64_t code = 0;
  if (scale < 0x1p125F && !(size > scale * 8.0F)) {
    // Here the search's products are exact and its differences to the two nearest values too.
    code = encode(e2m1fn::spec, reference::scaled(size.exact(), scale.exact()), ties_toward_zero{},
                  conversion_rules{});
  } else {
    code = ggml_search(size, scale);
  }
  if (x.is_nan()) code = 0;
  return code != 0 && x.is_negative() ? code | 8 : code;
}

inline scale_choice ggml_mxfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  if (q.amax.is_zero()) return {0, recipe_float::power_of_two(-127)};
  if (q.amax.is_infinite()) return {0, recipe_float::power_of_two(-127)};
  // A byte: amax below 2^-125 wraps to the largest scales, under which every element becomes 0.
  const auto code = static_cast<std::uint8_t>(floor_log2f(q.amax) - 2 + 127);
  return {code, recipe_float::power_of_two(static_cast<int>(code) - 127)};
}

/// E4M3 by half-up rounding of the three mantissa bits; everything from 256 on becomes 448.
inline std::uint64_t ggml_ue4m3(const recipe_float& x) noexcept {
  if (!(x > 0.0F)) return 0;
  if (x.is_infinite() || x.exact().exponent >= 8) return 0x7e;
  if (x.exact().exponent < -6) {
    const recipe_float steps = x * 512.0F + recipe_float(0.5F);
    const std::uint64_t code =
        steps < 1.0F ? 0 : steps.exact().significand >> (63 - steps.exact().exponent);
    return code > 7 ? 7 : code;
  }
  const std::uint64_t rounded = (x.exact().significand << 1 >> 60) + 1;  // in half steps
  const std::uint64_t code =
      (static_cast<std::uint64_t>(x.exact().exponent + 7) << 3) + (rounded >> 1);
  return code > 0x77 ? 0x7e : code;
}

inline scale_choice ggml_nvfp4_scale(const any_recipe&, const scale_question& q) noexcept {
  const std::uint64_t code = ggml_ue4m3(q.amax / 6.0F);
  return {code, recipe_float::rounded(decode(ue4m3::spec, code))};
}

constexpr std::uint64_t float16_code(const recipe_float& x) noexcept {
  return encode(float16::spec, x.exact(), rounding::ties_to_even{},
                conversion_rules{.saturation = saturation_mode::none});
}

/// 1 / d, or 0 for d = 0.
constexpr recipe_float ggml_reciprocal(const recipe_float& d) noexcept {
  return d.is_zero() ? recipe_float(0.0F) : recipe_float(1.0F) / d;
}

inline scale_choice ggml_q8_0_scale(const any_recipe&, const scale_question& q) noexcept {
  const recipe_float d = q.amax / 127.0F;
  return {float16_code(d), ggml_reciprocal(d)};
}

inline scale_choice ggml_q4_0_scale(const any_recipe&, const scale_question& q) noexcept {
  recipe_float largest = 0.0F;
  for (const float v : q.values) {
    const recipe_float x = v;
    if (magnitude(largest) < magnitude(x)) largest = x;
  }
  const recipe_float d = largest / -8.0F;
  return {float16_code(d), ggml_reciprocal(d)};
}

/// x converted to a byte as x86 does it: toward zero to 32 bits, 0x80000000 where x does not fit,
/// of which the lowest 8 bits count.
constexpr std::uint64_t truncated_byte(const recipe_float& x) noexcept {
  const unpacked& u = x.exact();
  if (u.kind != value_class::finite || u.exponent < 0 || u.exponent > 30) return 0;
  const std::uint64_t n = u.significand >> (63 - u.exponent);
  return (u.negative ? 0 - n : n) & 0xff;
}

/// round(x / d), ties away from zero.
inline std::uint64_t ggml_q8_0_element(const any_recipe&, const recipe_float& x,
                                       const scale_choice& choice) noexcept {
  const recipe_float y = x * choice.factor;
  const recipe_float half = y < 0.0F ? recipe_float(-0.5F) : recipe_float(0.5F);
  // Adding 1/2 is exact but for y just below it, which must stay below 1.
  return magnitude(y) < 0.5F ? 0 : truncated_byte(y + half);
}

/// min(15, int(x / d + 8.5)) - 8 as a 4-bit two's complement integer.
inline std::uint64_t ggml_q4_0_element(const any_recipe&, const recipe_float& x,
                                       const scale_choice& choice) noexcept {
  const std::uint64_t n = truncated_byte(x * choice.factor + recipe_float(8.5F));
  return ((n > 15 && n < 0x80 ? 15 : n) + 8) & 15;
}

template <class F>
constexpr any_recipe ggml_recipe(const char* name, const char* follows) noexcept {
  any_recipe r;
  r.name = name;
  r.follows = follows;
  r.format = any_packable::of<F>();
  r.amax = amax_rule::ignores_nan;
  return r;
}

}  // namespace detail

namespace recipes {

/// ggml's MXFP4: 2^(floor(log2f(amax)) - 2); the nearest element by search, ties toward zero.
///
/// NaN:    becomes 0.
/// Source: ggml (d99724f2), src/ggml-quants.c, quantize_row_mxfp4_ref.
struct ggml_mxfp4 {
  using format_type = mxfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::ggml_recipe<mxfp4>(
        "ggml_mxfp4", "ggml 0.15.3 (ggml-python 0.0.45), quantize_row_mxfp4_ref");
    r.scale = detail::ggml_mxfp4_scale;
    r.element = detail::ggml_e2m1;
    return r;
  }
};

/// ggml's NVFP4: no tensor scale; the block scale amax / 6 is rounded half up, and all from 256 on
/// becomes 448; elements as ggml_mxfp4's.
/// Source: ggml (d99724f2), src/ggml-quants.c, quantize_row_nvfp4_ref.
struct ggml_nvfp4 {
  using format_type = nvfp4;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::ggml_recipe<nvfp4>(
        "ggml_nvfp4", "ggml 0.15.3 (ggml-python 0.0.45), quantize_row_nvfp4_ref");
    r.scale = detail::ggml_nvfp4_scale;
    r.element = detail::ggml_e2m1;
    return r;
  }
};

/// ggml's Q8_0: d = amax / 127, stored as float16 but used as it is; x (1 / d) rounded, ties away.
///
/// Where 1 / d is infinite C leaves the codes open; they are those of x86, zeros.
/// Source: ggml (d99724f2), src/ggml-quants.c, quantize_row_q8_0_ref.
struct ggml_q8_0 {
  using format_type = integer_group<int8, 32, float16>;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::ggml_recipe<format_type>(
        "ggml_q8_0", "ggml 0.15.3 (ggml-python 0.0.45), quantize_row_q8_0_ref");
    r.scale = detail::ggml_q8_0_scale;
    r.element = detail::ggml_q8_0_element;
    return r;
  }
};

/// ggml's Q4_0: the first element of the largest magnitude becomes -8, so that the scale, stored as
/// float16, has the other sign; floor(x / scale + 8.5) - 8, at most 7.
///
/// A code here is ggml's minus 8.
/// Source: ggml (d99724f2), src/ggml-quants.c, quantize_row_q4_0_ref.
struct ggml_q4_0 {
  using format_type = integer_group<int4, 32, float16>;
  [[nodiscard]] constexpr any_recipe describe() const noexcept {
    any_recipe r = detail::ggml_recipe<format_type>(
        "ggml_q4_0", "ggml 0.15.3 (ggml-python 0.0.45), quantize_row_q4_0_ref");
    r.scale = detail::ggml_q4_0_scale;
    r.element = detail::ggml_q4_0_element;
    return r;
  }
};

}  // namespace recipes
}  // namespace binade::inline v0

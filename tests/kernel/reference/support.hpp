// SPDX-License-Identifier: MIT
#pragma once

// The formulas of gemm, gemv and dot, executed literally in rational arithmetic on operands that
// are read bit by bit.

#include "binade/tensor/packable.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace product_test {

using quantize_test::extents;

/// A packed matrix or vector with the scheme that it was made by.
struct packed {
  binade::any_packed_tensor tensor;
  oracle::scheme scheme;
  extents shape;
};

inline packed pack(const std::string& name, const std::vector<float>& x, const extents& shape,
                   const binade::quantize_options& options = {}) {
  const binade::any_packable& p = binade::find_packable(name);
  const binade::tensor_shape s(shape);
  packed result;
  result.shape = shape;
  result.tensor = binade::quantize(binade::tensor_view<const float>(x.data(), s),
                                   p.describe(s, options.groups), options);
  result.scheme = p.is_block_format ? quantize_test::scheme_of(p.block, shape)
                                    : quantize_test::scheme_of(p.element, shape, shape);
  return result;
}

/// The constant k of the block sums: element = integer * 2^-k. From the element formats' tables.
inline std::optional<int> fraction_bits(const std::string& element) {
  static const std::map<std::string, int> known = {{"e2m1fn", 1}, {"e2m3fn", 3}, {"e3m2fn", 4},
                                                   {"int4", 0},   {"int8", 0},   {"e0m3", 3},
                                                   {"e0m7", 7}};
  const auto found = known.find(element);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

/// Element i as a float, rounded once. NaN for no value.
inline std::vector<float> floats(const packed& p) {
  std::vector<float> result;
  for (const oracle::maybe& v : quantize_test::exact_values(p.tensor.view(), p.scheme, p.shape)) {
    result.push_back(v ? oracle::nearest_float(*v) : quantize_test::not_a_number);
  }
  return result;
}

/// Sum over k ascending, one fma a product.
inline float ascending(const float* a, const float* b, std::size_t n) {
  float sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum = oracle::fma32(a[k], b[k], sum);
  return sum;
}

/// 64 partial sums folded by halves.
inline float by_64(const float* a, const float* b, std::size_t n) {
  std::vector<float> p(64, 0.0F);
  for (std::size_t k = 0; k < n; ++k) p[k % 64] = oracle::fma32(a[k], b[k], p[k % 64]);
  for (const std::size_t half : {32U, 16U, 8U, 4U, 2U, 1U}) {
    for (std::size_t j = 0; j < half; ++j) p[j] = oracle::add32(p[j], p[j + half]);
  }
  return p[0];
}

/// One row of integers with the floats that scale its blocks.
struct block_row {
  std::vector<long> integers;
  std::vector<float> scales;
  std::size_t block = 0;
};

inline std::vector<block_row> block_rows(const packed& p) {
  const std::size_t n = p.shape.back();
  const int k = fraction_bits(p.scheme.element->name).value();
  const auto elements = quantize_test::read_elements(p.tensor.view(), p.scheme, p.shape);
  std::vector<block_row> rows(elements.size() / n);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    block_row& row = rows[i / n];
    row.block = p.scheme.cell.back();
    const double value = decode(*p.scheme.element, elements[i].code).value;
    const oracle::rational integer = oracle::exact(value) * oracle::two_to(k);
    EXPECT_TRUE(integer.get_den() == 1) << integer.get_str();
    row.integers.push_back(integer.get_num().get_si());
    if (i % n % row.block == 0) {
      const oracle::rational s = *elements[i].scale * oracle::two_to(p.scheme.element_exponent - k);
      row.scales.push_back(oracle::nearest_float(s));
    }
  }
  return rows;
}

/// Block i in partial sum i mod `count`, p = fma(float(isum), s_a * s_b, p); these are then folded
/// by halves.
inline float by_blocks(const block_row& a, const block_row& b, std::size_t count = 1) {
  std::vector<float> p(count, 0.0F);
  for (std::size_t i = 0; i < a.scales.size(); ++i) {
    mpz_class products = 0;
    for (std::size_t k = i * a.block; k < std::min((i + 1) * a.block, a.integers.size()); ++k) {
      products += mpz_class(a.integers[k]) * b.integers[k];
    }
    p[i % count] = oracle::fma32(oracle::nearest_float(oracle::rational(products)),
                                 oracle::multiply32(a.scales[i], b.scales[i]), p[i % count]);
  }
  for (std::size_t half = count / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) p[j] = oracle::add32(p[j], p[j + half]);
  }
  return p[0];
}

/// The order of dot and gemv.
inline float by_16_blocks(const block_row& a, const block_row& b) { return by_blocks(a, b, 16); }

/// The tensor scales at the end of a sum by blocks.
inline float with_tensor_scales(float sum, const packed& a, const packed& b) {
  const bool in_a = a.scheme.tensor != oracle::tensor_scaling::none;
  const bool in_b = b.scheme.tensor != oracle::tensor_scaling::none;
  if (!in_a && !in_b) return sum;
  const float t = in_a && in_b
                      ? oracle::multiply32(a.tensor.tensor_scale(), b.tensor.tensor_scale())
                      : (in_a ? a : b).tensor.tensor_scale();
  return oracle::multiply32(sum, t);
}

/// Whether the library should sum the two in integers.
inline bool sums_in_integers(const packed& a, const packed& b) {
  return a.scheme.blocks && b.scheme.blocks && a.scheme.cell.back() == b.scheme.cell.back() &&
         fraction_bits(a.scheme.element->name) && fraction_bits(b.scheme.element->name);
}

/// A floating-point environment that spoils arithmetic which does not defend itself: directed
/// rounding and subnormals flushed to zero.
class hostile_environment {
 public:
#if defined(__x86_64__)
  hostile_environment() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ | 0x8040U | 0x4000U);  // FTZ, DAZ, round up
  }
  ~hostile_environment() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#endif
};

}  // namespace product_test

// SPDX-License-Identifier: MIT
#pragma once

// What the tests of quantization share: data, the oracle's scheme for a call of the library, and
// the comparison of the two results.

#include "binade/quantize/quantize.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "oracle/quantizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace quantize_test {

using extents = std::vector<std::size_t>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float largest_float = std::numeric_limits<float>::max();

inline std::size_t product(const extents& shape) {
  std::size_t n = 1;
  for (const std::size_t e : shape) n *= e;
  return n;
}

// --- Data ----------------------------------------------------------------------------------------

/// n numbers of a kind, the same on every machine: only mt19937_64 itself is portable, so that the
/// distributions are made here.
class numbers {
 public:
  explicit numbers(std::uint64_t seed) : engine_(seed) {}

  /// In (-1, 1), about bell-shaped, 24 bits or fewer.
  float bell() {
    std::int64_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<std::int64_t>(engine_() >> 44);
    return static_cast<float>(static_cast<double>(sum - (std::int64_t{1} << 21)) * 0x1p-21);
  }
  /// A multiple of 1/8 in [-8, 8]: rounding meets ties.
  float coarse() { return static_cast<float>(static_cast<int>(engine_() % 129) - 64) / 8; }
  /// Of any magnitude.
  float wild() {
    const int exponent = static_cast<int>(engine_() % 80) - 40;
    return std::ldexp(bell(), exponent);
  }
  std::uint64_t next() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

enum class kind { bell, coarse, wild, sparse };

inline std::vector<float> data(kind k, std::size_t n, std::uint64_t seed = 1) {
  numbers r(seed);
  std::vector<float> x(n);
  for (float& v : x) {
    switch (k) {
      case kind::bell:
        v = r.bell();
        break;
      case kind::coarse:
        v = r.coarse();
        break;
      case kind::wild:
        v = r.wild();
        break;
      case kind::sparse:
        v = r.next() % 3 == 0 ? r.bell() : (r.next() % 2 == 0 ? 0.0F : -0.0F);
        break;
    }
  }
  return x;
}

// --- The oracle's view of a call -----------------------------------------------------------------

inline const oracle::format* format_of(const binade::any_format& f) {
  return f == binade::any_format::binary32() ? nullptr : &oracle::element_by_name(f.name());
}

/// Cells of one granularity, by its definition.
inline extents per_tensor_cells(const extents& shape) { return shape; }
inline extents per_channel_cells(const extents& shape, std::size_t axis) {
  extents cell = shape;
  cell[axis] = 1;
  return cell;
}
inline extents per_group_cells(const extents& shape, std::size_t axis, std::size_t size) {
  extents cell(shape.size(), 1);
  cell[axis] = size;
  return cell;
}
inline extents per_block_cells(const extents& shape, std::size_t rows, std::size_t cols) {
  extents cell(shape.size(), 1);
  cell[shape.size() - 2] = rows;
  cell[shape.size() - 1] = cols;
  return cell;
}

/// The scheme of a block format with blocks along `axis`.
inline oracle::scheme scheme_of(const binade::block_description& b, const extents& shape,
                                int axis = -1) {
  oracle::scheme s;
  s.element = format_of(b.element);
  s.scale = format_of(b.scale);
  s.element_exponent = b.element_exponent;
  s.symmetric = b.symmetric;
  s.axis = axis < 0 ? static_cast<int>(shape.size()) + axis : axis;
  if (!shape.empty()) s.cell = per_group_cells(shape, static_cast<std::size_t>(s.axis), b.size);
  s.blocks = true;
  s.tensor = b.has_tensor_scale ? oracle::tensor_scaling::multiplier : oracle::tensor_scaling::none;
  switch (b.rule) {
    case binade::block_scaling::absmax:
      s.rule = oracle::rule::absmax;
      break;
    case binade::block_scaling::pow2_floor:
      s.rule = oracle::rule::pow2_floor;
      break;
    case binade::block_scaling::pow2_rceil:
      s.rule = oracle::rule::pow2_rceil;
      break;
  }
  s.rounding =
      s.element->ties_away_by_default ? oracle::mode::ties_to_away : oracle::mode::ties_to_even;
  s.saturation = oracle::default_saturation(*s.element);
  return s;
}

/// The scheme of an element format with binary32 scales.
inline oracle::scheme scheme_of(const binade::any_format& element, const extents& shape,
                                extents cell, oracle::group group = oracle::group::symmetric) {
  oracle::scheme s;
  s.element = format_of(element);
  s.symmetric = element.is_integer() && group != oracle::group::affine;
  s.axis = static_cast<int>(shape.size()) - 1;
  s.cell = std::move(cell);
  s.group = group;
  s.rounding =
      s.element->ties_away_by_default ? oracle::mode::ties_to_away : oracle::mode::ties_to_even;
  s.saturation = oracle::default_saturation(*s.element);
  return s;
}

inline oracle::quantized run_oracle(const std::vector<float>& x, const extents& shape,
                                    const oracle::scheme& s, std::size_t scalar_block = 1) {
  oracle::quantizer q(x, shape, s);
  q.set_block_size(scalar_block);
  return q.run();
}

// --- Comparison ----------------------------------------------------------------------------------

inline std::string shown(float x) {
  char text[48];
  std::snprintf(text, sizeof text, "%a = %.9g", static_cast<double>(x), static_cast<double>(x));
  return text;
}
inline std::string binary(std::uint32_t code, int bits) { return oracle::bit_text(code, bits); }

inline std::vector<std::uint32_t> scale_codes(std::span<const std::byte> bytes, std::size_t each) {
  std::vector<std::uint32_t> codes(bytes.size() / each);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    for (std::size_t b = 0; b < each; ++b) {
      codes[i] |= std::to_integer<std::uint32_t>(bytes[i * each + b]) << 8 * b;
    }
  }
  return codes;
}

/// Whether every byte, the tensor scale and the counts agree with the oracle; says where not.
inline ::testing::AssertionResult agrees(const binade::any_packed_tensor& got,
                                         const oracle::quantized& expected) {
  const binade::packed_description& d = got.description();
  if (got.tensor_scale() != expected.tensor_scale) {
    return ::testing::AssertionFailure() << "tensor scale: got " << shown(got.tensor_scale())
                                         << ", expected " << shown(expected.tensor_scale);
  }
  const std::size_t each = d.scale_bytes_each();
  const struct {
    const char* what;
    std::vector<std::uint32_t> got;
    const std::vector<std::uint32_t>& expected;
  } lists[] = {
      {"scale", scale_codes(got.scales(), each), expected.scales},
      {"negative scale", scale_codes(got.negative_scales(), each), expected.negative_scales},
      {"zero point", scale_codes(got.zero_points(), 1), expected.zero_points}};
  for (const auto& list : lists) {
    if (list.got.size() != list.expected.size()) {
      return ::testing::AssertionFailure()
             << list.what << "s: got " << list.got.size() << ", expected " << list.expected.size();
    }
    for (std::size_t i = 0; i < list.got.size(); ++i) {
      if (list.got[i] == list.expected[i]) continue;
      return ::testing::AssertionFailure()
             << list.what << " " << i << ": got " << binary(list.got[i], d.scale.bit_count())
             << ", expected " << binary(list.expected[i], d.scale.bit_count());
    }
  }
  if (got.codes().size() != expected.code_bytes.size()) {
    return ::testing::AssertionFailure() << "code bytes: got " << got.codes().size()
                                         << ", expected " << expected.code_bytes.size();
  }
  for (std::size_t i = 0; i < got.codes().size(); ++i) {
    const auto byte = std::to_integer<std::uint32_t>(got.codes()[i]);
    if (byte == expected.code_bytes[i]) continue;
    return ::testing::AssertionFailure()
           << "code byte " << i << " (row " << i / d.layout.row_bytes() << ", byte "
           << i % d.layout.row_bytes() << ", codes of " << d.element.bit_count() << " bits): got "
           << binary(byte, 8) << ", expected " << binary(expected.code_bytes[i], 8);
  }
  const binade::quantize_counts c = got.counts();
  if (c.nan != expected.counts.nan || c.infinite != expected.counts.infinite ||
      c.clipped != expected.counts.clipped || c.underflowed != expected.counts.underflowed) {
    return ::testing::AssertionFailure()
           << "counts of NaN, infinite, clipped, underflowed: got " << c.nan << ", " << c.infinite
           << ", " << c.clipped << ", " << c.underflowed << ", expected " << expected.counts.nan
           << ", " << expected.counts.infinite << ", " << expected.counts.clipped << ", "
           << expected.counts.underflowed;
  }
  return ::testing::AssertionSuccess();
}

// --- Reading packed bytes ------------------------------------------------------------------------

/// A packed tensor read bit by bit: element codes and scales in logical order.
struct read_element {
  std::uint32_t code = 0;
  oracle::maybe scale;   ///< of its sign where signs have their own
  std::size_t cell = 0;  ///< number of its cell in storage
};

inline oracle::maybe scale_of(const oracle::scheme& s, std::uint32_t code) {
  if (s.scale == nullptr) {
    const float v = oracle::float_of(code);
    return std::isfinite(v) ? oracle::maybe{oracle::exact(static_cast<double>(v))}
                            : oracle::maybe{};
  }
  const oracle::code_info& c = decode(*s.scale, code);
  return c.kind == oracle::code_kind::finite ? oracle::maybe{oracle::exact(c.value)}
                                             : oracle::maybe{};
}

inline std::vector<read_element> read_elements(const binade::any_packed_view& p,
                                               const oracle::scheme& s, const extents& shape,
                                               std::size_t scalar_block = 1) {
  const std::size_t rank = shape.size();
  extents axes;
  for (std::size_t a = 0; a < rank; ++a) {
    if (static_cast<int>(a) != s.axis) axes.push_back(a);
  }
  if (rank > 0) axes.push_back(static_cast<std::size_t>(s.axis));
  const auto bits = static_cast<std::size_t>(s.element->name == "ue4m3" ? 8 : s.element->bits);
  const std::size_t length = rank == 0 ? 1 : shape[axes.back()];
  const std::size_t block = rank == 0 ? scalar_block : s.cell[axes.back()];
  const std::size_t slots = s.blocks ? (length + block - 1) / block * block : length;
  const std::size_t row_bytes = (slots * bits + 7) / 8;
  const std::vector<std::uint32_t> scales = scale_codes(p.scales, p.description.scale_bytes_each());
  const std::vector<std::uint32_t> negative =
      scale_codes(p.negative_scales, p.description.scale_bytes_each());
  std::vector<read_element> elements(product(shape));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    extents index(rank);
    std::size_t rest = i;
    for (std::size_t a = rank; a-- > 0;) {
      index[a] = rest % shape[a];
      rest /= shape[a];
    }
    std::size_t row = 0;
    std::size_t cell = 0;
    for (std::size_t a = 0; a < rank; ++a) {
      if (a + 1 < rank) row = row * shape[axes[a]] + index[axes[a]];
      const std::size_t n = s.cell[axes[a]];
      cell = cell * ((shape[axes[a]] + n - 1) / n) + index[axes[a]] / n;
    }
    read_element& e = elements[i];
    const std::size_t first = (rank == 0 ? 0 : index[axes.back()]) * bits;
    for (std::size_t b = 0; b < bits; ++b) {
      const std::size_t at = row * row_bytes * 8 + first + b;
      e.code |= (std::to_integer<std::uint32_t>(p.codes[at / 8]) >> at % 8 & 1) << b;
    }
    e.cell = cell;
    const bool other = !negative.empty() && std::signbit(decode(*s.element, e.code).value);
    e.scale = scale_of(s, other ? negative[cell] : scales[cell]);
  }
  return elements;
}

/// The exact values of a packed tensor in logical order; nothing for NaN.
inline std::vector<oracle::maybe> exact_values(const binade::any_packed_view& p,
                                               const oracle::scheme& s, const extents& shape,
                                               std::size_t scalar_block = 1) {
  std::vector<oracle::maybe> values;
  for (const read_element& e : read_elements(p, s, shape, scalar_block)) {
    long zero = 0;
    if (!p.zero_points.empty()) {
      const auto code = std::to_integer<std::uint32_t>(p.zero_points[e.cell]);
      zero = static_cast<long>(decode(*s.element, code).value);
    }
    values.push_back(oracle::element_value(s, e.code, e.scale, zero, p.tensor_scale));
  }
  return values;
}

/// The message of the error that f throws; empty if it throws none.
template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const binade::error& e) {
    return e.what();
  }
  return "";
}

inline std::string shape_text(const extents& shape) { return binade::detail::list_text(shape); }

}  // namespace quantize_test

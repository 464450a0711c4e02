// SPDX-License-Identifier: MIT
#pragma once

// encode() as two look-ups, for sweeps over hundreds of millions of results.
//
// Let m be the most mantissa bits (binary64's, below the leading one) that any stop or boundary of
// a format has. Numbers that agree in sign, exponent and the first m mantissa bits form a cell;
// its least magnitude has no further bits. So stops and boundaries lie on such ends of cells only,
// and in a nearest or directed mode all numbers inside a cell have one code. The table holds two
// codes a cell, made by encode(): that of its end and that of the inside.

#include "format.hpp"
#include "rational.hpp"
#include "round.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

namespace oracle {

/// encode(f, x, r, policy) for one deterministic r, one policy and every x, tabulated.
///
/// Throws: std::invalid_argument for stochastic rounding, and where the table would be larger than
///         2^23 cells a sign or a code wider than 16 bits (codebooks of arbitrary floats).
class cell_table {
 public:
  cell_table(const format& f, const rounding& r, saturation policy) {
    if (r.how == mode::stochastic || f.bits > 16) {
      throw std::invalid_argument("oracle::cell_table: not for stochastic rounding, nor 17 bits");
    }
    double least = std::numeric_limits<double>::max();
    double greatest = 0;
    const auto include = [&](double landmark) {
      const double size = std::fabs(landmark);
      if (size == 0) return;
      while (mantissa_bits_ < 52 && rest(bits_of_size(size)) != 0) ++mantissa_bits_;
      least = std::fmin(least, size);
      greatest = std::fmax(greatest, size);
    };
    for (const stop& s : f.stops) include(s.value);
    for (const double boundary : f.boundaries) include(boundary);
    // One more cell below and one above stand for everything beyond.
    first_ = cell_of(bits_of_size(least)) - 1;
    last_ = cell_of(bits_of_size(greatest)) + 1;
    if (last_ - first_ > std::uint64_t{1} << 23) {
      throw std::invalid_argument("oracle::cell_table: too many cells for " + f.name);
    }
    const auto code = [&](double x) { return static_cast<std::uint16_t>(encode(f, x, r, policy)); };
    for (const double sign : {1.0, -1.0}) {
      of_sign& t = signs_[sign < 0];
      t.zero = code(sign * 0.0);
      t.infinity = code(sign * std::numeric_limits<double>::infinity());
      t.nan = code(std::copysign(std::numeric_limits<double>::quiet_NaN(), sign));
      for (std::uint64_t c = first_; c <= last_; ++c) {
        const double end = double_of(c << (52 - mantissa_bits_));
        const double inside = std::nextafter(end, std::numeric_limits<double>::infinity());
        t.cells.push_back({code(sign * end), code(sign * inside)});
      }
      // Everything below the least landmark is inside the first cell, everything above the
      // greatest inside the last.
      t.cells.front().end = t.cells.front().inside;
      t.cells.back().end = t.cells.back().inside;
    }
  }

  [[nodiscard]] code_type code(const nearby& x) const {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &x.value, sizeof bits);
    const of_sign& t = signs_[bits >> 63];
    const std::uint64_t size = bits & (~std::uint64_t{0} >> 1);
    if (size >= infinity_bits) return size == infinity_bits ? t.infinity : t.nan;
    if (size == 0) {
      if (x.tail != 0)
        throw std::invalid_argument("oracle::cell_table: less than the least double");
      return t.zero;
    }
    std::uint64_t c = cell_of(size);
    bool at_end = rest(size) == 0;
    if (at_end && x.tail != 0) {
      at_end = false;
      if ((x.tail < 0) != (bits >> 63 != 0)) --c;  // toward zero: inside the cell below
    }
    c = c < first_ ? first_ : (c > last_ ? last_ : c);
    const cell& found = t.cells[static_cast<std::size_t>(c - first_)];
    return at_end ? found.end : found.inside;
  }

 private:
  struct cell {
    std::uint16_t end;
    std::uint16_t inside;
  };
  struct of_sign {
    std::uint16_t zero = 0;
    std::uint16_t infinity = 0;
    std::uint16_t nan = 0;
    std::vector<cell> cells;
  };
  static constexpr std::uint64_t infinity_bits = std::uint64_t{0x7FF} << 52;

  static std::uint64_t bits_of_size(double size) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &size, sizeof bits);
    return bits;
  }
  static double double_of(std::uint64_t bits) {
    double x = 0;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  }
  [[nodiscard]] std::uint64_t cell_of(std::uint64_t size) const {
    return size >> (52 - mantissa_bits_);
  }
  [[nodiscard]] std::uint64_t rest(std::uint64_t size) const {
    return size & ((std::uint64_t{1} << (52 - mantissa_bits_)) - 1);
  }

  int mantissa_bits_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  of_sign signs_[2];
};

}  // namespace oracle

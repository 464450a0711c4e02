// SPDX-License-Identifier: MIT
#pragma once

// Quantization of small tensors in exact rational arithmetic, element by element and cell by cell,
// from DESIGN.md section 4 and formats.md Ad, Ae, Af and D.7. Nothing here is fast and nothing
// knows how the library does it.

#include "binary32.hpp"
#include "catalog.hpp"
#include "philox.hpp"
#include "round.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace oracle {

/// by_name, and the sign-magnitude fractions that MSFP is made of: code c is c / 2^bits.
inline const format& element_by_name(const std::string& name) {
  static std::map<std::string, std::unique_ptr<const format>> fractions;
  if (name != "e0m3" && name != "e0m7") return by_name(name);
  std::unique_ptr<const format>& f = fractions[name];
  if (!f) {
    f = std::make_unique<const format>(
        minifloat(name, 0, name == "e0m3" ? 3 : 7, 1, specials::all));
  }
  return *f;
}

enum class rule {
  absmax,
  pow2_floor,
  pow2_ceil,
  pow2_rceil,
  pow2_even,
  mse_search,
  exponent_bias,
  given,
};
enum class group { symmetric, affine, separate_signs };
enum class tensor_scaling { none, multiplier, divisor };
enum class nan_choice { unnamed, largest, zero };

struct stochastic_source {
  stochastic_variant variant = stochastic_variant::add_truncate;
  int bits = 8;
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t index = 0;
};

/// All that decides about a quantization.
struct scheme {
  const format* element = nullptr;
  const format* scale = nullptr;  ///< null: binary32
  int element_exponent = 0;
  bool symmetric = false;         ///< two's complement integers stop at -largest
  std::vector<std::size_t> cell;  ///< neighbours along each axis that share a scale
  int axis = 0;                   ///< along which codes are stored
  bool blocks = false;            ///< a row is stored as whole cells, and NaN poisons a cell
  oracle::group group = group::symmetric;
  tensor_scaling tensor = tensor_scaling::none;
  std::optional<float> given_tensor_scale;
  oracle::rule rule = rule::absmax;
  int bias = 0;
  float given = 1;
  mode rounding = mode::ties_to_even;
  stochastic_source random;
  oracle::saturation saturation = saturation::finite;
  nan_choice nan = nan_choice::unnamed;
  bool negative_abs = false;
  bool poison_infinity = false;
};

struct counts {
  std::size_t nan = 0;
  std::size_t infinite = 0;
  std::size_t clipped = 0;
  std::size_t underflowed = 0;
};

struct quantized {
  std::vector<code_type> codes;       ///< of the elements in logical order
  std::vector<std::uint32_t> scales;  ///< in order of storage, as the rest
  std::vector<std::uint32_t> negative_scales;
  std::vector<std::uint32_t> zero_points;
  float tensor_scale = 1;
  oracle::counts counts;
  std::vector<std::uint8_t> code_bytes;
};

/// The code of the value v of a format. Throws if it has none.
inline code_type code_of(const format& f, double v) {
  for (const code_info& c : f.codes) {
    if (c.kind == code_kind::finite && c.value == v) return c.code;
  }
  throw std::out_of_range("oracle::code_of: no such value in " + f.name);
}

/// What amax is mapped to, and the mantissa bits around it: the largest value with the widest
/// significand. Where precision tapers off (posit, takum, HiF8) that is not the largest value.
struct target {
  rational value;
  int mantissa_bits = 0;
};

inline target target_of(const format& f) {
  const rational largest = exact(f.extreme(false).value);
  const bool tapered = f.never_rounds_to_zero || f.name == "hif8";
  std::map<int, int> values_in;  // number of positive values in each binade
  std::map<int, double> largest_in;
  for (const stop& s : f.stops) {
    if (s.value <= 0 || s.overflow) continue;
    const int e = floor_log2(exact(s.value));
    ++values_in[e];
    largest_in[e] = s.value;
  }
  target t;
  int most = 0;
  for (const auto& [e, n] : values_in) most = std::max(most, n);
  for (const auto& [e, n] : values_in) {
    if (tapered && n == most) t.value = exact(largest_in[e]);
  }
  if (!tapered) t.value = largest;
  // 2^m values in a full binade; NaN and infinity may take some of the topmost one's.
  while ((1 << t.mantissa_bits) < most) ++t.mantissa_bits;
  return t;
}

/// A value of a scale: a positive rational, zero, or NaN.
using maybe = std::optional<rational>;

class quantizer {
 public:
  quantizer(const std::vector<float>& x, const std::vector<std::size_t>& shape, const scheme& s)
      : x_(x), shape_(shape), s_(s), target_(target_of(*s.element)) {
    target_.value *= two_to(s.element_exponent);
    if (s.element->name == "nf4" || s.element->name == "dynamic8") target_.mantissa_bits = 0;
  }

  quantized run() {
    lay_out();
    out_.codes.resize(x_.size());
    if (s_.tensor != tensor_scaling::none) out_.tensor_scale = tensor_scale();
    for (std::size_t c = 0; c < cells_.size(); ++c) quantize_cell(c);
    pack();
    return out_;
  }

 private:
  // --- Geometry ----------------------------------------------------------------------------------
  [[nodiscard]] std::size_t rank() const { return shape_.size(); }

  [[nodiscard]] std::vector<std::size_t> index_of(std::size_t i) const {
    std::vector<std::size_t> index(rank());
    for (std::size_t a = rank(); a-- > 0;) {
      index[a] = i % shape_[a];
      i /= shape_[a];
    }
    return index;
  }
  /// The axes in order of storage.
  [[nodiscard]] std::vector<std::size_t> stored_axes() const {
    std::vector<std::size_t> axes;
    for (std::size_t a = 0; a < rank(); ++a) {
      if (static_cast<int>(a) != s_.axis) axes.push_back(a);
    }
    if (rank() > 0) axes.push_back(static_cast<std::size_t>(s_.axis));
    return axes;
  }
  void lay_out() {
    std::size_t count = 1;
    for (const std::size_t a : stored_axes()) {
      count *= (shape_[a] + s_.cell[a] - 1) / s_.cell[a];
    }
    cells_.resize(count);
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const std::vector<std::size_t> index = index_of(i);
      std::size_t cell = 0;
      for (const std::size_t a : stored_axes()) {
        const std::size_t cells = (shape_[a] + s_.cell[a] - 1) / s_.cell[a];
        cell = cell * cells + index[a] / s_.cell[a];
      }
      cells_[cell].push_back(i);
    }
    out_.scales.resize(count);
    if (s_.group == group::separate_signs) out_.negative_scales.resize(count);
    if (s_.group == group::affine) out_.zero_points.resize(count);
  }
  void pack() {
    const std::vector<std::size_t> axes = stored_axes();
    const std::size_t length = rank() == 0 ? 1 : shape_[axes.back()];
    const std::size_t cell = rank() == 0 ? block_size_ : s_.cell[axes.back()];
    const std::size_t slots = s_.blocks ? (length + cell - 1) / cell * cell : length;
    const auto bits = static_cast<std::size_t>(code_bits());
    const std::size_t row_bytes = (slots * bits + 7) / 8;
    std::size_t rows = 1;
    for (std::size_t a = 0; a + 1 < rank(); ++a) rows *= shape_[axes[a]];
    out_.code_bytes.assign(rows * row_bytes, 0);
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const std::vector<std::size_t> index = index_of(i);
      std::size_t row = 0;
      for (std::size_t a = 0; a + 1 < rank(); ++a) row = row * shape_[axes[a]] + index[axes[a]];
      const std::size_t at = rank() == 0 ? 0 : index[axes.back()];
      for (std::size_t b = 0; b < bits; ++b) {
        if ((out_.codes[i] >> b & 1) == 0) continue;
        const std::size_t bit = at * bits + b;
        std::uint8_t& byte = out_.code_bytes[row * row_bytes + bit / 8];
        byte = static_cast<std::uint8_t>(byte | 1U << bit % 8);
      }
    }
  }
  /// UE4M3 has 7 bits but is stored in 8.
  [[nodiscard]] int code_bits() const { return s_.element->name == "ue4m3" ? 8 : s_.element->bits; }

  // --- Scales ------------------------------------------------------------------------------------
  [[nodiscard]] maybe scale_value(std::uint32_t code) const {
    if (s_.scale == nullptr) {
      const float v = float_of(code);
      return std::isnan(v) ? maybe{} : maybe{exact(v)};
    }
    const code_info& c = decode(*s_.scale, code);
    return c.kind == code_kind::finite ? maybe{exact(c.value)} : maybe{};
  }
  /// Nearest even within the finite positive values of the scale's format; binary32 from 2^-126 on.
  [[nodiscard]] std::uint32_t encode_scale(const rational& v) const {
    if (s_.scale == nullptr) {
      if (v <= two_to(-126)) return bits_of(0x1p-126F);
      const float f = nearest_float(v);
      return bits_of(std::isinf(f) ? std::numeric_limits<float>::max() : f);
    }
    double smallest = 0;
    for (const stop& st : s_.scale->stops) {
      if (st.value > 0) {
        smallest = st.value;
        break;
      }
    }
    if (v <= exact(smallest)) return code_of(*s_.scale, smallest);
    return encode(*s_.scale, number::of(v), mode::ties_to_even, saturation::finite);
  }
  [[nodiscard]] std::uint32_t zero_scale() const {
    if (s_.scale == nullptr) return bits_of(1.0F);
    return 0;  // the value 0, or in E8M0 the smallest one
  }
  [[nodiscard]] std::uint32_t nan_scale() const {
    return s_.scale == nullptr ? 0x7fc00000U : *s_.scale->nan;
  }
  /// |x| as amax sees it; nothing for NaN.
  [[nodiscard]] maybe magnitude(float x) const {
    if (std::isnan(x) || (std::isinf(x) && s_.poison_infinity)) return {};
    if (std::isinf(x)) return exact(std::numeric_limits<float>::max());
    return abs(exact(x));
  }
  [[nodiscard]] float tensor_scale() const {
    if (s_.given_tensor_scale) return *s_.given_tensor_scale;
    rational amax = 0;
    for (const float x : x_) {
      if (const maybe m = magnitude(x); m && *m > amax) amax = *m;
    }
    if (amax == 0) return 1;
    const rational top = target_.value * exact(s_.scale->extreme(false).value);
    const rational t = amax / top;
    return t <= two_to(-126) ? 0x1p-126F : nearest_float(t);
  }
  /// What multiplies an element besides its block scale.
  [[nodiscard]] rational tensor_factor() const {
    const rational t = exact(out_.tensor_scale);
    if (s_.tensor == tensor_scaling::multiplier) return t;
    if (s_.tensor == tensor_scaling::divisor) return rational(1) / t;
    return 1;
  }
  [[nodiscard]] std::uint32_t scale_code(const rational& amax) const {
    if (s_.rule == rule::exponent_bias) return encode_scale(two_to(-s_.bias));
    if (s_.rule == rule::given) return encode_scale(exact(s_.given));
    if (amax == 0) return zero_scale();
    return encode_scale(desired(s_.rule, amax / tensor_factor()));
  }
  [[nodiscard]] rational desired(oracle::rule how, const rational& amax) const {
    const int e = floor_log2(amax);
    const int emax = floor_log2(target_.value);
    switch (how) {
      case rule::pow2_floor:
        return two_to(e - emax);
      case rule::pow2_ceil:
        return two_to((amax == two_to(e) ? e : e + 1) - emax);
      case rule::pow2_rceil: {
        int scale = e - emax - 2;
        while (target_.value * two_to(scale) < amax) ++scale;
        return two_to(scale);
      }
      case rule::pow2_even: {
        const rational half_unit = two_to(e - target_.mantissa_bits - 1);
        return two_to(floor_log2(rational(amax + half_unit)) - emax);
      }
      default:
        return amax / target_.value;
    }
  }

  // --- Elements ----------------------------------------------------------------------------------
  [[nodiscard]] oracle::rounding rounding_at(std::size_t i) const {
    if (s_.rounding != mode::stochastic) return s_.rounding;
    const stochastic_source& r = s_.random;
    return {r.variant, r.bits, random_bits(r.seed, r.stream, r.index + i, r.bits)};
  }
  [[nodiscard]] bool is_integer() const {
    return s_.element->name.rfind("int", 0) == 0 || s_.element->name.rfind("uint", 0) == 0;
  }
  /// x / scale, whose zero keeps its sign.
  [[nodiscard]] static number quotient(float x, const rational& scale) {
    if (std::isinf(x)) return number::infinity(x < 0);
    if (x == 0) return number::zero(std::signbit(x));
    return number::of(rational(exact(x) / scale));
  }
  [[nodiscard]] code_type encode_element(std::size_t i, const rational& scale, long zero) const {
    const format& f = *s_.element;
    const float x = x_[i];
    if (std::isnan(x) || (std::isinf(x) && s_.poison_infinity)) {
      if (f.nan) return nan_result(f, std::signbit(x));
      if (s_.nan == nan_choice::zero) return code_of(f, static_cast<double>(zero));
      return f.extreme(false).code;
    }
    number y = quotient(x, scale);
    if (!f.is_signed && y.negative && s_.negative_abs) {
      y.negative = false;
      y.value = abs(y.value);
    }
    if (s_.group == group::affine) {
      if (y.kind == number_kind::infinity) return f.extreme(y.negative).code;
      const rational q = rational(round_to_integer(y.value, rounding_at(i))) + zero;
      const rational low = exact(f.extreme(true).value);
      const rational high = exact(f.extreme(false).value);
      return code_of(f, (q < low ? low : q > high ? high : q).get_d());
    }
    const code_type code = encode(f, y, rounding_at(i), s_.saturation);
    if (is_integer() && s_.symmetric && decode(f, code).value < -f.extreme(false).value) {
      return code_of(f, -f.extreme(false).value);
    }
    return code;
  }
  /// Rounding to the integers, of which every neighbour pair is a gap of length 1.
  [[nodiscard]] static mpz_class round_to_integer(const rational& y, const oracle::rounding& r) {
    const rational magnitude = abs(y);
    const mpz_class floor = floor_of(magnitude);
    const rational d = magnitude - floor;
    const rational half(1, 2);
    bool away = false;
    if (d != 0) {
      switch (r.how) {
        case mode::ties_to_even:
          away = d > half || (d == half && mpz_odd_p(floor.get_mpz_t()) != 0);
          break;
        case mode::ties_to_away:
          away = d >= half;
          break;
        case mode::toward_zero:
          break;
        case mode::toward_positive:
          away = y > 0;
          break;
        case mode::toward_negative:
          away = y < 0;
          break;
        case mode::to_odd:
          away = mpz_even_p(floor.get_mpz_t()) != 0;
          break;
        case mode::stochastic:
          away = goes_away(d, r);
          break;
      }
    }
    const mpz_class n = away ? mpz_class(floor + 1) : floor;
    return y < 0 ? mpz_class(-n) : n;
  }
  /// The factor of an element: block scale, implied power of two, tensor scale.
  [[nodiscard]] rational full_scale(std::uint32_t code) const {
    return *scale_value(code) * two_to(s_.element_exponent) * tensor_factor();
  }
  [[nodiscard]] rational squared_error(const std::vector<std::size_t>& cell,
                                       const rational& scale) const {
    rational sum = 0;
    for (const std::size_t i : cell) {
      const code_info& c = decode(*s_.element, encode_element(i, scale, 0));
      if (!std::isfinite(x_[i]) || c.kind != code_kind::finite) continue;
      const rational v = exact(c.value) * scale;
      const rational e = exact(x_[i]) - v;
      sum += e * e;
    }
    return sum;
  }
  /// Every candidate in turn; the least error wins, and of equals the larger scale.
  [[nodiscard]] std::uint32_t search(const std::vector<std::size_t>& cell,
                                     const rational& amax) const {
    std::vector<std::uint32_t> candidates;
    const rational divided = amax / tensor_factor();
    if (s_.scale != nullptr && s_.scale->name == "e8m0fnu") {
      const rational middle = *scale_value(encode_scale(desired(rule::pow2_rceil, divided)));
      for (int step = -1; step <= 1; ++step) {
        candidates.push_back(encode_scale(rational(middle * two_to(step))));
      }
    } else {
      const rational top = exact(nearest_float(desired(rule::absmax, divided)));
      for (int k = 65; k <= 128; ++k) {
        candidates.push_back(encode_scale(rational(top * k / 128)));
      }
    }
    std::optional<rational> least;
    std::uint32_t best = 0;
    for (const std::uint32_t code : candidates) {
      const rational e = squared_error(cell, full_scale(code));
      if (!least || e < *least || (e == *least && *scale_value(code) > *scale_value(best))) {
        least = e;
        best = code;
      }
    }
    return best;
  }

  void quantize_cell(std::size_t c) {
    const std::vector<std::size_t>& cell = cells_[c];
    rational positive = 0;
    rational negative = 0;
    bool has_nan = false;
    for (const std::size_t i : cell) {
      const maybe m = magnitude(x_[i]);
      if (!m) {
        has_nan = true;
        continue;
      }
      rational& side = std::signbit(x_[i]) ? negative : positive;
      if (*m > side) side = *m;
    }
    if (has_nan && s_.blocks && s_.nan == nan_choice::unnamed) {
      out_.scales[c] = nan_scale();
      for (const std::size_t i : cell) {
        if (std::isnan(x_[i])) ++out_.counts.nan;
        if (std::isinf(x_[i])) ++out_.counts.infinite;
        out_.codes[i] = 0;
      }
      return;
    }
    const rational amax = positive > negative ? positive : negative;
    long zero = 0;
    if (s_.group == group::affine) {
      const rational low = exact(s_.element->extreme(true).value);
      const rational high = exact(s_.element->extreme(false).value);
      const rational width = positive + negative;
      out_.scales[c] = width == 0 ? zero_scale() : encode_scale(rational(width / (high - low)));
      const rational scale = *scale_value(out_.scales[c]);
      const rational z = low + rational(nearest_integer(rational(negative / scale)));
      zero = static_cast<long>((z > high ? high : z).get_d());
      out_.zero_points[c] = code_of(*s_.element, static_cast<double>(zero));
    } else if (s_.group == group::separate_signs) {
      out_.scales[c] = scale_code(positive);
      out_.negative_scales[c] = scale_code(negative);
    } else if (s_.rule == rule::mse_search && amax != 0) {
      out_.scales[c] = search(cell, amax);
    } else {
      out_.scales[c] = scale_code(amax);
    }
    for (const std::size_t i : cell) {
      const bool other = s_.group == group::separate_signs && std::signbit(x_[i]);
      const rational scale = full_scale(other ? out_.negative_scales[c] : out_.scales[c]);
      out_.codes[i] = encode_element(i, scale, zero);
      count(i, scale, zero);
    }
  }
  void count(std::size_t i, const rational& scale, long zero) {
    const float x = x_[i];
    if (std::isnan(x)) {
      ++out_.counts.nan;
    } else if (std::isinf(x)) {
      ++out_.counts.infinite;
    } else if (zero == 0 && x != 0 && scale != 0 &&
               abs(exact(x)) / scale > exact(s_.element->extreme(false).value)) {
      ++out_.counts.clipped;
    } else if (x != 0) {
      const code_info& c = decode(*s_.element, out_.codes[i]);
      if (c.kind == code_kind::finite && c.value == static_cast<double>(zero)) {
        ++out_.counts.underflowed;
      }
    }
  }

  const std::vector<float>& x_;
  const std::vector<std::size_t>& shape_;
  const scheme& s_;
  target target_;
  std::size_t block_size_ = 1;
  std::vector<std::vector<std::size_t>> cells_;
  quantized out_;

 public:
  /// Of a scalar, which has no axis to give its cell's extent.
  void set_block_size(std::size_t n) { block_size_ = n; }
};

/// The exact value of an element: (code - zero point) * 2^exponent * scale * tensor scale; nothing
/// for NaN. Infinite codes are not expected.
inline maybe element_value(const scheme& s, code_type code, maybe scale, long zero,
                           float tensor_scale) {
  const code_info& c = decode(*s.element, code);
  if (c.kind != code_kind::finite || !scale) return {};
  rational v = (exact(c.value) - zero) * *scale * two_to(s.element_exponent);
  if (s.tensor == tensor_scaling::multiplier) v *= exact(tensor_scale);
  if (s.tensor == tensor_scaling::divisor) v /= exact(tensor_scale);
  return v;
}

}  // namespace oracle

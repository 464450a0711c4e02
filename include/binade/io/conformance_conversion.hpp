// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/random.hpp"  // random_bits
#include "binade/format/any_format.hpp"
#include "binade/format/format_id.hpp"
#include "binade/io/conformance.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Conversions as subjects of conformance vectors.

namespace binade::inline v0 {

/// A type that conversions start from: an interchange format of IEEE 754, or bfloat16.
struct conformance_source {
  const char* name;
  int bits;
  float_spec spec;
};

inline constexpr std::array conformance_sources = {
    conformance_source{"float32", 32, binary32_spec},
    conformance_source{"float64", 64, binary64_spec},
    conformance_source{"float16", 16, float16::spec},
    conformance_source{"bfloat16", 16, bfloat16::spec}};

/// A conversion: format x rounding x saturation x source. NaN becomes the largest value in a format
/// without one, a negative number NaN or else 0 in an unsigned one.
struct conversion_case {
  any_format format = any_format::of<e4m3fn>();
  conformance_source source = conformance_sources[0];
  rounding::any rounding;
  saturation_mode saturation = saturation_mode::finite;
};

/// Which inputs a generator adds to those that follow from the case.
struct conformance_sampling {
  std::uint64_t seed = 1;
  std::size_t random_inputs = 512;
};

/// The code of x, the code of a number of the case's source. `index` counts for stochastic rounding
/// alone.
[[nodiscard]] inline std::uint64_t convert_code(const conversion_case& c, std::uint64_t x,
                                                std::uint64_t index) noexcept {
  return c.format.encode(decode(c.source.spec, x), c.rounding.at(index),
                         {.saturation = c.saturation});
}

namespace detail {

/// Collects inputs of a conversion; the first of equal ones stays.
class conversion_inputs {
 public:
  conversion_inputs(const conversion_case& c, const conformance_sampling& sampling)
      : case_(c), sampling_(sampling), searched_(c) {
    // Boundaries are found by bisection, so of a rounding that never falls where its input rises.
    if (c.rounding.mode == rounding::mode::stochastic) searched_.rounding = {};
    if (c.rounding.mode == rounding::mode::hif8_hybrid) {
      searched_.rounding = rounding::ties_to_away{};
    }
  }

  [[nodiscard]] std::vector<std::uint64_t> collect() {
    add_specials();
    if (case_.format.describe().code_bits <= 8) {
      add_values();
      for (const std::uint64_t sign : {std::uint64_t{0}, sign_bit()}) {
        add_boundaries(sign, 0, infinity_magnitude());
      }
    } else {
      add_sampled_boundaries();
    }
    add_random();
    return std::move(inputs_);
  }

 private:
  [[nodiscard]] std::uint64_t sign_bit() const noexcept {
    return std::uint64_t{1} << (case_.source.bits - 1);
  }
  [[nodiscard]] std::uint64_t infinity_magnitude() const noexcept {
    return low_mask(case_.source.spec.exponent_bits) << case_.source.spec.mantissa_bits;
  }
  void add(std::uint64_t x) {
    if (known_.insert(x).second) inputs_.push_back(x);
  }
  /// The numbers of magnitude m - 2 .. m + 1, of those up to infinity.
  void add_around(std::uint64_t sign, std::uint64_t m) {
    for (std::uint64_t k = m < 2 ? 0 : m - 2; k <= m + 1 && k <= infinity_magnitude(); ++k)
      add(sign | k);
  }

  /// Both signs of zero, one, infinity, the ends of the subnormal and of the finite range and what
  /// lies next to them, and several NaNs.
  void add_specials() {
    const float_spec& s = case_.source.spec;
    const std::uint64_t normal = std::uint64_t{1} << s.mantissa_bits;
    const std::uint64_t one = static_cast<std::uint64_t>(s.bias) << s.mantissa_bits;
    const std::uint64_t quiet = infinity_magnitude() | normal >> 1;
    for (const std::uint64_t m :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, normal - 1, normal, normal + 1,
          one - 1, one, one + 1, infinity_magnitude() - 2, infinity_magnitude() - 1,
          infinity_magnitude(), infinity_magnitude() + 1, quiet - 1, quiet, quiet + 1,
          sign_bit() - 1}) {
      add(m);
      add(sign_bit() | m);
    }
  }

  /// Every value of the format, rounded to the source, and its neighbours.
  void add_values() {
    const code_description d = case_.format.describe();
    for (std::int64_t key = case_.format.order_key(d.lowest);
         key <= case_.format.order_key(d.largest); ++key) {
      const std::uint64_t x = nearest_input(key);
      add_around(x & sign_bit(), (x & ~sign_bit()) + 1);
    }
  }

  /// The number of the source that is nearest to a value of the format.
  [[nodiscard]] std::uint64_t nearest_input(std::int64_t key) const noexcept {
    return encode(case_.source.spec, case_.format.decode(case_.format.code_from_order_key(key)),
                  rounding::ties_to_even{}, {.saturation = saturation_mode::finite});
  }

  /// The last two numbers before and the first two behind each step of the code between the
  /// magnitudes low and high.
  void add_boundaries(std::uint64_t sign, std::uint64_t low, std::uint64_t high) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> open{{low, high}};
    while (!open.empty()) {
      const auto [a, b] = open.back();
      open.pop_back();
      if (a >= b || convert_code(searched_, sign | a, 0) == convert_code(searched_, sign | b, 0)) {
        continue;
      }
      if (b - a == 1) {
        add_around(sign, b);
        continue;
      }
      const std::uint64_t middle = a + (b - a) / 2;
      open.emplace_back(middle, b);
      open.emplace_back(a, middle);
    }
  }

  /// The boundaries next to the ends of the format's range, next to 0 and 1, and seeded ones.
  void add_sampled_boundaries() {
    const any_format& f = case_.format;
    const code_description d = f.describe();
    const std::int64_t lowest = f.order_key(d.lowest);
    const std::int64_t largest = f.order_key(d.largest);
    const std::int64_t smallest = f.order_key(d.smallest);
    const std::int64_t one =
        f.order_key(f.encode(unpack(1), rounding::ties_to_even{}, conversion_rules{}));
    std::vector<std::int64_t> keys;
    for (const std::int64_t at : {lowest, -one, -smallest, smallest, one, largest}) {
      for (std::int64_t key = at - 3; key <= at + 2; ++key) keys.push_back(key);
    }
    const auto span = static_cast<std::uint64_t>(largest - lowest);
    for (std::size_t i = 0; i < sampling_.random_inputs / 4; ++i) {
      keys.push_back(lowest + static_cast<std::int64_t>(word(2, i) % span));
    }
    for (const std::int64_t key : keys) {
      if (key < lowest || key >= largest) continue;
      const std::uint64_t a = nearest_input(key);
      const std::uint64_t b = nearest_input(key + 1);
      const std::uint64_t x = a & ~sign_bit();
      const std::uint64_t y = b & ~sign_bit();
      if (((a ^ b) & sign_bit()) != 0) {  // zero lies between them or is one of them
        add_boundaries(a & sign_bit(), 0, x);
        add_boundaries(b & sign_bit(), 0, y);
      } else {
        add_boundaries(a & sign_bit(), x < y ? x : y, x < y ? y : x);
      }
    }
    add_boundaries(0, nearest_input(largest) & ~sign_bit(), infinity_magnitude());
    add_boundaries(sign_bit(), nearest_input(lowest) & ~sign_bit(), infinity_magnitude());
  }

  /// 64 random bits for random input i.
  [[nodiscard]] std::uint64_t word(std::uint64_t stream, std::uint64_t i) const noexcept {
    return random_bits(sampling_.seed, stream, 2 * i, 32) |
           std::uint64_t{random_bits(sampling_.seed, stream, 2 * i + 1, 32)} << 32;
  }

  /// Half of them any codes of the source, half between the format's smallest and largest value.
  void add_random() {
    const code_description d = case_.format.describe();
    const std::uint64_t least = nearest_input(case_.format.order_key(d.smallest)) & ~sign_bit();
    const std::uint64_t most = nearest_input(case_.format.order_key(d.largest)) & ~sign_bit();
    for (std::size_t i = 0; i < sampling_.random_inputs; ++i) {
      const std::uint64_t random = word(1, i) & (sign_bit() | (sign_bit() - 1));
      const std::uint64_t within = (random & (sign_bit() - 1)) % (most - least + 1) + least;
      add(i % 2 == 0 ? random : (random & sign_bit()) | within);
    }
  }

  const conversion_case& case_;
  const conformance_sampling& sampling_;
  conversion_case searched_;
  std::set<std::uint64_t> known_;
  std::vector<std::uint64_t> inputs_;
};

/// The number in decimal, short enough and long enough to read back; inf, nan.
inline std::string decimal_text(const unpacked& x) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), to_double(x));
  return {text.data(), end.ptr};
}

}  // namespace detail

/// Inputs that tell implementations of a conversion apart, without repetition: zeros, ones, ends of
/// ranges, infinities, NaNs with several payloads; for a format of at most 8 bits every value of it
/// and every number where the result changes, for a wider one seeded ones of the latter, each with
/// its neighbours; then seeded random numbers.
[[nodiscard]] inline std::vector<std::uint64_t> conversion_inputs(
    const conversion_case& c, const conformance_sampling& sampling = {}) {
  return detail::conversion_inputs(c, sampling).collect();
}

/// The keys that name a conversion.
[[nodiscard]] inline conformance_header header_of(const conversion_case& c) {
  const rounding::stochastic& random = c.rounding.random;
  conformance_header header = {{"format", c.format.name()},
                               {"source", c.source.name},
                               {"rounding", to_string(c.rounding.mode)},
                               {"saturation", to_string(c.saturation)}};
  if (c.rounding.mode == rounding::mode::stochastic) {
    header.push_back({"stochastic_seed", std::to_string(random.seed)});
    header.push_back({"stochastic_stream", std::to_string(random.stream)});
    header.push_back({"stochastic_bits", std::to_string(random.bits)});
    header.push_back({"stochastic_variant", to_string(random.variant)});
  }
  if (c.rounding.mode == rounding::mode::hif8_hybrid) {
    header.push_back({"hif8_guard", c.rounding.guard ? "yes" : "no"});
  }
  return header;
}

/// What a reader of the file may want to know of the format.
[[nodiscard]] inline conformance_header facts_of(const any_format& format) {
  const code_description d = format.describe();
  const auto code_text = [&d](std::uint64_t code) {
    return to_string(make_word(code, d.code_bits));
  };
  return {{"code_bits", std::to_string(d.code_bits)},
          {"signed", d.is_signed ? "yes" : "no"},
          {"largest", detail::decimal_text(format.decode(d.largest))},
          {"smallest", detail::decimal_text(format.decode(d.smallest))},
          {"nan", d.has_nan ? code_text(d.nan) : "none"},
          {"infinity", d.has_infinity ? code_text(d.infinity) : "none"}};
}

/// A conversion as a subject: one input and one output a vector.
[[nodiscard]] inline conformance_subject make_subject(const conversion_case& c) {
  conformance_subject subject;
  subject.header = header_of(c);
  subject.facts = facts_of(c.format);
  subject.input_fault = [c](std::span<const conformance_word> inputs) -> std::string {
    const int digits = c.source.bits / 4;
    if (inputs.size() == 1 && inputs[0].digits == digits) return "";
    return std::string("an input from ") + c.source.name + " is one word of " +
           std::to_string(digits) + " digits";
  };
  subject.apply = [c](std::span<const conformance_word> inputs, std::uint64_t index) {
    return std::vector{
        make_word(convert_code(c, inputs[0].code, index), c.format.describe().code_bits)};
  };
  subject.input_text = [c](std::size_t, std::uint64_t code) {
    return detail::decimal_text(decode(c.source.spec, code));
  };
  subject.output_text = [c](std::size_t, std::uint64_t code) {
    return detail::decimal_text(c.format.decode(code));
  };
  subject.is_nan = [c](std::size_t, std::uint64_t code) {
    return c.format.classify(code) == value_class::nan;
  };
  return subject;
}

/// The vectors of a conversion, in the order of conversion_inputs.
[[nodiscard]] inline conformance_vectors make_vectors(const conversion_case& c,
                                                      const conformance_sampling& sampling = {}) {
  std::vector<std::vector<conformance_word>> inputs;
  for (const std::uint64_t x : conversion_inputs(c, sampling)) {
    inputs.push_back({make_word(x, c.source.bits)});
  }
  conformance_vectors made = make_vectors(make_subject(c), inputs);
  made.header.push_back({"seed", std::to_string(sampling.seed)});
  return made;
}

}  // namespace binade::inline v0

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/convert.hpp"
#include "binade/kernel/convert.hpp"
#include "same_bits/inputs.hpp"
#include "same_bits/lines.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Conversions and arithmetic of one element format.

namespace same_bits {

using binade::format;
using binade::rounding::any;

/// Every rounding that a format takes.
template <format F>
std::vector<any> roundings() {
  namespace r = binade::rounding;
  std::vector<any> modes = {r::ties_to_even{}, r::ties_to_even_significand{}, r::ties_to_away{},
                            r::toward_zero{},  r::toward_positive{},          r::toward_negative{},
                            r::to_odd{}};
  for (const auto variant : {r::stochastic_variant::add_truncate, r::stochastic_variant::centered,
                             r::stochastic_variant::round_then_add}) {
    modes.emplace_back(r::stochastic{.seed = seed, .stream = 1, .bits = 8, .variant = variant});
  }
  if (binade::any_format::of<F>().is_hif8()) {
    modes.emplace_back(r::hif8_hybrid{});
    modes.emplace_back(r::hif8_hybrid{.guard = false});
  }
  return modes;
}

/// Bulk conversion of a span under each saturation.
template <format F, class From>
void add_bulk(binade::fnv1a& hash, std::span<const From> x, const any& rounding,
              binade::executor_ref executor) {
  namespace s = binade::saturation;
  misaligned<F> out(x.size());
  const std::span<F> codes = out.get();
  const auto add_codes = [&] { add(hash, std::span<const F>(codes)); };
  binade::convert(x, codes, executor, rounding, s::finite{});
  add_codes();
  binade::convert(x, codes, executor, rounding, s::propagate{});
  add_codes();
  binade::convert(x, codes, executor, rounding, s::none{});
  add_codes();
}

/// Bulk conversion in the default way, of spans of every length up to 130 at changing addresses.
template <format F>
void add_pieces(binade::fnv1a& hash, std::span<const float> x) {
  std::vector<F> codes(x.size());
  std::size_t begin = 0;
  for (std::size_t n = 0; n <= 130 && begin + n <= x.size(); begin += n + 1, ++n) {
    const std::span<F> out = std::span(codes).subspan(n % 7, n);
    binade::convert(x.subspan(begin, n), out);
    add(hash, std::span<const F>(out));
  }
}

template <format F>
void convert_lines(lines& out, binade::executor_ref pool) {
  const std::string name = F::names.name;
  const std::vector<std::uint32_t> bits = inputs_of(binade::any_format::of<F>());
  const misaligned<float> floats(bits);
  const std::span<const float> x = floats.get();
  for (const any& rounding : roundings<F>()) {
    std::string mode = binade::to_string(rounding.mode);
    if (rounding.mode == binade::rounding::mode::stochastic) {
      mode += std::string("_") + binade::to_string(rounding.random.variant);
    } else if (!rounding.guard) {
      mode += "_unguarded";
    }
    binade::fnv1a hash;
    add_bulk<F>(hash, x, rounding, {});
    out.put("convert/" + name + "/" + mode, hash);
  }
  binade::fnv1a pieces;
  add_pieces<F>(pieces, x);
  out.put("convert_pieces/" + name, pieces);

  binade::fnv1a threads;
  add_bulk<F>(threads, x, any{}, pool);
  out.put("convert_threads/" + name, threads);

  binade::fnv1a scalar;
  for (const float v : x) {
    add(scalar, binade::convert<F>(v));
    add(scalar, binade::convert<F>(v, binade::rounding::toward_negative{}));
  }
  const misaligned<double> doubles(as_doubles(bits));
  for (const double v : doubles.get()) add(scalar, binade::convert<F>(v));
  out.put("convert_scalar/" + name, scalar);
}

/// Codes of F: all of at most 4096, else seeded ones with the ends of the range.
template <format F>
std::vector<F> codes_of(std::size_t most) {
  constexpr binade::code_description d = binade::describe(F::spec);
  constexpr std::uint64_t all = std::uint64_t{1} << d.code_bits;
  std::vector<F> codes;
  const auto put = [&codes](std::uint64_t code) {
    codes.push_back(F::from_bits(static_cast<std::uint32_t>(code)));
  };
  if (all <= most) {
    for (std::uint64_t code = 0; code < all; ++code) put(code);
    return codes;
  }
  for (const std::uint64_t code : {d.nan, d.infinity, d.largest, d.lowest, d.smallest}) {
    for (std::uint64_t k = code; k != code + 2; ++k) put(k % all);
  }
  for (std::size_t i = 0; codes.size() < most; ++i) put(word(8, i) % all);
  return codes;
}

template <format F>
void back_lines(lines& out) {
  const std::vector<F> codes = codes_of<F>(4096);
  misaligned<float> floats(codes.size());
  misaligned<double> doubles(codes.size());
  binade::convert(std::span<const F>(codes), floats.get());
  binade::convert(std::span<const F>(codes), doubles.get());
  binade::fnv1a hash;
  add(hash, std::span<const float>(floats.get()));
  add(hash, std::span<const double>(doubles.get()));
  for (const F& code : codes) add(hash, binade::convert<float>(code));
  out.put("convert_back/" + std::string(F::names.name), hash);
}

template <format F>
void arithmetic_lines(lines& out) {
  const std::vector<F> codes = codes_of<F>(40);
  binade::fnv1a hash;
  for (const F a : codes) {
    add(hash, sqrt(a));
    add(hash, -a);
    for (const F b : codes) {
      add(hash, a + b);
      add(hash, a - b);
      add(hash, a * b);
      add(hash, a / b);
      add(hash, fma(a, b, codes[(a.bits() + b.bits()) % codes.size()]));
      hash.add_byte(static_cast<std::uint8_t>((a == b) + 2 * (a < b)));
    }
  }
  out.put("arithmetic/" + std::string(F::names.name), hash);
}

}  // namespace same_bits

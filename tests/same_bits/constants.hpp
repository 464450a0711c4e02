// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/format/convert.hpp"
#include "binade/kernel/reference/exact_dot.hpp"
#include "same_bits/lines.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

// What the compiler computes and what the program computes.

namespace same_bits {

/// Numbers for constant evaluation, as bits: ties, ends of ranges, subnormal numbers, zeros, NaNs.
inline constexpr std::uint32_t constant_inputs[] = {
    0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x3f800000, 0xbf880000, 0x3f880001,
    0x3f900000, 0x3f97ffff, 0x40e00001, 0x43e80000, 0x43e80001, 0xc3f00000, 0x47600000, 0x47700000,
    0xc77fffff, 0x38000000, 0x37800001, 0x3b000000, 0x3a800000, 0xbac00000, 0x3e99999a, 0xc2f6e979,
    0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0xffffffff};

/// The hash of conversions and arithmetic of `inputs`, to F and back. At run time the inputs come
/// from where the compiler does not see them.
template <binade::format F>
constexpr std::uint64_t subset_hash(const std::uint32_t* inputs) {
  namespace r = binade::rounding;
  namespace s = binade::saturation;
  binade::fnv1a hash;
  F last{};
  for (std::size_t i = 0; i < std::size(constant_inputs); ++i) {
    const float x = binade::bit_cast<float>(inputs[i]);
    const F nearest = binade::convert<F>(x);
    hash.add_word(nearest.bits(), sizeof(F));
    hash.add_word(binade::convert<F>(x, r::toward_positive{}, s::none{}).bits(), sizeof(F));
    hash.add_word(binade::convert<F>(x, r::stochastic{.index = i}, s::propagate{}).bits(),
                  sizeof(F));
    hash.add_word(binade::bit_cast<std::uint32_t>(binade::convert<float>(nearest)), 4);
    hash.add_word((nearest + last).bits(), sizeof(F));
    hash.add_word((nearest * last).bits(), sizeof(F));
    hash.add_word((nearest / last).bits(), sizeof(F));
    last = nearest;
  }
  return hash.value();
}

/// The hash of constant evaluation, which the compiler must not have got otherwise.
template <binade::format F>
inline constexpr std::uint64_t constant_hash = subset_hash<F>(constant_inputs);

template <binade::format F>
void constant_lines(lines& out) {
  const volatile std::uint32_t* hidden = constant_inputs;
  std::uint32_t inputs[std::size(constant_inputs)];
  for (std::size_t i = 0; i < std::size(constant_inputs); ++i) inputs[i] = hidden[i];
  out.put("constant_evaluation/" + std::string(F::names.name), constant_hash<F>);
  out.put("run_time/" + std::string(F::names.name), subset_hash<F>(inputs));
}

}  // namespace same_bits

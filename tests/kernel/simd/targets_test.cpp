// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/targets.hpp"

#include "binade/format/catalog.hpp"
#include "binade/kernel/simd/convert_kernels.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <cfenv>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace binade;
using simd::target;

constexpr const auto& all_targets = simd::all_targets;
constexpr saturation_mode all_saturations[] = {saturation_mode::finite, saturation_mode::propagate,
                                               saturation_mode::none};

/// Calls f(name, spec) for each format that the add-and-shift encoder serves.
template <class Function>
int for_each_encodable(Function&& f) {
  int count = 0;
  for_each_type(all_formats{}, [&]<class F>() {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(F::spec)>, float_spec>) {
      if (simd::has_float_encoder(F::spec)) {
        ++count;
        f(F::names.name, F::spec);
      }
    }
  });
  return count;
}

/// The definition, which shares nothing with the vector code but the constants' origin.
std::uint8_t definition(const float_spec& s, float x, saturation_mode saturation) {
  return static_cast<std::uint8_t>(
      encode(s, unpack(x), rounding::ties_to_even{}, {.saturation = saturation}));
}

/// The kernel that uses the target's encoder class.
auto encode_float_on(target t) {
  return simd::conversion_for(t, []<class K>(K) { return K::template floats<simd::float_source>; });
}

std::size_t compare(const char* name, const float_spec& s, saturation_mode saturation, target t,
                    const std::vector<float>& x) {
  const simd::float_encoder e = simd::make_float_encoder(s, {.saturation = saturation});
  std::vector<std::uint8_t> got(x.size());
  encode_float_on(t)(x.data(), got.data(), x.size(), e);
  int shown = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint8_t expected = definition(s, x[i], saturation);
    if (got[i] != expected && shown++ < 3) {
      ADD_FAILURE() << name << " on " << to_string(t) << ", saturation "
                    << static_cast<int>(saturation) << ", x = " << x[i] << " (" << std::hex
                    << bit_cast<std::uint32_t>(x[i]) << "): got " << std::bitset<8>(got[i])
                    << ", expected " << std::bitset<8>(expected);
    }
  }
  return x.size();
}

/// Floats of every exponent and sign, NaN and infinity among them: all bit patterns in steps.
std::vector<float> sweep(std::uint64_t step) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += step) {
    x.push_back(bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return x;
}

TEST(encode_float, equals_the_definition_on_every_available_target) {
  // 65521 is prime: the low bits, which decide ties, take all values.
  const std::vector<float> x = sweep(65521);
  std::size_t checks = 0;
  int targets = 0;
  int formats = 0;
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    ++targets;
    formats = for_each_encodable([&](const char* name, const float_spec& s) {
      for (const saturation_mode saturation : all_saturations) {
        checks += compare(name, s, saturation, t, x);
      }
    });
  }
  // 17 of catalog_float.hpp (all of at most 8 bits but e8m0fnu, e3m0) and the 26 P3109 types of
  // precision 2 and more: a new format of that shape changes the count.
  EXPECT_EQ(formats, 43);
  EXPECT_EQ(checks, x.size() * 3 * static_cast<std::size_t>(targets * formats));
}

TEST(encode_float, rounds_right_at_every_boundary) {
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    for_each_encodable([&](const char* name, const float_spec& s) {
      // Midpoints of neighbouring magnitudes, and the floats beside them.
      std::vector<float> x;
      const code_description d = describe(s);
      for (std::uint64_t code = 0; code <= d.largest; ++code) {
        const unpacked above =
            code == d.largest ? multiply(decode(s, code), unpack(2)) : decode(s, code + 1);
        const float middle = to_float(scale_exponent(add(decode(s, code), above), -1));
        for (const float v : {to_float(decode(s, code)), middle}) {
          const std::uint32_t bits = bit_cast<std::uint32_t>(v);
          for (const std::uint32_t b : {bits - 1, bits, bits + 1}) {
            x.push_back(bit_cast<float>(b));
            x.push_back(bit_cast<float>(b ^ 0x80000000U));
          }
        }
      }
      for (const saturation_mode saturation : all_saturations) compare(name, s, saturation, t, x);
    });
  }
}

TEST(encode_float, serves_every_length) {
  const std::vector<float> all = sweep(9999991);
  const simd::float_encoder e = simd::make_float_encoder(e4m3fn::spec, {});
  for (const target t : all_targets) {
    if (!simd::is_available(t)) continue;
    for (std::size_t n = 0; n <= 200; ++n) {
      std::vector<std::uint8_t> got(n + 2, 0xaa);
      encode_float_on(t)(all.data() + n, got.data() + 1, n, e);
      EXPECT_EQ(got.front(), 0xaa) << n;
      EXPECT_EQ(got.back(), 0xaa) << n;
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(got[i + 1], definition(e4m3fn::spec, all[n + i], saturation_mode::finite))
            << to_string(t) << " length " << n << " element " << i;
      }
    }
  }
}

}  // namespace

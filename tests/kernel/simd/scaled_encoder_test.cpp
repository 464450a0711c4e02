// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/scaled_encoder.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

namespace {

using namespace binade;

TEST(scaled_encoder, every_boundary_of_every_format_lies_on_its_lattice) {
  int formats = 0;
  for_each_type(all_formats{}, [&]<class F>() {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(F::spec)>, float_spec>) {
      if (simd::has_float_encoder(F::spec)) {
        ++formats;
        const std::uint32_t lattice = simd::make_lattice(F::spec.mantissa_bits + 2);
        const code_description d = describe(F::spec);
        for (std::uint64_t code = 0; code < d.largest; ++code) {
          const unpacked sum = add(decode(F::spec, code), decode(F::spec, code + 1));
          const float middle = to_float(scale_exponent(sum, -1));
          EXPECT_EQ((bit_cast<std::uint32_t>(middle) + 4) & lattice, 0U)
              << F::names.name << " " << middle;
        }
        const float largest = to_float(decode(F::spec, d.largest));
        EXPECT_EQ((bit_cast<std::uint32_t>(largest) + 4) & lattice, 0U) << F::names.name;
      }
    }
  });
  EXPECT_GT(formats, 40);
}

TEST(scaled_encoder, a_lattice_sees_four_units_below_and_three_above) {
  const std::uint32_t lattice = simd::make_lattice(3);
  const std::uint32_t one = bit_cast<std::uint32_t>(1.25F);
  for (std::uint32_t k = 0; k < 12; ++k) {
    EXPECT_EQ(((one - k + 4) & lattice) == 0, k <= 4) << k;
    EXPECT_EQ(((one + k + 4) & lattice) == 0, k <= 3) << k;
  }
}

}  // namespace

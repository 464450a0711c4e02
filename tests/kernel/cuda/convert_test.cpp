// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/convert.cuh"

#include "binade/core/bits.hpp"
#include "binade/format/catalog_float.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

using binade::e4m3fn;
using binade::e8m0fnu;

// The same calls in device code, and the GPU's instructions against the portable code, are checked
// by tests/project/device.cu, on a machine with a GPU.

TEST(cuda_convert, on_the_host_it_is_the_portable_conversion) {
  EXPECT_FALSE((binade::cuda::uses_hardware<e4m3fn, float>()));
  for (std::uint32_t high = 0; high < 0x10000; ++high) {
    const auto x = binade::bit_cast<float>(high << 16 | 0x8001);
    const auto up = binade::rounding::toward_positive{};
    EXPECT_EQ(binade::cuda::convert<e4m3fn>(x).bits(), binade::convert<e4m3fn>(x).bits()) << high;
    EXPECT_EQ(binade::cuda::convert<e8m0fnu>(x, up).bits(), binade::convert<e8m0fnu>(x, up).bits())
        << high;
  }
  EXPECT_EQ(binade::cuda::convert<float>(e4m3fn::from_bits(0x7e)), 448.0F);
}

/// Whether E8M0 may be asked for with this rounding.
template <class R>
constexpr bool is_allowed = requires(float x, R r) { binade::cuda::convert<e8m0fnu>(x, r); };
static_assert(is_allowed<binade::rounding::toward_zero>);
static_assert(!is_allowed<binade::rounding::ties_to_even>);

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/kernel/cuda/capability.cuh"

#include <gtest/gtest.h>

namespace {

using binade::cuda::capability;

// What a device reports is checked by tests/project/device.cu, on a machine with a GPU.

static_assert(binade::cuda::compiled_capability() == capability{});

TEST(capability, a_report_names_the_paths) {
  EXPECT_EQ(to_string(capability{}), "host: all portable");
  EXPECT_EQ(to_string(capability{.architecture = 80}), "sm_80: all portable");
  EXPECT_EQ(to_string(capability{.architecture = 90, .fp8_conversions = true, .wgmma = true}),
            "sm_90: FP8 conversions, wgmma in hardware; all else portable");
  EXPECT_EQ(to_string(capability{.architecture = 100,
                                 .fp8_conversions = true,
                                 .narrow_conversions = true,
                                 .stochastic_conversions = true}),
            "sm_100: FP8 conversions, FP6, FP4 and E8M0 conversions (never run), stochastic "
            "conversions (never run) in hardware; all else portable");
}

}  // namespace

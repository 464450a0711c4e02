// SPDX-License-Identifier: MIT

// That a sweep notices one wrong code, wherever it stands, and that a sampled one looks at every
// place where a code begins.

#include "exhaustive/sweep.hpp"

#include "oracle/catalog.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

using exhaustive::detail::job;

const exhaustive::conversion e4m3fn = {"e4m3fn", &oracle::by_name("e4m3fn"),
                                       oracle::saturation::none, nullptr};

/// The right codes of the floats of bit patterns first, first + 1 and so on, one by one.
std::vector<std::byte> right_codes(std::uint32_t first, std::size_t n) {
  std::vector<std::byte> codes;
  for (std::size_t i = 0; i < n; ++i) {
    const float x = oracle::float_of(first + static_cast<std::uint32_t>(i));
    const auto code =
        encode(*e4m3fn.expected, double{x}, oracle::mode::ties_to_even, e4m3fn.policy);
    codes.push_back(static_cast<std::byte>(code));
  }
  return codes;
}

TEST(sweep, notices_one_wrong_code) {
  constexpr std::uint32_t n = 4096;
  // Within a run, at the start of one, with one after the first float and before the last, at the
  // end of the range, at infinity and NaN, and the same of negative sign up to the last float.
  for (const std::uint32_t first :
       {0U, 0x3F800100U, 0x3A800001U, 0x3A800000U, 0x3A800001U - n + 1, 0x43E80001U - 100,
        0x7F800000U - 7, 0x80000000U - n, 0xBA800001U - 1, 0xFF800000U - 7, 0xFFFFFFFFU - n + 1}) {
    std::vector<std::byte> codes = right_codes(first, n);
    job right(e4m3fn);
    check_codes(right, first, codes.data(), n);
    EXPECT_EQ(right.row.mismatches(), 0U) << std::hex << first;
    for (const std::uint32_t at : {0U, 1U, n / 2, n - 2, n - 1}) {
      job wrong(e4m3fn);
      codes[at] ^= std::byte{1};
      check_codes(wrong, first, codes.data(), n);
      codes[at] ^= std::byte{1};
      EXPECT_EQ(wrong.row.mismatches(), 1U) << std::hex << first << ", element " << at;
    }
  }
}

TEST(sweep, chunks_hold_every_place_where_a_code_begins_or_ends) {
  std::vector<std::unique_ptr<job>> jobs;
  jobs.push_back(std::make_unique<job>(e4m3fn));
  constexpr std::uint64_t size = 256;
  const std::vector<std::uint32_t> chunks = exhaustive::detail::chosen_chunks(jobs, size, 4099);
  for (const oracle::float_run& run : jobs.front()->runs) {
    for (const std::uint32_t bits : {run.first, run.first - 1}) {
      EXPECT_TRUE(std::binary_search(chunks.begin(), chunks.end(), bits / size)) << bits;
    }
  }
  EXPECT_EQ(exhaustive::detail::chosen_chunks(jobs, 1 << 16, 1).size(), 65536U);
}

}  // namespace

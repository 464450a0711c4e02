// SPDX-License-Identifier: MIT
#include "binade/fmt.hpp"

#include "binade/format/catalog.hpp"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace binade;

/// Formats with a specification that is known at run time only.
template <class... Args>
std::string run_time(const std::string& specification, const Args&... args) {
  return fmt::format(fmt::runtime(specification), args...);
}

TEST(fmt, writes_the_shortest_text_of_every_value_of_every_format) {
  for_each_type(all_formats{}, []<class F>() {
    static_assert(fmt::is_formattable<F>::value);
    constexpr std::uint32_t count = std::uint32_t{1} << describe(F::spec).code_bits;
    for (std::uint32_t code = 0; code < count; code += count > 256 ? 997 : 1) {
      const F x = F::from_bits(code);
      EXPECT_EQ(fmt::format("{}", x), to_string(x)) << F::names.name;
      EXPECT_EQ(fmt::format("{:b}", x), binary_code(x)) << F::names.name;
      EXPECT_EQ(fmt::format("{:x}", x), hex_code(x)) << F::names.name;
      const auto exact = convert<double>(x);
      EXPECT_EQ(fmt::format("{:.3f} {:e} {:G} {:a}", x, x, x, x),
                fmt::format("{:.3f} {:e} {:G} {:a}", exact, exact, exact, exact))
          << F::names.name;
    }
  });
}

TEST(fmt, fills_aligns_and_signs) {
  const e4m3fn x(3.5F);
  EXPECT_EQ(fmt::format("[{:8}]", x), "[     3.5]");
  EXPECT_EQ(fmt::format("[{:<8}]", x), "[3.5     ]");
  EXPECT_EQ(fmt::format("[{:^8}]", x), "[  3.5   ]");
  EXPECT_EQ(fmt::format("[{:*>8}]", x), "[*****3.5]");
  EXPECT_EQ(fmt::format("[{:.<8}]", x), "[3.5.....]");
  EXPECT_EQ(fmt::format("[{:x<8}]", x), "[3.5xxxxx]");
  EXPECT_EQ(fmt::format("[{:e^7}]", x), "[ee3.5ee]");
  EXPECT_EQ(fmt::format("[{:2}]", x), "[3.5]");
  EXPECT_EQ(fmt::format("{:+} {:+} {: } {:-}", x, -x, x, x), "+3.5 -3.5  3.5 3.5");
  EXPECT_EQ(fmt::format("{:06} {:06} {:+06}", x, -x, x), "0003.5 -003.5 +003.5");
  EXPECT_EQ(fmt::format("[{:<06}]", x), "[3.5   ]");  // as for numbers: alignment wins
  EXPECT_EQ(fmt::format("[{:>{}}] [{:{}}]", x, 6, x, 5), "[   3.5] [  3.5]");
  EXPECT_EQ(fmt::format("[{1:>{0}}]", 6, x), "[   3.5]");
  EXPECT_EQ(fmt::format("[{:10}] [{:<#10x}] [{:^14b}]", e5m2::from_bits(0xfc), x, x),
            "[      -inf] [0x46      ] [  0|1000|110  ]");
  EXPECT_EQ(fmt::format("[{:06}]", e4m3fn::from_bits(0x7f)), "[   nan]");  // nothing to fill up
}

TEST(fmt, writes_codes) {
  EXPECT_EQ(fmt::format("{:x} {:#x} {:X} {:#X}", bfloat16(-1.7F), bfloat16(-1.7F), bfloat16(-1.7F),
                        bfloat16(-1.7F)),
            "bfda 0xbfda BFDA 0XBFDA");
  EXPECT_EQ(fmt::format("{:b} {:#b}", hif8(5.0F), e2m1fn(-6.0F)), "0|01|00|010 0b1|11|1");
}

TEST(fmt, writes_numbers_as_binary64_would_be) {
  const takum8 x = takum8::from_bits(0x7e);  // 2^223: beyond binary32
  EXPECT_EQ(fmt::format("{:.4e} {:.3g}", x, x), "1.3480e+67 1.35e+67");
  EXPECT_EQ(fmt::format("{:.2} {:8.2f}|{:<8.2f}|{:+.1f} {:08.3f}", nf4(1.0F), int8(5), int8(5),
                        int8(-5), e4m3fn(1.5F)),
            "1     5.00|5.00    |-5.0 0001.500");
  EXPECT_EQ(fmt::format("{:.{}f} {:{}.{}f}", e4m3fn(1.5F), 3, e4m3fn(1.5F), 7, 2), "1.500    1.50");
}

TEST(fmt, works_in_ranges) {
  EXPECT_EQ(fmt::format("{}", std::vector<e2m1fn>{e2m1fn(0.5F), e2m1fn(6.0F)}), "[0.5, 6]");
  EXPECT_EQ(fmt::format("{:.1f}", fmt::join(std::vector<e2m1fn>{e2m1fn(0.5F), e2m1fn(6.0F)}, " ")),
            "0.5 6.0");
}

TEST(fmt, refuses_other_specifications) {
  const e4m3fn x(3.5F);
  for (const char* specification :
       {"{:d}", "{:s}", "{:xx}", "{:#}", "{:+x}", "{:08b}", "{:B}", "{:99999999999}", "{:{x}}",
        "{:{}", "{:5", "{:<", "{:q.3}", "{:{<5}", "{:.3x}"}) {
    EXPECT_THROW(run_time(specification, x, 1), fmt::format_error) << specification;
  }
  EXPECT_THROW(run_time("{:{}}", x, -1), fmt::format_error);
  EXPECT_THROW(run_time("{:{}}", x, "wide"), fmt::format_error);
  EXPECT_THROW(run_time("{:{}}", x, true), fmt::format_error);
  EXPECT_THROW(run_time("{:{}}", x, 1.5), fmt::format_error);
  EXPECT_THROW(run_time("{:{}}", x, 1LL << 40), fmt::format_error);
  EXPECT_THROW(run_time("{:{}}", x), fmt::format_error);
}

}  // namespace

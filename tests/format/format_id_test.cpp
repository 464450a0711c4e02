// SPDX-License-Identifier: MIT
#include "binade/format/format_id.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <cstddef>
#include <set>
#include <string>

namespace {

using namespace binade;

TEST(format_id, counts_the_catalogue_in_its_order) {
  int next = 0;
  for_each_type(all_formats{}, [&next]<class F>() {
    EXPECT_EQ(static_cast<int>(id_of<F>()), next) << F::names.name;
    EXPECT_EQ(all_format_ids()[static_cast<std::size_t>(next)], id_of<F>()) << F::names.name;
    ++next;
  });
  EXPECT_EQ(next, format_count);
  EXPECT_EQ(all_format_ids().size(), static_cast<std::size_t>(format_count));
}

TEST(format_id, info_is_what_the_type_says) {
  for_each_type(all_formats{}, []<class F>() {
    const format_information& info = format_info(id_of<F>());
    EXPECT_STREQ(info.name, F::names.name);
    EXPECT_STREQ(info.names.name, F::names.name);
    EXPECT_STREQ(info.description, F::names.description) << info.name;
    EXPECT_EQ(info.bit_count, F::bit_count) << info.name;
    EXPECT_EQ(info.storage_bytes, F::bit_count <= 8 ? 1 : (F::bit_count <= 16 ? 2 : 4))
        << info.name;
    EXPECT_EQ(info.exact_in, F::exact_in()) << info.name;
    EXPECT_EQ(info.names.onnx_type, F::names.onnx_type) << info.name;
    constexpr code_description codes = describe(F::spec);
    EXPECT_EQ(info.codes.code_bits, codes.code_bits) << info.name;
    EXPECT_EQ(info.codes.largest, codes.largest) << info.name;
    EXPECT_EQ(info.codes.has_nan, codes.has_nan) << info.name;
    // The defaults are those of a conversion that names none: both give the same code.
    const unpacked tie = detail::make_finite(false, 5, -1);
    EXPECT_EQ(F::from_exact(tie, info.default_rounding, info.default_rules).bits(),
              F::from_exact(tie).bits())
        << info.name;
    const unpacked infinity = detail::make_special(value_class::infinity, false);
    EXPECT_EQ(F::from_exact(infinity, info.default_rounding, info.default_rules).bits(),
              F::from_exact(infinity).bits())
        << info.name;
  });
}

TEST(format_id, knows_some_formats) {
  EXPECT_STREQ(format_info(id_of<e4m3fn>()).name, "e4m3fn");
  EXPECT_EQ(format_info(id_of<e4m3fn>()).bit_count, 8);
  EXPECT_EQ(format_info(id_of<e2m1fn>()).bit_count, 4);
  EXPECT_EQ(format_info(id_of<tfloat32>()).storage_bytes, 4);
  EXPECT_EQ(format_info(id_of<takum8>()).exact_in, carrier::binary64);
  EXPECT_EQ(format_info(id_of<hif8>()).default_rounding.mode, rounding::mode::ties_to_away);
  EXPECT_EQ(format_info(id_of<bfloat16>()).default_rules.saturation, saturation_mode::none);
  EXPECT_EQ(format_info(id_of<ue4m3>()).codes.code_bits, 7);
}

TEST(format_id, refuses_a_number_that_is_none) {
  volatile int number = format_count;  // else g++ warns that no table has so many entries
  const auto id = static_cast<format_id>(number);
  EXPECT_THROW(static_cast<void>(format_info(id)), error);
  EXPECT_THROW(static_cast<void>(format_info(static_cast<format_id>(65535))), error);
  EXPECT_THROW(visit_format(id, []<class F>() {}), error);
  try {
    static_cast<void>(format_info(static_cast<format_id>(60000)));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(std::string(e.what()), "format_info: there is no format 60000; allowed are 0 to " +
                                         std::to_string(format_count - 1));
  }
}

TEST(format_id, visit_goes_back_to_the_type) {
  for (const format_id id : all_format_ids()) {
    const std::string name = visit_format(id, []<class F>() { return std::string(F::names.name); });
    EXPECT_EQ(name, format_info(id).name);
  }
  // Results of different types become their common type; nothing at all is allowed too; a visitor
  // keeps its state.
  const auto one =
      visit_format(id_of<e4m3fn>(), []<class F>() { return static_cast<float>(F(1.0F)); });
  static_assert(std::same_as<decltype(one), const float>);
  EXPECT_EQ(one, 1.0F);
  int calls = 0;
  for (const format_id id : all_format_ids()) visit_format(id, [&calls]<class F>() { ++calls; });
  EXPECT_EQ(calls, format_count);
}

// A format that is in no catalogue has no id.
struct made_up : minifloat<made_up, 7> {
  using minifloat::minifloat;
  static constexpr float_spec spec{.exponent_bits = 3, .mantissa_bits = 3, .bias = 3};
};
static_assert(format<made_up> && !catalogued_format<made_up> && catalogued_format<e4m3fn>);
static_assert(!catalogued_format<float>);

static_assert(sizeof(format_id) == 2);
static_assert(format_info(id_of<posit8>()).bit_count == 8);
static_assert(visit_format(id_of<e2m3fn>(), []<class F>() { return F::bit_count; }) == 6);

}  // namespace

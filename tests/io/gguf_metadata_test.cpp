// SPDX-License-Identifier: MIT
#include "binade/io/gguf_metadata.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using binade::gguf_metadata;
using binade::gguf_type;
using binade::gguf_value;

template <class Function>
std::string message_of(Function&& f) {
  try {
    f();
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

TEST(gguf_metadata, keeps_what_is_added) {
  gguf_metadata made;
  made.add("name", "text");
  made.add("u8", std::uint8_t{255});
  made.add("i8", std::int8_t{-128});
  made.add("u16", std::uint16_t{65535});
  made.add("i16", std::int16_t{-32768});
  made.add("u32", std::uint32_t{7});
  made.add("i32", std::int32_t{-7});
  made.add("u64", ~std::uint64_t{0});
  made.add("i64", std::int64_t{-1});
  made.add("f32", 0.25F);
  made.add("f64", 0.1);
  made.add("bool", true);
  const std::vector<float> floats{1, 2, 3};
  made.add("floats", std::span<const float>(floats));
  const std::vector<std::string> words{"", "a", "bc"};
  made.add("words", std::span<const std::string>(words));
  made.add("none", std::span<const std::string>());
  made.add("copy", made.entries()[13].value);
  const gguf_metadata moved = std::move(made);

  const auto& entries = moved.entries();
  ASSERT_EQ(entries.size(), 16U);
  EXPECT_EQ(entries[0].key, "name");
  EXPECT_EQ(entries[0].value.as_string(), "text");
  EXPECT_EQ(entries[1].value.as_unsigned(), 255U);
  EXPECT_EQ(entries[2].value.as_signed(), -128);
  EXPECT_EQ(entries[3].value.as_signed(), 65535);
  EXPECT_EQ(entries[4].value.as_signed(), -32768);
  EXPECT_EQ(entries[5].value.as_unsigned(), 7U);
  EXPECT_EQ(entries[6].value.as_signed(), -7);
  EXPECT_EQ(entries[7].value.as_unsigned(), ~std::uint64_t{0});
  EXPECT_EQ(entries[8].value.as_signed(), -1);
  EXPECT_EQ(entries[9].value.as_float(), 0.25);
  EXPECT_EQ(entries[10].value.as_float(), 0.1);
  EXPECT_TRUE(entries[11].value.as_bool());
  EXPECT_EQ(entries[12].value.type(), gguf_type::array);
  EXPECT_EQ(entries[12].value.element_type(), gguf_type::f32);
  EXPECT_EQ(entries[12].value.size(), 3U);
  EXPECT_EQ(entries[14].value.size(), 0U);
  for (const std::size_t i : {13U, 15U}) {
    std::vector<std::string> got;
    entries[i].value.for_each([&got](const gguf_value& v) { got.emplace_back(v.as_string()); });
    EXPECT_EQ(got, words);
  }
}

TEST(gguf_metadata, cannot_be_copied_since_values_refer_to_it) {
  EXPECT_FALSE(std::is_copy_constructible_v<gguf_metadata>);
  EXPECT_TRUE(std::is_nothrow_destructible_v<gguf_metadata>);
}

TEST(gguf_value, says_what_it_is_instead) {
  gguf_metadata made;
  made.add("text", "x");
  made.add("minus", std::int32_t{-1});
  made.add("large", std::uint64_t{1} << 63);
  const gguf_value text = made.entries()[0].value;
  const gguf_value minus = made.entries()[1].value;
  const gguf_value large = made.entries()[2].value;
  const std::string begin = "gguf_value: ";
  const std::string is_i32 = " is asked for, but the value is i32";
  EXPECT_EQ(message_of([&] { (void)minus.as_string(); }), begin + "a string" + is_i32);
  EXPECT_EQ(message_of([&] { (void)minus.as_float(); }), begin + "f32 or f64" + is_i32);
  EXPECT_EQ(message_of([&] { (void)minus.as_bool(); }), begin + "a bool" + is_i32);
  EXPECT_EQ(message_of([&] { minus.for_each([](const gguf_value&) {}); }),
            begin + "an array" + is_i32);
  EXPECT_EQ(message_of([&] { (void)minus.as_unsigned(); }),
            begin + "an integer that is not negative" + is_i32);
  EXPECT_EQ(message_of([&] { (void)text.as_unsigned(); }),
            begin + "an integer that is not negative is asked for, but the value is string");
  EXPECT_EQ(message_of([&] { (void)large.as_signed(); }),
            begin + "an integer below 2^63 is asked for, but the value is u64");
  EXPECT_EQ(large.as_unsigned(), std::uint64_t{1} << 63);
}

}  // namespace

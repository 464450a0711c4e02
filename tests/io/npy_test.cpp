// SPDX-License-Identifier: MIT
#include "binade/io/npy.hpp"

#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using binade::npy_file;
using binade::npy_order;

std::vector<std::byte> file_of(std::string_view header, std::size_t data, char major = 1) {
  byte_file file;
  file.text("\x93NUMPY").number(major).number('\0');
  if (major == 1) {
    file.number(static_cast<std::uint16_t>(header.size()));
  } else {
    file.number(static_cast<std::uint32_t>(header.size()));
  }
  return file.text(header).zeros(data).bytes();
}

std::string message_of(std::span<const std::byte> bytes) {
  try {
    (void)npy_file::from_bytes(bytes, "hostile");
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

void expect_error(const std::vector<std::byte>& bytes, std::uint64_t position,
                  const std::string& part) {
  const std::string message = message_of(bytes);
  const std::string begin = "npy_file: hostile: byte " + std::to_string(position) + ": ";
  EXPECT_EQ(message.substr(0, begin.size()), begin) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_LT(message.size(), 400U);
  EXPECT_TRUE(is_printable(message)) << message;
}

// What numpy 2.4.6 wrote; generate.py has the values: (i - 20) / 8 for i = 0 .. 63.
TEST(npy_file, reads_what_numpy_writes) {
  struct row {
    const char* name;
    const char* descr;
    npy_order order;
    std::vector<std::uint64_t> shape;
  };
  const std::vector<row> rows{
      {"f4", "<f4", npy_order::c, {2, 32}},     {"f4_fortran", "<f4", npy_order::fortran, {2, 3}},
      {"f8_big", ">f8", npy_order::c, {2, 32}}, {"f2_v2", "<f2", npy_order::c, {2, 32}},
      {"f4_v3", "<f4", npy_order::c, {32}},
  };
  for (const row& r : rows) {
    const auto file = npy_file::open(fixture(std::string(r.name) + ".npy"));
    const auto& array = file.array();
    EXPECT_EQ(array.descr, r.descr) << r.name;
    EXPECT_EQ(array.order, r.order) << r.name;
    EXPECT_EQ(array.shape, r.shape) << r.name;
    std::vector<float> values(array.size());
    read_f32(array, values);
    const std::size_t columns = array.shape.back();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t number = i / columns * 32 + i % columns;
      EXPECT_EQ(values[i], (static_cast<float>(number) - 20) / 8) << r.name << " " << i;
    }
  }
  EXPECT_TRUE(npy_file::open(fixture("scalar.npy")).array().shape.empty());
  EXPECT_EQ(npy_file::open(fixture("empty.npy")).array().size(), 0U);
  EXPECT_EQ(npy_file::open(fixture("bool.npy")).array().descr, "|b1");
}

// numpy does not say which type of ml_dtypes it is; codes are bytes.
TEST(npy_file, reads_the_codes_of_ml_dtypes) {
  for (const auto& [name, descr, bytes] : {std::tuple{"bfloat16", "<V2", 128},
                                           {"float8_e4m3fn", "<V1", 64},
                                           {"float8_e5m2", "<f1", 64},
                                           {"float4_e2m1fn", "<V1", 64}}) {
    const auto file = npy_file::open(fixture(std::string(name) + ".npy"));
    EXPECT_EQ(file.array().descr, descr) << name;
    EXPECT_EQ(file.array().data.size(), static_cast<std::size_t>(bytes)) << name;
  }
  // -2.5, the first value.
  EXPECT_EQ(npy_file::open(fixture("float8_e4m3fn.npy")).array().data[0], std::byte{0xc2});
  EXPECT_EQ(npy_file::open(fixture("float8_e5m2.npy")).array().data[0], std::byte{0xc1});
}

constexpr std::string_view good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

TEST(npy_file, what_is_legal_though_rare) {
  EXPECT_EQ(message_of(file_of(good, 24)), "no error");
  EXPECT_EQ(message_of(file_of(good, 24, 2)), "no error");
  EXPECT_EQ(message_of(file_of(good, 24, 3)), "no error");
  EXPECT_EQ(
      message_of(file_of("{\"shape\":(3L,),\"descr\":\"bfloat16\",\"fortran_order\":True}", 6)),
      "no error");
  EXPECT_EQ(message_of(file_of("{'shape': (), 'descr': '|V7', 'fortran_order': False}", 7)),
            "no error");
}

TEST(npy_file, every_prefix_is_an_error) {
  const auto bytes = read_bytes(fixture("f4_fortran.npy"));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::vector<std::byte> prefix(bytes.begin(),
                                        bytes.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_NE(message_of(prefix), "no error") << n;
  }
}

TEST(npy_file, every_changed_byte_loads_or_is_an_error) {
  const auto bytes = read_bytes(fixture("f4_fortran.npy"));
  for (std::size_t i = 0; i < 128; ++i) {
    for (int value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[i] = static_cast<std::byte>(value);
      ASSERT_TRUE(is_printable(message_of(changed))) << i << " " << value;
    }
  }
}

TEST(npy_file, start_of_the_file) {
  expect_error({}, 0, "the file ends inside the magic");
  expect_error(byte_file().text("PK\3\4.....").bytes(), 0, "does not start with");
  expect_error(file_of(good, 24, 4), 6, "version 4.0; allowed are 1.0, 2.0 and 3.0");
  auto huge = file_of(good, 24, 2);
  huge[11] = std::byte{0xff};
  expect_error(huge, 12, "the file ends inside the header: ");
}

TEST(npy_file, dictionary) {
  const auto expect = [](const std::string& header, std::uint64_t at, const std::string& part) {
    expect_error(file_of(header, 24), 10 + at, part);
  };
  expect("", 0, "'{' must follow here");
  expect("[1]", 0, "'{' must follow here");
  expect("{}", 2, "must have descr, fortran_order and shape");
  expect("{'x': 1}", 1, "key \"x\"; allowed are");
  expect("{'descr", 1, "a string must follow here");
  expect("{descr: 1}", 1, "a string must follow here");
  expect("{'descr' '<f4'}", 9, "':' must follow here");
  expect("{'descr': '<f4' 'shape': ()}", 16, "'}' must follow here");
  expect("{'descr': '<f4', 'descr': '<f4'}", 17, "duplicate key \"descr\"");
  expect("{'descr': [('a', '<f4')]}", 10, "a structured type");
  expect("{'descr': '\\x3cf4'}", 10, "a string with a backslash");
  for (const char* bad : {"|O", "|O8", "<f3", "<U4", "|S5", "<M8", "f4", "<f", "<f04", "<f4x",
                          "<i16", "<f99999", "float32", "", "<V0", "?b1", "<f-4"}) {
    expect(std::string("{'descr': '") + bad + "'}", 10, "; allowed are b1, i1 to i8");
  }
  expect("{'fortran_order': 1}", 18, "fortran_order must be True or False");
  expect("{'shape': [2]}", 10, "'(' must follow here");
  expect("{'shape': (2)}", 12, "a comma must follow in a tuple of one");
  expect("{'shape': (2 3)}", 13, "a comma must follow");
  expect("{'shape': (2, 3 4)}", 16, "')' must follow here");
  expect("{'shape': (-2,)}", 11, "a dimension must be an integer");
  expect("{'shape': ((2,),)}", 11, "a dimension must be an integer");
  expect("{'shape': (18446744073709551616,)}", 11, "a dimension must be an integer");
  std::string many = "{'shape': (";
  for (int i = 0; i < 65; ++i) many += "1,";
  expect(many + ")}", 139, "more than 64 dimensions");
  expect(std::string(good) + "x", good.size(), "only spaces and a newline may follow");
}

TEST(npy_file, sizes) {
  const auto at = 10 + good.size();
  expect_error(file_of(good, 23), at, "23 bytes of data follow; <f4 [2, 3] takes 24");
  expect_error(file_of(good, 25), at, "25 bytes of data follow; <f4 [2, 3] takes 24");
  // 2^62 elements of 4 bytes; 2^63 * 2 elements.
  for (const char* shape : {"(4611686018427387904,)", "(9223372036854775808, 2)"}) {
    const std::string header =
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': ") + shape + "}";
    expect_error(file_of(header, 0), 10 + header.size(), "overflows 64 bits");
  }
}

}  // namespace

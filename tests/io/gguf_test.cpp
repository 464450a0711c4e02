// SPDX-License-Identifier: MIT
#include "binade/io/gguf.hpp"

#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using binade::ggml_type;
using binade::gguf_file;
using binade::gguf_type;

byte_file& string(byte_file& file, std::string_view text) {
  return file.number<std::uint64_t>(text.size()).text(text);
}

// "GGUF", version 3 and the counts.
byte_file start(std::uint64_t tensors, std::uint64_t pairs) {
  byte_file file;
  file.text("GGUF").number<std::uint32_t>(3).number(tensors).number(pairs);
  return file;
}

void add_tensor(byte_file& file, std::string_view name, std::vector<std::int64_t> ne,
                std::uint32_t type, std::uint64_t offset) {
  string(file, name).number(static_cast<std::uint32_t>(ne.size()));
  for (const std::int64_t n : ne) file.number(n);
  file.number(type).number(offset);
}

// Tensors of 8 floats at the given offsets, and `data` bytes behind the padded header.
std::vector<std::byte> floats_at(std::vector<std::uint64_t> offsets, std::size_t data) {
  byte_file file = start(offsets.size(), 0);
  char name = 'a';
  for (const std::uint64_t offset : offsets) add_tensor(file, {&name, 1}, {8}, 0, offset), ++name;
  file.zeros((32 - file.bytes().size() % 32) % 32 + data);
  return file.bytes();
}

std::string message_of(std::span<const std::byte> bytes) {
  try {
    (void)gguf_file::from_bytes(bytes, "hostile");
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

void expect_error(const std::vector<std::byte>& bytes, std::uint64_t position,
                  const std::string& part) {
  const std::string message = message_of(bytes);
  const std::string begin = "gguf_file: hostile: byte " + std::to_string(position) + ": ";
  EXPECT_EQ(message.substr(0, begin.size()), begin) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_LT(message.size(), 400U);
  EXPECT_TRUE(is_printable(message)) << message;
}

// What gguf 0.19.0 wrote; generate.py has the values.
TEST(gguf_file, reads_metadata_of_every_type) {
  const auto file = gguf_file::open(fixture("all.gguf"));
  const auto value = [&file](const char* key) { return *file.find_metadata(key); };
  EXPECT_EQ(file.metadata()[0].key, "general.architecture");
  EXPECT_EQ(value("general.architecture").as_string(), "llama");
  EXPECT_EQ(value("u8").as_unsigned(), 200U);
  EXPECT_EQ(value("i8").as_signed(), -100);
  EXPECT_EQ(value("u16").as_unsigned(), 60000U);
  EXPECT_EQ(value("i16").as_signed(), -30000);
  EXPECT_EQ(value("u32").as_signed(), 4000000000);
  EXPECT_EQ(value("i32").as_signed(), -2000000000);
  EXPECT_EQ(value("f32").as_float(), 1.5);
  EXPECT_TRUE(value("yes").as_bool());
  EXPECT_FALSE(value("no").as_bool());
  EXPECT_EQ(value("text").as_string(), "b\xc3\xa9ta");
  EXPECT_EQ(value("u64").as_unsigned(), ~std::uint64_t{0});
  EXPECT_EQ(value("i64").as_signed(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(value("f64").as_float(), 0.1);
  EXPECT_EQ(file.find_metadata("none"), nullptr);

  std::vector<std::string> strings;
  value("strings").for_each([&](const auto& v) { strings.emplace_back(v.as_string()); });
  EXPECT_EQ(strings, (std::vector<std::string>{"", "one", "two"}));
  std::vector<std::int64_t> ints;
  value("ints").for_each([&](const auto& v) { ints.push_back(v.as_signed()); });
  EXPECT_EQ(ints, (std::vector<std::int64_t>{1, -2, 3}));
  std::vector<double> floats;
  value("floats").for_each([&](const auto& v) { floats.push_back(v.as_float()); });
  EXPECT_EQ(floats, (std::vector<double>{0.5, -0.25}));
  std::vector<std::int64_t> nested;
  value("nested").for_each([&](const auto& row) {
    row.for_each([&](const auto& v) { nested.push_back(v.as_signed()); });
    nested.push_back(0);
  });
  EXPECT_EQ(nested, (std::vector<std::int64_t>{1, 2, 0, 3, 0}));
}

TEST(gguf_file, reads_tensors_of_the_package) {
  const auto file = gguf_file::open(fixture("all.gguf"));
  EXPECT_EQ(file.alignment(), 32U);
  struct row {
    const char* name;
    ggml_type type;
    std::vector<std::uint64_t> shape;
    std::size_t bytes;
  };
  // The bytes are 64 elements / block size * block bytes; nvfp4 has 3 x 128.
  const std::vector<row> rows{
      {"f32", ggml_type::f32, {2, 32}, 256},      {"f16", ggml_type::f16, {5}, 10},
      {"bf16", ggml_type::bf16, {2, 32}, 128},    {"q4_0", ggml_type::q4_0, {2, 32}, 36},
      {"q8_0", ggml_type::q8_0, {2, 32}, 68},     {"mxfp4", ggml_type::mxfp4, {2, 32}, 34},
      {"nvfp4", ggml_type::nvfp4, {3, 128}, 216}, {"i8", ggml_type::i8, {2, 3, 4}, 24}};
  ASSERT_EQ(file.tensors().size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& tensor = file.tensors()[i];
    EXPECT_EQ(tensor.name, rows[i].name);
    EXPECT_EQ(tensor.type, rows[i].type) << tensor.name;
    EXPECT_EQ(tensor.shape, rows[i].shape) << tensor.name;
    EXPECT_EQ(tensor.data.size(), rows[i].bytes) << tensor.name;
  }
  for (const char* name : {"f32", "bf16"}) {
    std::vector<float> values(64);
    read_f32(file.find(name), values);
    for (int i = 0; i < 64; ++i) {
      EXPECT_EQ(values[static_cast<std::size_t>(i)], static_cast<float>(i - 20) / 8) << name;
    }
  }
  for (std::size_t i = 0; i < 216; ++i) {
    EXPECT_EQ(file.find("nvfp4").data[i], static_cast<std::byte>(i));
  }
}

TEST(gguf_file, takes_the_alignment_from_the_metadata) {
  const auto file = gguf_file::open(fixture("aligned.gguf"));
  EXPECT_EQ(file.alignment(), 64U);
  std::vector<float> v(3);
  read_f32(file.find("v"), v);
  EXPECT_EQ(v, (std::vector<float>{-2.5F, -2.375F, -2.25F}));
  EXPECT_EQ((file.find("v").data.data() - file.find("w").data.data()) % 64, 0);
}

TEST(gguf_file, what_is_legal_though_rare) {
  EXPECT_EQ(message_of(start(0, 0).bytes()), "no error");
  // Version 2, another order in the data, a gap, bytes behind the end, an empty tensor anywhere.
  auto bytes = floats_at({64, 0}, 100);
  bytes[4] = std::byte{2};
  EXPECT_EQ(message_of(bytes), "no error");
  byte_file file = start(2, 0);
  add_tensor(file, "empty", {0, 5}, 0, std::uint64_t{1} << 40);
  add_tensor(file, "", {}, 24, 0);
  file.zeros((32 - file.bytes().size() % 32) % 32 + 1);
  const auto opened = gguf_file::from_bytes(file.bytes());
  EXPECT_EQ(opened.find("empty").shape, (std::vector<std::uint64_t>{5, 0}));
  EXPECT_EQ(opened.find("").size(), 1U);
  EXPECT_EQ(opened.find("").data.size(), 1U);
}

TEST(gguf_file, start_of_the_file) {
  expect_error({}, 0, "the file ends inside the magic: 4 bytes are needed, 0 are left");
  expect_error(byte_file().text("GGML").bytes(), 0, "does not start with \"GGUF\"");
  expect_error(byte_file().text("GGUF").number<std::uint32_t>(1).bytes(), 4,
               "version 1; allowed are 2 and 3");
  expect_error(byte_file().text("GGUF").number<std::uint32_t>(0x03000000).bytes(), 4, "big-endian");
  for (const std::uint64_t huge : {std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    expect_error(start(huge, 0).bytes(), 8, std::to_string(huge) + " tensors do not fit in the 8 ");
    expect_error(start(0, huge).bytes(), 16, std::to_string(huge) + " key-value pairs do not fit");
  }
}

TEST(gguf_file, every_prefix_of_a_file_is_an_error) {
  const auto bytes = read_bytes(fixture("all.gguf"));
  const auto whole = gguf_file::from_bytes(bytes);
  const auto& last = whole.tensors().back();
  const auto end = static_cast<std::size_t>(last.data.data() + last.data.size() - bytes.data());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    // A copy of exactly n bytes, so that a sanitizer sees a read behind them.
    const std::vector<std::byte> prefix(bytes.begin(),
                                        bytes.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_EQ(message_of(prefix) == "no error", n >= end) << n << " of " << bytes.size();
  }
}

TEST(gguf_file, every_changed_byte_loads_or_is_an_error) {
  const auto bytes = read_bytes(fixture("all.gguf"));
  const auto whole = gguf_file::from_bytes(bytes);
  const auto header = static_cast<std::size_t>(whole.tensors()[0].data.data() - bytes.data());
  for (std::size_t i = 0; i < header; ++i) {
    for (const int value : {0, 1, 2, 9, 127, 128, 255}) {
      auto changed = bytes;
      changed[i] = static_cast<std::byte>(value);
      EXPECT_TRUE(is_printable(message_of(changed))) << i << " " << value;
    }
  }
}

TEST(gguf_file, metadata) {
  byte_file file = start(0, 1);
  string(file, "k").number<std::uint32_t>(13).zeros(64);
  expect_error(file.bytes(), 33, "metadata type 13; allowed are 0 to 12");
  file = start(0, 1);
  string(file, "k").number<std::uint32_t>(9).number<std::uint32_t>(10);
  file.number(std::uint64_t{1} << 61).zeros(8);
  expect_error(file.bytes(), 49, "an array of 2305843009213693952 values of type u64 does not fit");
  file = start(0, 1);
  string(file, "k").number<std::uint32_t>(8).number(~std::uint64_t{0}).zeros(8);
  expect_error(file.bytes(), 45, "the file ends inside a string: 18446744073709551615 bytes");
  file = start(0, 2);
  string(file, "k").number<std::uint32_t>(0).text("x");
  string(file, "k").number<std::uint32_t>(0).text("x");
  expect_error(file.bytes(), 38, "duplicate key \"k\"");
}

TEST(gguf_file, arrays_of_arrays) {
  const auto nested = [](int levels) {
    byte_file file = start(0, 1);
    string(file, "k").number<std::uint32_t>(9);
    for (int i = 1; i < levels; ++i) file.number<std::uint32_t>(9).number<std::uint64_t>(1);
    file.number<std::uint32_t>(0).number<std::uint64_t>(2).text("xy");
    return file.bytes();
  };
  EXPECT_EQ(message_of(nested(4)), "no error");
  expect_error(nested(5), 85, "nested deeper than 4 levels");
  expect_error(nested(100000), 85, "nested deeper than 4 levels");
}

TEST(gguf_file, alignment) {
  for (const std::uint32_t bad : {0U, 3U, 48U}) {
    byte_file file = start(0, 1);
    string(file, "general.alignment").number<std::uint32_t>(4).number(bad);
    expect_error(file.bytes(), file.bytes().size(), "general.alignment must be a u32");
  }
  byte_file file = start(0, 1);
  string(file, "general.alignment").number<std::uint32_t>(10).number<std::uint64_t>(32);
  expect_error(file.bytes(), file.bytes().size(), "general.alignment must be a u32");
  file = start(1, 1);
  string(file, "general.alignment").number<std::uint32_t>(4).number(1U << 31);
  add_tensor(file, "a", {1}, 24, 0);
  expect_error(file.bytes(), file.bytes().size(), "does not lie in the file");
}

TEST(gguf_file, tensors) {
  const auto one = [](std::vector<std::int64_t> ne, std::uint32_t type, std::uint64_t offset) {
    byte_file file = start(1, 0);
    add_tensor(file, "w", ne, type, offset);
    return file.zeros(256).bytes();
  };
  expect_error(one({-1}, 0, 0), 45, "tensor \"w\" has a dimension of -1");
  expect_error(one({1, 1, 1, 1, 1}, 0, 0), 37, "has 5 dimensions; at most 4 are allowed");
  for (const std::uint32_t type : {4U, 31U, 42U, 0xffffffffU}) {
    expect_error(one({32}, type, 0), 49, "is of ggml type " + std::to_string(type) + ", which");
  }
  expect_error(one({33}, 8, 0), 57, "Q8_0[33] overflows 64 bits or its rows do not fill whole");
  // Products that wrap around: 2^62 * 4 = 2^64, and 2^62 elements of 4 bytes.
  expect_error(one({std::int64_t{1} << 62, 4}, 24, 0), 65, "overflows 64 bits");
  expect_error(one({std::int64_t{1} << 62}, 0, 0), 57, "overflows 64 bits");
  expect_error(one({4}, 0, 31), 57, "begins at 31 of the data; it must be a multiple of 32");
  expect_error(one({4}, 0, ~std::uint64_t{31}), 57, "does not lie in the file");
  expect_error(one({64}, 0, ~std::uint64_t{31}), 57, "its end overflows 64 bits");
  expect_error(one({1000}, 0, 0), 57, "at [0, 4000) of the data does not lie in the file");
  byte_file file = start(2, 0);
  add_tensor(file, "w", {1}, 0, 0);
  add_tensor(file, "w", {1}, 0, 32);
  expect_error(file.zeros(256).bytes(), 57, "duplicate tensor name \"w\"");
}

TEST(gguf_file, overlaps) {
  EXPECT_EQ(message_of(floats_at({0, 32, 64}, 96)), "no error");
  // Each info takes 8 + 1 + 4 + 8 + 4 + 8 = 33 bytes behind the 24 of the start.
  expect_error(floats_at({0, 0}, 96), 90, "the data of tensors \"a\" and \"b\" overlap");
  auto wide = floats_at({32, 0}, 96);
  wide[24 + 33 + 13] = std::byte{9};  // "b" takes 36 bytes from 0 on
  expect_error(wide, 57, "the data of tensors \"b\" and \"a\" overlap");
  expect_error(floats_at({0, 96}, 96), 90, "does not lie in the file, which has 96 bytes of data");
}

TEST(gguf_file, an_unknown_name_is_answered_with_the_nearest) {
  const auto file = gguf_file::open(fixture("all.gguf"));
  try {
    (void)file.find("nvfp5");
    ADD_FAILURE() << "found";
  } catch (const binade::error& problem) {
    EXPECT_EQ(std::string(problem.what()),
              "gguf_file: tests/io/fixtures/all.gguf: no tensor is called \"nvfp5\"; the nearest "
              "names are \"nvfp4\"");
  }
}

}  // namespace

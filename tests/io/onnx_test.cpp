// SPDX-License-Identifier: MIT
#include "binade/io/onnx.hpp"

#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using binade::onnx_file;
using binade::onnx_tensor;
using binade::onnx_type;

// Protobuf, written by hand: fields of numbers and of bytes.
std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 128; value >>= 7) text += static_cast<char>((value & 127) | 128);
  return text + static_cast<char>(value);
}
std::string number(std::uint32_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
std::string bytes(std::uint32_t field, const std::string& payload) {
  return varint(field << 3 | 2) + varint(payload.size()) + payload;
}
std::string initializer(const std::string& tensor) { return bytes(5, tensor); }
std::string model(const std::string& graph) { return bytes(7, graph); }

// A tensor of one dimension.
std::string tensor(std::uint64_t type, std::uint64_t extent, const std::string& rest) {
  return number(1, extent) + number(2, type) + bytes(8, "w") + rest;
}

std::string message_of(const std::string& text) {
  const std::vector<std::byte> copy = byte_file().text(text).bytes();
  try {
    (void)onnx_file::from_bytes(copy, "hostile");
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}
void expect_error(const std::string& text, std::uint64_t position, const std::string& part) {
  const std::string message = message_of(text);
  const std::string begin = "onnx_file: hostile: byte " + std::to_string(position) + ": ";
  EXPECT_EQ(message.substr(0, begin.size()), begin) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_LT(message.size(), 400U);
  EXPECT_TRUE(is_printable(message)) << message;
}
void expect_tensor_error(const std::string& tensor, const std::string& part) {
  const std::string message = message_of(model(initializer(tensor)));
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_TRUE(is_printable(message)) << message;
}

// What onnx 1.23.2 wrote: each type in raw_data and in its typed field, which must be the same.
TEST(onnx_file, reads_every_type_from_both_places) {
  const auto file = onnx_file::open(fixture("all.onnx"));
  int pairs = 0;
  for (const onnx_tensor& raw : file.tensors()) {
    const std::string name(name_of(raw.type));
    if (raw.type == onnx_type::string) {
      EXPECT_EQ(raw.shape, (std::vector<std::uint64_t>{2}));
      EXPECT_TRUE(raw.data.empty());
      continue;
    }
    EXPECT_TRUE(raw.name == name || raw.name == name + "_typed") << raw.name << " is " << name;
    EXPECT_EQ(raw.shape, (std::vector<std::uint64_t>{5})) << raw.name;
    if (raw.name != name || name == "FLOAT8E8M0") continue;
    EXPECT_TRUE(std::ranges::equal(raw.data, file.find(name + "_typed").data)) << raw.name;
    ++pairs;
  }
  EXPECT_EQ(pairs, 24);
  // 0, 1, 2, 3, 1, the first element in the low bits, padded with zeros.
  const auto expect_bytes = [&file](const char* name, const std::string& text) {
    EXPECT_TRUE(std::ranges::equal(file.find(name).data, std::as_bytes(std::span(text)))) << name;
  };
  expect_bytes("UINT4", std::string("\x10\x32\x01", 3));
  expect_bytes("UINT2", std::string("\xe4\x01", 2));
  expect_bytes("FLOAT4E2M1", std::string("\x20\x54\x02", 3));
  for (const char* name : {"FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "DOUBLE_typed"}) {
    std::vector<float> values(5);
    read_f32(file.find(name), values);
    EXPECT_EQ(values, (std::vector<float>{0, 1, 2, 3, 1})) << name;
  }
}

TEST(onnx_file, reads_external_data) {
  const auto file = onnx_file::open(fixture("external.onnx"));
  std::vector<float> values(64);
  read_f32(file.find("big"), values);
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(values[static_cast<std::size_t>(i)], static_cast<float>(i - 20) / 8);
  }
  EXPECT_EQ(file.find("small").data.size(), 12U);
}

std::string external(const std::string& key, const std::string& value) {
  return bytes(13, bytes(1, key) + bytes(2, value));
}

TEST(onnx_file, external_data_stay_in_the_folder) {
  const auto message = [](const std::string& fields) -> std::string {
    const fs::path path = fs::path(testing::TempDir()) / "binade_onnx_external";
    const std::string text = model(initializer(tensor(2, 4, number(14, 1) + fields)));
    write_bytes(path, byte_file().text(text).bytes());
    write_bytes(fs::path(testing::TempDir()) / "binade_onnx_data", byte_file().zeros(8).bytes());
    try {
      return std::to_string(onnx_file::open(path).find("w").data.size());
    } catch (const binade::error& problem) {
      return problem.what();
    }
  };
  const std::string here = external("location", "binade_onnx_data");
  EXPECT_EQ(message(here + external("offset", "4")), "4");
  EXPECT_EQ(message(here + external("offset", "1") + external("length", "4")), "4");
  const auto expect = [&](const std::string& fields, const std::string& part) {
    EXPECT_NE(message(fields).find(part), std::string::npos) << message(fields);
  };
  expect("", "external data without a location");
  for (const char* bad : {"../x", "/etc/passwd", "a/../../x", "", "a\\b", ".."}) {
    expect(external("location", bad), "it must be in the model's folder or below it");
  }
  expect(external("location", "binade_onnx_none"), "cannot be opened");
  expect(here + external("offset", "9"), "0 bytes from 9 on do not lie in \"binade_onnx_data\"");
  expect(here + external("length", "9"), "9 bytes from 0 on do not lie in");
  expect(here + external("offset", "18446744073709551615") + external("length", "4"),
         "do not lie in");
  expect(here + external("offset", "-1"), "offset \"-1\"; it must be an integer");
  expect(here, "has 8 bytes; UINT8[4] takes 4");
  expect_tensor_error(tensor(2, 4, number(14, 1) + here), "a model in memory may have none");
}

TEST(onnx_file, what_is_legal_though_rare) {
  // Unknown fields, packed dimensions, a name after the data, several graphs, no data at all.
  const std::string packed = bytes(1, varint(2) + varint(3)) + bytes(9, "abcdef") + number(100, 7) +
                             number(2, 3) + bytes(8, "p");
  const std::string text = number(1, 10) + model(bytes(2, "name") + initializer(packed)) +
                           model(initializer(tensor(1, 0, "")));
  const auto copy = byte_file().text(text).bytes();
  const auto file = onnx_file::from_bytes(copy);
  EXPECT_EQ(file.find("p").shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(file.find("p").type, onnx_type::int8);
  EXPECT_EQ(file.find("w").size(), 0U);
  // Elements that are not packed, and in several pieces.
  EXPECT_EQ(message_of(model(initializer(tensor(2, 3, number(5, 1) + bytes(5, "\2\3"))))),
            "no error");
  const std::string one("\0\0\x80\x3f", 4);
  EXPECT_EQ(message_of(model(initializer(tensor(1, 2, "\x25" + one + bytes(4, one))))), "no error");
}

TEST(onnx_file, every_prefix_and_every_changed_byte_loads_or_is_an_error) {
  const auto whole = read_bytes(fixture("all.onnx"));
  const std::string text(reinterpret_cast<const char*>(whole.data()), whole.size());
  for (std::size_t n = 0; n < text.size(); ++n)
    EXPECT_TRUE(is_printable(message_of(text.substr(0, n))));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const int value : {0, 1, 7, 8, 127, 128, 255}) {
      std::string changed = text;
      changed[i] = static_cast<char>(value);
      ASSERT_TRUE(is_printable(message_of(changed))) << i << " " << value;
    }
  }
}

TEST(onnx_file, wire_format) {
  expect_error("", 0, "the file has no graph; it is no ONNX model");
  expect_error(number(1, 10), 0, "the file has no graph");
  expect_error(std::string("\x3a\x05"), 2, "the message ends here: 5 bytes are needed, 0 are left");
  expect_error(std::string("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), 11,
               "18446744073709551615 bytes are needed, 0 are left");
  expect_error(std::string("\x08") + std::string(10, '\xff') + "\1", 1, "more than 64 bits");
  expect_error(std::string("\x08") + std::string(9, '\xff') + "\2", 1, "more than 64 bits");
  expect_error(std::string("\x02\0", 2), 0, "a field without a valid number");
  expect_error(std::string("\x3b"), 0, "wire type 3; allowed are 0, 1, 2 and 5");
  expect_error(number(7, 1), 0, "field 7 must hold bytes");
  expect_error(model(number(5, 1)), 2, "field 5 must hold bytes");
  // Messages within messages are not followed, however deep.
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep = bytes(7, deep);
  EXPECT_EQ(message_of(deep), "no error");
}

TEST(onnx_file, tensors) {
  expect_tensor_error(number(1, 4), "has no data type");
  expect_tensor_error(number(2, 0), "data type 0; allowed are 1 to 26");
  expect_tensor_error(number(2, 27), "data type 27; allowed are 1 to 26");
  expect_tensor_error(bytes(2, "x"), "field 2 must hold a number");
  expect_tensor_error(number(8, 1), "field 8 must hold bytes");
  expect_tensor_error(tensor(2, ~std::uint64_t{0}, ""), "a dimension of -1");
  expect_tensor_error(bytes(1, std::string(65, '\1')), "more than 64 dimensions");
  expect_tensor_error(bytes(3, ""), "a tensor in segments");
  expect_tensor_error(number(14, 2), "data location 2; allowed are 0 and 1");
  expect_tensor_error(tensor(2, 4, bytes(9, "abc")), "has 3 bytes; UINT8[4] takes 4");
  expect_tensor_error(tensor(22, 3, bytes(9, "abc")), "has 3 bytes; INT4[3] takes 2");
  expect_tensor_error(tensor(7, std::uint64_t{1} << 61, ""), "overflows 64 bits");
  expect_tensor_error(tensor(2, 1, bytes(9, "a") + number(5, 1)), "data in several places");
  expect_tensor_error(tensor(2, 1, number(5, 1) + number(7, 1)), "data in two typed fields");
  expect_tensor_error(tensor(2, 1, number(7, 1)), "has its data in field 7; it must be field 5");
  expect_tensor_error(tensor(1, 1, number(4, 1)), "field 4 of another wire type");
  const std::string w = initializer(tensor(2, 1, bytes(9, "a")));
  EXPECT_NE(message_of(model(w + w)).find("duplicate tensor name \"w\""), std::string::npos);
}

TEST(onnx_file, an_unknown_name_is_answered_with_the_nearest) {
  const auto file = onnx_file::open(fixture("all.onnx"));
  try {
    (void)file.find("FLOAT61");
    ADD_FAILURE() << "found";
  } catch (const binade::error& problem) {
    EXPECT_NE(std::string(problem.what()).find("the nearest names are \"FLOAT16\""),
              std::string::npos)
        << problem.what();
  }
}

}  // namespace

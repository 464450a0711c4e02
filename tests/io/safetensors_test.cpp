// SPDX-License-Identifier: MIT
#include "binade/io/safetensors.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using binade::safetensors_dtype;
using binade::safetensors_file;

// A file of that header, and of `data` bytes 0, 1, 2, ...
std::vector<std::byte> file_of(std::string_view header, std::size_t data) {
  std::vector<std::byte> bytes(8 + header.size() + data);
  const std::uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data; ++i) bytes[8 + header.size() + i] = static_cast<std::byte>(i);
  return bytes;
}

std::string message_of(std::span<const std::byte> bytes) {
  try {
    (void)safetensors_file::from_bytes(bytes, "hostile");
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

// `position` is the byte that the message must name.
void expect_error(std::string_view header, std::size_t data, std::uint64_t position,
                  const std::string& part) {
  const std::string message = message_of(file_of(header, data));
  const std::string start = "safetensors_file: hostile: byte " + std::to_string(position) + ": ";
  EXPECT_EQ(message.substr(0, start.size()), start) << header.substr(0, 200) << "\n" << message;
  EXPECT_NE(message.find(part), std::string::npos) << header.substr(0, 200) << "\n" << message;
  EXPECT_LT(message.size(), 600U);
  for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << message;
}

// The last byte of the first `part` in a file with that header.
std::uint64_t last_of(std::string_view header, std::string_view part) {
  return 7 + header.find(part) + part.size();
}

constexpr std::string_view small =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
    R"("a":{"dtype":"F8_E4M3","shape":[2,1,3],"data_offsets":[8,14]}}  )";

TEST(safetensors_file, reads_a_small_file) {
  const auto bytes = file_of(small, 14);
  const auto file = safetensors_file::from_bytes(bytes);
  EXPECT_EQ(file.metadata(), (binade::safetensors_metadata{{"format", "pt"}}));
  ASSERT_EQ(file.tensors().size(), 2U);
  const auto& b = file.tensors()[0];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.dtype, safetensors_dtype::f32);
  EXPECT_EQ(b.bits(), 32);
  EXPECT_EQ(b.shape, (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(b.data.data(), bytes.data() + 8 + small.size());
  EXPECT_EQ(b.data.size(), 8U);
  const auto& a = file.find("a");
  EXPECT_EQ(a.dtype, safetensors_dtype::f8_e4m3);
  EXPECT_EQ(a.shape, (std::vector<std::uint64_t>{2, 1, 3}));
  EXPECT_EQ(a.size(), 6U);
  EXPECT_EQ(a.data[0], std::byte{8});
  EXPECT_EQ(&file.find("b"), &file.tensors()[0]);
}

TEST(safetensors_file, opens_a_file_and_can_be_moved) {
  const auto path = std::filesystem::path(testing::TempDir()) / "binade_safetensors_small";
  const auto bytes = file_of(small, 14);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  auto file = safetensors_file::open(path);
  const auto other = std::move(file);
  EXPECT_EQ(other.find("a").data[5], std::byte{13});
  EXPECT_EQ(other.find("b").data[7], std::byte{7});
}

TEST(safetensors_file, what_is_legal_though_rare) {
  // A scalar, empty tensors at one offset, sub-byte elements, another order of fields, escapes.
  const auto bytes =
      file_of(R"({"s":{"shape":[],"data_offsets":[0,4],"dtype":"F32"},)"
              R"( "e1":{"dtype":"F64","shape":[3,0],"data_offsets":[4,4]},)"
              R"( "e2":{"dtype":"F64","shape":[0],"data_offsets":[4,4]},)"
              R"( "\u00e9\u0000\"":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[4,7]},)"
              R"( "":{"dtype":"F4","shape":[2,3],"data_offsets":[7,10]}})",
              10);
  const auto file = safetensors_file::from_bytes(bytes);
  EXPECT_TRUE(file.metadata().empty());
  EXPECT_EQ(file.tensors().size(), 5U);
  EXPECT_EQ(file.find("s").size(), 1U);
  EXPECT_TRUE(file.find("e1").data.empty());
  EXPECT_EQ(file.find("").data[0], std::byte{7});
  EXPECT_EQ(file.find(std::string_view("\xc3\xa9\0\"", 4)).data[0], std::byte{4});
  EXPECT_EQ(message_of(file_of("{}", 0)), "no error");
  EXPECT_EQ(message_of(file_of(R"({"__metadata__":{}})", 0)), "no error");
}

TEST(safetensors_file, tensors_stand_in_the_order_of_their_data) {
  const auto bytes = file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},)"
                             R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                             3);
  const auto file = safetensors_file::from_bytes(bytes);
  EXPECT_EQ(file.tensors()[0].name, "b");
  EXPECT_EQ(file.find("a").data[0], std::byte{2});
}

TEST(safetensors_file, an_unknown_name_is_answered_with_the_nearest) {
  const auto bytes = file_of(R"({"layer0.weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                             R"("layer1.weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                             R"("bias":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                             R"("embedding":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                             0);
  const auto file = safetensors_file::from_bytes(bytes, "model");
  const auto answer = [](const safetensors_file& f, std::string_view name) -> std::string {
    try {
      (void)f.find(name);
    } catch (const binade::error& problem) {
      return problem.what();
    }
    return "found";
  };
  EXPECT_EQ(answer(file, "layer1.weigth"),
            "safetensors_file: model: no tensor is called \"layer1.weigth\"; the nearest names are "
            "\"layer1.weight\", \"layer0.weight\"");
  EXPECT_EQ(answer(file, "x"),
            "safetensors_file: model: no tensor is called \"x\"; the file has 4 tensors, the first "
            "ones are \"layer0.weight\", \"layer1.weight\", \"bias\"");
  EXPECT_EQ(
      answer(file, "Bias"),
      "safetensors_file: model: no tensor is called \"Bias\"; the nearest names are \"bias\"");
  const auto empty_bytes = file_of("{}", 0);
  EXPECT_EQ(answer(safetensors_file::from_bytes(empty_bytes), "x"),
            "safetensors_file: memory: no tensor is called \"x\"; the file has 0 tensors");
}

TEST(safetensors_file, every_prefix_is_an_error) {
  const auto bytes = file_of(small, 14);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    // A copy of exactly n bytes, so that a sanitizer sees a read behind them.
    const std::vector<std::byte> prefix(bytes.begin(),
                                        bytes.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_NE(message_of(prefix), "no error") << n << " of " << bytes.size() << " bytes";
  }
  const auto path = std::filesystem::path(testing::TempDir()) / "binade_safetensors_prefix";
  std::ofstream(path, std::ios::binary).write("\x02\0\0\0\0\0\0\0{", 9);
  EXPECT_THROW((void)safetensors_file::open(path), binade::error);
  std::ofstream(path, std::ios::binary) << "";
  EXPECT_THROW((void)safetensors_file::open(path), binade::error);
}

TEST(safetensors_file, every_changed_byte_loads_or_is_an_error) {
  const auto bytes = file_of(small, 14);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < 8 + small.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[i] = static_cast<std::byte>(value);
      const std::string message = message_of(changed);
      refused += message != "no error" ? 1 : 0;
      for (const char c : message) ASSERT_TRUE(c >= ' ' && c <= '~') << message;
    }
  }
  // Only names, metadata, spaces and equally wide types can change unnoticed.
  EXPECT_GT(refused, (8 + small.size()) * 128);
}

TEST(safetensors_file, header_length) {
  expect_error("{}", 1, 10, "the tensors end here, but 1 bytes follow");
  for (const std::uint64_t size : {std::uint64_t{3}, std::uint64_t{100'000'001},
                                   std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
    auto bytes = file_of("{}", 0);
    std::memcpy(bytes.data(), &size, 8);
    EXPECT_EQ(message_of(bytes), "safetensors_file: hostile: byte 0: the header's length is " +
                                     std::to_string(size) +
                                     "; at most 100000000 and the 2 bytes that follow are allowed");
  }
  EXPECT_EQ(message_of(std::vector<std::byte>(7)),
            "safetensors_file: hostile: byte 0: the file has 7 bytes; a safetensors file starts "
            "with the header's length in 8 bytes");
  // The limit itself: 100,000,000 bytes of header are legal, one more is not.
  std::string header = "{}";
  header.resize(100'000'000, ' ');
  EXPECT_EQ(message_of(file_of(header, 0)), "no error");
  header += ' ';
  expect_error(header, 0, 0, "the header's length is 100000001");
}

TEST(safetensors_file, start_and_padding) {
  expect_error("", 0, 8, "does not start with '{'");
  expect_error(" {}", 0, 8, "does not start with '{'");
  expect_error("[]", 0, 8, "does not start with '{'");
  expect_error("\xef\xbb\xbf{}", 0, 8, "does not start with '{'");
  expect_error("{}\n", 0, 10, "padded with spaces only");
  expect_error("{}\t  ", 0, 10, "padded with spaces only");
  expect_error(std::string_view("{}\0\0", 4), 0, 10, "NUL");
  expect_error(std::string_view("{}\0}", 4), 0, 10, "NUL");
  expect_error("{}{}", 0, 10, "not valid JSON");
  expect_error("{", 0, 8, "must end with '}'");
}

TEST(safetensors_file, json_and_utf8) {
  expect_error("{a}", 0, 9, "not valid JSON");
  expect_error("{/**/}", 0, 9, "not valid JSON");
  expect_error("{'a':1}", 0, 9, "not valid JSON");
  for (const std::string_view bad :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc3", "\\ud800", "\\x", "\x01"}) {
    std::string header = R"({"a)";
    header += bad;
    header += R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})";
    EXPECT_NE(message_of(file_of(header, 0)).find("not valid JSON in UTF-8"), std::string::npos)
        << header << "\n"
        << message_of(file_of(header, 0));
  }
}

TEST(safetensors_file, duplicate_keys) {
  std::string_view header = R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061" :0})";
  expect_error(header, 0, last_of(header, R"("\u0061")"), "duplicate tensor name \"a\"");
  header = R"({"__metadata__":{},"__metadata__" :{}})";
  expect_error(header, 0, last_of(header, R"(,"__metadata__")"), "duplicate key \"__metadata__\"");
  header = R"({"__metadata__":{"k":"1","k" :"2"}})";
  expect_error(header, 0, last_of(header, R"("1","k")"), "duplicate metadata key \"k\"");
  header = R"({"a":{"dtype":"U8","shape":[0],"shape" :[0],"data_offsets":[0,0]}})";
  expect_error(header, 0, last_of(header, R"(,"shape":[0],"shape")"),
               "duplicate field \"shape\" in entry \"a\"");
}

TEST(safetensors_file, types_and_fields) {
  struct row {
    const char* entry;
    const char* part;
  };
  const row rows[] = {
      {"null", "null given (entry \"a\"); a tensor's entry must be an object"},
      {"[]", "an array given"},
      {"3", "3 given"},
      {"\"x\"", "a string given"},
      {"true", "a boolean given"},
      {"{}", "entry \"a\" must have dtype, shape and data_offsets; one is missing"},
      {R"({"dtype":"U8","shape":[0]})", "one is missing"},
      {R"({"dtype":"U8","data_offsets":[0,0]})", "one is missing"},
      {R"({"shape":[0],"data_offsets":[0,0]})", "one is missing"},
      {R"({"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1})",
       "unknown field \"x\" in entry \"a\"; allowed are dtype, shape, data_offsets"},
      {R"({"dtype":"f32"})", "unknown dtype \"f32\"; allowed are BOOL F4 F6_E2M3"},
      {R"({"dtype":""})", "unknown dtype \"\""},
      {R"({"dtype":8})", "8 given (entry \"a\"); dtype must be a string"},
      {R"({"dtype":["U8"]})", "an array given (entry \"a\"); dtype must be a string"},
      {R"({"shape":4})", "4 given (entry \"a\"); shape must be an array"},
      {R"({"shape":{"0":1}})", "an object given (entry \"a\"); shape must be an array"},
      {R"({"shape":[-1]})", "-1 given (entry \"a\"); a dimension must be an integer"},
      {R"({"shape":[1.5]})", "\"1.5\" given"},
      {R"({"shape":[1e3]})", "\"1e3\" given"},
      {R"({"shape":[18446744073709551616]})", "\"18446744073709551616\" given"},
      {R"({"shape":["1"]})", "a string given"},
      {R"({"shape":[[1]]})", "an array given (entry \"a\"); a dimension must be"},
      {R"({"shape":[null]})", "null given"},
      {R"({"data_offsets":{}})", "an object given (entry \"a\"); data_offsets must be an array"},
      {R"({"data_offsets":[]})", "data_offsets of \"a\" has 0 numbers; it must be [begin, end]"},
      {R"({"data_offsets":[0]})", "data_offsets of \"a\" has 1 numbers"},
      {R"({"data_offsets":[0,1,2]})", "2 given (entry \"a\"); data_offsets must be two integers"},
      {R"({"data_offsets":[0,-4]})", "-4 given"},
      {R"({"data_offsets":["0","4"]})", "a string given"},
  };
  for (const auto& [entry, part] : rows) {
    const std::string message = message_of(file_of(std::string("{\"a\":") + entry + "}", 0));
    EXPECT_NE(message.find(part), std::string::npos) << entry << "\n" << message;
  }
  expect_error(R"({"__metadata__":null})", 0, 7 + 20, "__metadata__ must be an object");
  expect_error(R"({"__metadata__":{"k":1}})", 0, 7 + 22, "a metadata value must be a string");
  expect_error(R"({"__metadata__":{"k":{}}})", 0, 7 + 22, "a metadata value must be a string");
  expect_error(R"({"a":{"dtype":"X"}})", 0, 7 + 17, "unknown dtype \"X\"");
}

TEST(safetensors_file, deep_nesting_and_long_arrays_stop_early) {
  const std::string deep = std::string(5'000'000, '[') + std::string(5'000'000, ']');
  expect_error("{\"a\":" + deep + "}", 0, 13, "an array given");
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  const std::string message = message_of(file_of(objects + "1}", 0));
  EXPECT_NE(message.find("unknown field"), std::string::npos) << message;
  const auto shape_of = [](int rank) {
    std::string shape = "1";
    for (int i = 1; i < rank; ++i) shape += ",1";
    return R"({"a":{"dtype":"U8","data_offsets":[0,1],"shape":[)" + shape + "]}}";
  };
  EXPECT_EQ(message_of(file_of(shape_of(64), 1)), "no error");
  EXPECT_NE(message_of(file_of(shape_of(65), 1)).find("more than 64"), std::string::npos);
}

TEST(safetensors_file, sizes) {
  const auto entry = [](const std::string& dtype, const std::string& shape, int bytes) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[0,)" +
           std::to_string(bytes) + "]}}";
  };
  expect_error(entry("F32", "[2]", 4), 4, 11, "tensor \"a\" at [0, 4) has 4 bytes; F32[2] takes 8");
  expect_error(entry("F32", "[]", 0), 0, 11, "has 0 bytes; F32[] takes 4");
  expect_error(entry("F4", "[3]", 2), 2, 11, "does not fill whole bytes");
  expect_error(entry("F6_E2M3", "[2]", 2), 2, 11, "does not fill whole bytes");
  // Products that wrap around to what the data has: 2^63 * 2 = 0, 2^60 * 64 bits = 0.
  expect_error(entry("U8", "[9223372036854775808,2]", 0), 0, 11, "overflows 64 bits");
  expect_error(entry("F64", "[1152921504606846976]", 0), 0, 11, "overflows 64 bits");
  expect_error(entry("U8", "[18446744073709551615,18446744073709551615]", 1), 1, 11, "overflows");
  EXPECT_EQ(message_of(file_of(entry("U8", "[0,18446744073709551615]", 0), 0)), "no error");
}

TEST(safetensors_file, ranges) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}";
  };
  const std::uint64_t origin = 8 + two("[0,4]", "[4,8]").size();
  EXPECT_EQ(message_of(file_of(two("[0,4]", "[4,8]"), 8)), "no error");
  expect_error(two("[0,4]", "[3,7]"), 7, origin + 3,
               "tensor \"b\" at [3, 7) overlaps another; it must begin at 4");
  expect_error(two("[0,4]", "[0,4]"), 4, origin, "tensor \"b\" at [0, 4) overlaps another");
  expect_error(two("[0,4]", "[5,9]"), 9, origin + 4,
               "tensor \"b\" at [5, 9) leaves a hole before it; it must begin at 4");
  expect_error(two("[1,5]", "[5,9]"), 9, origin, "tensor \"a\" at [1, 5) leaves a hole before it");
  expect_error(two("[0,4]", "[4,8]"), 9, origin + 8, "1 bytes follow");
  expect_error(two("[0,4]", "[4,8]"), 7, last_of(two("[0,4]", "[4,8]"), R"("b")"),
               "tensor \"b\" at [4, 8) does not lie in the buffer; it has 7 bytes");
  expect_error(two("[4,0]", "[4,8]"), 8, 7 + 4, "tensor \"a\" at [4, 0) does not lie");
  const std::string huge = "[18446744073709551612,18446744073709551615]";
  EXPECT_NE(message_of(file_of(two("[0,4]", huge), 4)).find("does not lie in the buffer"),
            std::string::npos);
}

TEST(safetensors_file, messages_do_not_repeat_control_characters_or_endless_names) {
  const std::string name = "\\u001b[31m" + std::string(100000, 'x');
  const std::string header = "{\"" + name + "\":3}";
  expect_error(header, 0, 6 + header.size(), "\\u001b[31mxxx");
}

}  // namespace

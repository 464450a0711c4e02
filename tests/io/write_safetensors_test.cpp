// SPDX-License-Identifier: MIT
#include "binade/io/write_safetensors.hpp"

#include "binade/io/safetensors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using binade::safetensors_dtype;
using binade::safetensors_metadata;
using binade::safetensors_tensor;
using binade::write_safetensors;

fs::path temporary(const std::string& name) {
  return fs::path(testing::TempDir()) / ("binade_write_safetensors_" + name);
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

safetensors_tensor tensor(std::string name, safetensors_dtype dtype,
                          std::vector<std::uint64_t> shape, const std::string& data) {
  return {std::move(name), dtype, std::move(shape), std::as_bytes(std::span(data))};
}

std::string message_of(const std::vector<safetensors_tensor>& tensors,
                       const safetensors_metadata& metadata = {}) {
  fs::remove(temporary("refused"));  // of an earlier run
  try {
    write_safetensors(temporary("refused"), tensors, metadata);
  } catch (const binade::error& problem) {
    EXPECT_FALSE(fs::exists(temporary("refused")));
    return problem.what();
  }
  return "no error";
}

// These bytes are what the official writer (Python package safetensors 0.8.0) makes of the same
// tensors and metadata.
TEST(write_safetensors, equals_the_official_writer) {
  using namespace std::string_literals;
  const std::string zeros(24, '\0');
  const std::string half = "\0<"s;
  const std::string three = "\0\0\0\0\0\0\x08@"s;
  const std::string no_data;
  const fs::path path = temporary("golden");
  write_safetensors(path,
                    std::vector{
                        tensor("b", safetensors_dtype::f32, {2, 3}, zeros),
                        tensor("a", safetensors_dtype::f16, {1}, half),
                        tensor("\xc3\xa9\n\"x\x7f\x01", safetensors_dtype::u8, {0, 4}, no_data),
                        tensor("q", safetensors_dtype::f64, {}, three),
                        tensor("B", safetensors_dtype::f32, {1}, three.substr(4)),
                    });
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"q":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
      R"("B":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
      R"("b":{"dtype":"F32","shape":[2,3],"data_offsets":[12,36]},)"
      R"("a":{"dtype":"F16","shape":[1],"data_offsets":[36,38]},)"
      "\"\xc3\xa9\\n\\\"x\x7f\\u0001\":"
      R"({"dtype":"U8","shape":[0,4],"data_offsets":[38,38]}})";
  EXPECT_EQ(read(path),
            "\x40\x01\0\0\0\0\0\0"s + header + " " + three + three.substr(4) + zeros + half);
}

TEST(write_safetensors, equals_the_file_of_the_package) {
  const fs::path theirs = "tests/io/fixtures/one.safetensors";
  const auto file = binade::safetensors_file::open(theirs);
  const fs::path path = temporary("theirs");
  write_safetensors(path, file.tensors(), file.metadata());
  EXPECT_EQ(read(path), read(theirs));
}

TEST(write_safetensors, nothing_but_braces_without_tensors_and_metadata) {
  using namespace std::string_literals;
  const fs::path path = temporary("nothing");
  write_safetensors(path, {}, {});
  EXPECT_EQ(read(path), "\x08\0\0\0\0\0\0\0{}      "s);
}

TEST(write_safetensors, sorts_by_dtype_downwards_then_by_name_and_comes_back) {
  const std::string data(64, 'z');
  std::vector<safetensors_tensor> tensors;
  for (int i = 0; i <= static_cast<int>(safetensors_dtype::u64); ++i) {
    const auto dtype = static_cast<safetensors_dtype>(i);
    // 4 elements fill whole bytes in every type.
    const auto bytes =
        std::as_bytes(std::span(data)).first(static_cast<std::size_t>(bits_of(dtype)) / 2);
    for (const char* name : {"y", "x"}) {
      tensors.push_back({name + std::string(name_of(dtype)), dtype, {2, 2}, bytes});
    }
  }
  const fs::path path = temporary("all");
  write_safetensors(path, tensors, {{"b", "2"}, {"a", "1\n"}});
  const auto file = binade::safetensors_file::open(path);
  EXPECT_EQ(file.metadata(), (safetensors_metadata{{"a", "1\n"}, {"b", "2"}}));
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& got = file.tensors()[i];
    const auto& expected = tensors[tensors.size() - 1 - i];
    EXPECT_EQ(got.name, expected.name);
    EXPECT_EQ(got.dtype, expected.dtype);
    EXPECT_EQ(got.shape, expected.shape);
    EXPECT_TRUE(std::ranges::equal(got.data, expected.data)) << got.name;
  }
  EXPECT_EQ((file.tensors()[0].data.data() - file.tensors().back().data.data()) % 2, 0);
  EXPECT_EQ(read(path)[0] % 8, 0);
}

TEST(write_safetensors, may_replace_the_file_that_its_tensors_come_from) {
  const fs::path path = temporary("replaced");
  const std::string data = "12345678";
  write_safetensors(path, std::vector{tensor("old", safetensors_dtype::f32, {2}, data)});
  {
    const auto file = binade::safetensors_file::open(path);
    auto tensors = file.tensors();
    tensors[0].name = "new";
    write_safetensors(path, tensors);
    EXPECT_EQ(static_cast<char>(file.find("old").data[7]), '8');
  }
  const auto file = binade::safetensors_file::open(path);
  EXPECT_EQ(static_cast<char>(file.find("new").data[0]), '1');
}

TEST(safetensors_writer, takes_tensors_in_pieces_and_in_any_order) {
  const std::string data = "0123456789abcdef";
  const std::vector tensors{tensor("a", safetensors_dtype::f32, {4}, data),
                            tensor("b", safetensors_dtype::u8, {16}, data),
                            tensor("c", safetensors_dtype::f32, {0}, "")};
  const fs::path whole = temporary("whole");
  write_safetensors(whole, tensors, {});
  const fs::path path = temporary("pieces");
  fs::remove(path);
  binade::safetensors_writer writer(path,
                                    {{"b", safetensors_dtype::u8, {16}},
                                     {"c", safetensors_dtype::f32, {0}},
                                     {"a", safetensors_dtype::f32, {4}}},
                                    {});
  for (const char* name : {"b", "a"}) {
    writer.append(name, std::as_bytes(std::span(data)).first(5));
  }
  for (const char* name : {"a", "b"}) {
    writer.append(name, std::as_bytes(std::span(data)).subspan(5));
  }
  EXPECT_TRUE(fs::exists(writer.unfinished()));
  EXPECT_FALSE(fs::exists(path));
  writer.commit();
  EXPECT_EQ(read(path), read(whole));
}

TEST(safetensors_writer, says_what_does_not_fit) {
  const std::string data = "12345678";
  const auto error_of = [&data](std::size_t bytes, const char* name = "a") -> std::string {
    try {
      binade::safetensors_writer writer(temporary("refused"), {{"a", safetensors_dtype::f32, {1}}});
      writer.append(name, std::as_bytes(std::span(data)).first(bytes));
      writer.commit();
    } catch (const binade::error& problem) {
      return problem.what();
    }
    return "no error";
  };
  const std::string where = "write_safetensors: " + temporary("refused").string() + ": ";
  EXPECT_EQ(error_of(3), where + "tensor \"a\" takes 4 bytes; only 3 were given");
  EXPECT_EQ(error_of(5), where + "tensor \"a\" takes 4 bytes and has 0; 5 more were given");
  EXPECT_EQ(error_of(4, "b"), where + "no tensor is called \"b\"");
  EXPECT_FALSE(fs::exists(temporary("refused").string() + ".part"));
  EXPECT_EQ(error_of(4), "no error");
}

TEST(write_safetensors, says_what_is_wrong) {
  const std::string data = "12345678";
  const auto good = tensor("a", safetensors_dtype::f32, {2}, data);
  const std::string where = "write_safetensors: " + temporary("refused").string() + ": ";
  EXPECT_EQ(message_of({good, good}), where + "two tensors are called \"a\"; names must differ");
  auto bad = good;
  bad.name = "__metadata__";
  EXPECT_EQ(message_of({bad}),
            where + "a tensor is called \"__metadata__\"; the format reserves that name");
  bad = good;
  bad.shape = {3};
  EXPECT_EQ(message_of({bad}), "write_safetensors: tensor \"a\" has 8 bytes; F32[3] takes 12");
  bad = good;
  bad.dtype = safetensors_dtype::f4;
  bad.shape = {17};
  EXPECT_NE(message_of({bad}).find("does not fill whole bytes"), std::string::npos);
  bad = good;
  bad.shape.insert(bad.shape.end(), 64, 1);
  EXPECT_EQ(message_of({bad}), where + "tensor \"a\" has 65 dimensions; at most 64 are allowed");
  bad = good;
  bad.name = "\xff";
  EXPECT_EQ(message_of({bad}), where + "\"\\ufffd\" is not UTF-8");
  EXPECT_EQ(message_of({good}, {{"k", "\xc3"}}), where + "\"\\ufffd\" is not UTF-8");
  bad.name = "\xef\xbf\xbd";  // U+FFFD itself is a character like any other
  EXPECT_EQ(message_of({}, {{"k", bad.name}}), "no error");
}

TEST(write_safetensors, says_that_the_system_refuses) {
  try {
    write_safetensors(temporary("no_such_folder") / "x", {});
    ADD_FAILURE() << "written";
  } catch (const binade::error& problem) {
    EXPECT_NE(std::string(problem.what()).find("No such file"), std::string::npos)
        << problem.what();
  }
}

}  // namespace

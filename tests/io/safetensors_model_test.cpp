// SPDX-License-Identifier: MIT
#include "binade/io/safetensors_model.hpp"

#include "binade/io/write_safetensors.hpp"
#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using binade::safetensors_dtype;
using binade::safetensors_model;
using binade::safetensors_weight_map;

std::string message_of(const std::string& index) {
  const auto bytes = byte_file().text(index).bytes();
  try {
    (void)binade::read_safetensors_index(bytes, "hostile");
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

void expect_error(const std::string& index, std::size_t position, const std::string& part) {
  const std::string message = message_of(index);
  const std::string begin =
      "read_safetensors_index: hostile: byte " + std::to_string(position) + ": ";
  EXPECT_EQ(message.substr(0, begin.size()), begin) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_TRUE(is_printable(message)) << message;
}

TEST(read_safetensors_index, reads_the_map_and_passes_over_the_rest) {
  const auto bytes =
      byte_file()
          .text(R"({"metadata":{"total_size":1.5,"x":[null,true,{"weight_map":{"a":1}}]},"y":-1,)"
                R"("weight_map":{"a":"1.safetensors","b":"2.safetensors"},"z":[{}]})")
          .bytes();
  EXPECT_EQ(binade::read_safetensors_index(bytes),
            (safetensors_weight_map{{"a", "1.safetensors"}, {"b", "2.safetensors"}}));
}

TEST(read_safetensors_index, refuses_what_is_no_index) {
  EXPECT_NE(message_of("").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message_of("{}").find("has no \"weight_map\""), std::string::npos);
  expect_error("[]", 0, "the index must be an object");
  EXPECT_NE(message_of("3").find("the index must be an object"), std::string::npos);
  expect_error(R"({"weight_map":3})", 15, "\"weight_map\" must be an object");
  expect_error(R"({"weight_map":[]})", 14, "\"weight_map\" must be an object");
  expect_error(R"({"weight_map":{"a":{}}})", 19, "a file's name must be a string");
  expect_error(R"({"weight_map":{"a":[]}})", 19, "a file's name must be a string");
  expect_error(R"({"weight_map":{"a":null}})", 22, "a file's name must be a string");
  expect_error(R"({"weight_map":{},"weight_map":{}})", 28, "duplicate key \"weight_map\"");
  expect_error(R"({"weight_map":{"a":"x","a":"y"}})", 25, "duplicate tensor name \"a\"");
  expect_error(std::string("{\"weight_map\":{}}\0", 18), 17, "a NUL byte");
  for (const char* bad : {"", ".", "..", "/etc/passwd", "../x", "a/b", "a\\\\b", "a\\u0000b"}) {
    const std::string message = message_of(std::string(R"({"weight_map":{"a":")") + bad + "\"}}");
    EXPECT_NE(message.find("it must be the name of a file beside the index"), std::string::npos)
        << bad << "\n"
        << message;
  }
  const std::string deep(100000, '[');
  EXPECT_NE(message_of("{\"x\":" + deep).find("nested deeper than 64 levels"), std::string::npos);
}

// What safetensors 0.8.0 wrote, with an index as transformers writes it.
TEST(safetensors_model, opens_an_index_a_folder_or_a_file) {
  for (const fs::path& path :
       {fixture("sharded"), fixture("sharded/model.safetensors.index.json")}) {
    const auto model = safetensors_model::open(path);
    EXPECT_EQ(model.files().size(), 2U);
    ASSERT_EQ(model.tensors().size(), 3U);
    EXPECT_EQ(model.tensors().back().name, "z");
    EXPECT_EQ(model.find("z").data[2], std::byte{2});
    EXPECT_EQ(model.find("x").dtype, safetensors_dtype::f32);
    EXPECT_EQ(read_f32(model.find("x"))[0], -2.5F);
    EXPECT_EQ(read_f32(model.find("y"))[0], 1.5F);
  }
  const auto one = safetensors_model::open(fixture("one.safetensors"));
  EXPECT_EQ(one.files().size(), 1U);
  EXPECT_EQ(one.tensors().size(), one.files()[0].tensors().size());
  EXPECT_EQ(one.find("bf16").dtype, safetensors_dtype::bf16);
}

class folder : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  void TearDown() override { fs::remove_all(path_); }
  void write(const std::string& name, const std::vector<std::string>& tensors) const {
    std::vector<binade::safetensors_tensor> list;
    const std::string letter = name.substr(0, 1);
    for (const auto& tensor : tensors) {
      list.push_back({tensor, safetensors_dtype::u8, {1}, std::as_bytes(std::span(letter))});
    }
    binade::write_safetensors(path_ / name, list);
  }
  void index(const std::string& map) const {
    write_bytes(path_ / "model.safetensors.index.json",
                byte_file().text("{\"weight_map\":" + map + "}").bytes());
  }
  [[nodiscard]] std::string error() const {
    try {
      (void)safetensors_model::open(path_);
    } catch (const binade::error& problem) {
      return problem.what();
    }
    return "no error";
  }
  fs::path path_ = fs::path(testing::TempDir()) / "binade_safetensors_model";
};

TEST_F(folder, the_index_tells_which_of_two_counts_and_what_is_left_out) {
  write("1", {"a", "b", "extra"});
  write("2", {"a", "c"});
  index(R"({"a":"2","b":"1","c":"2"})");
  const auto model = safetensors_model::open(path_);
  EXPECT_EQ(model.tensors().size(), 3U);
  EXPECT_EQ(model.find("a").data[0], std::byte{'2'});
  EXPECT_THROW((void)model.find("extra"), binade::error);
}

TEST_F(folder, says_what_is_missing) {
  EXPECT_NE(error().find("the folder has neither"), std::string::npos) << error();
  write("model.safetensors", {"a"});
  EXPECT_EQ(error(), "no error");
  write("1", {"a"});
  index(R"({"a":"1","b":"1"})");
  EXPECT_NE(error().find("the index says that \"b\" is in \"1\", which has no tensor"),
            std::string::npos)
      << error();
  index(R"({"a":"3"})");
  EXPECT_NE(error().find("cannot be opened"), std::string::npos) << error();
}

}  // namespace

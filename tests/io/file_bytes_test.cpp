// SPDX-License-Identifier: MIT
#include "binade/io/file_bytes.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

fs::path write(const std::string& name, const std::string& text) {
  const fs::path path = fs::path(testing::TempDir()) / ("binade_file_bytes_" + name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string text_of(const binade::file_bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.get().data()), bytes.get().size()};
}

void expect_error(const fs::path& path, const std::string& part) {
  try {
    const binade::file_bytes bytes(path);
    ADD_FAILURE() << path << " was opened";
  } catch (const binade::error& problem) {
    const std::string message = problem.what();
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(file_bytes, holds_what_the_file_holds) {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += static_cast<char>(i * 7);
  EXPECT_EQ(text_of(binade::file_bytes(write("long", text))), text);
  EXPECT_EQ(text_of(binade::file_bytes(write("one", "x"))), "x");
}

TEST(file_bytes, an_empty_file_has_no_bytes) {
  EXPECT_TRUE(binade::file_bytes(write("empty", "")).get().empty());
}

TEST(file_bytes, borrowed_memory_is_not_copied) {
  const std::vector<std::byte> memory(3, std::byte{5});
  EXPECT_EQ(binade::file_bytes(memory).get().data(), memory.data());
}

TEST(file_bytes, moving_keeps_the_bytes_in_place) {
  binade::file_bytes a(write("moved", "binade"));
  const auto* const place = a.get().data();
  binade::file_bytes b(std::move(a));
  EXPECT_EQ(b.get().data(), place);
  binade::file_bytes c(write("overwritten", "other"));
  c = std::move(b);
  EXPECT_EQ(c.get().data(), place);
  EXPECT_EQ(text_of(c), "binade");
}

TEST(file_bytes, says_why_a_file_cannot_be_had) {
  expect_error(fs::path(testing::TempDir()) / "binade_no_such_file", "cannot be opened: No such");
  expect_error(testing::TempDir(), "is not a regular file");
}

}  // namespace

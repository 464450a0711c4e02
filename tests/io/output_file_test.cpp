// SPDX-License-Identifier: MIT
#include "binade/io/output_file.hpp"

#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using binade::output_file;

fs::path temporary(const std::string& name) {
  return fs::path(testing::TempDir()) / ("binade_output_file_" + name);
}
std::string text_of(const fs::path& path) {
  const std::vector<std::byte> bytes = read_bytes(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
void write(output_file& file, std::uint64_t position, std::string_view text) {
  file.write_at(position, std::as_bytes(std::span(text)));
}

TEST(output_file, replaces_a_file_when_it_is_complete) {
  const fs::path path = temporary("replaced");
  write_bytes(path, byte_file().text("old").bytes());
  output_file file(path);
  EXPECT_EQ(file.path(), path);
  EXPECT_EQ(file.unfinished(), path.string() + ".part");
  write(file, 0, "new");
  EXPECT_EQ(text_of(path), "old");
  file.commit();
  EXPECT_EQ(text_of(path), "new");
  EXPECT_FALSE(fs::exists(file.unfinished()));
}

TEST(output_file, is_written_in_any_order_with_zeros_between) {
  using namespace std::string_literals;
  const fs::path path = temporary("order");
  output_file file(path);
  write(file, 6, "gh");
  write(file, 0, "ab");
  write(file, 2, "c");
  write(file, 100, "");  // nothing
  file.commit();
  EXPECT_EQ(text_of(path), "abc\0\0\0gh"s);
}

TEST(output_file, leaves_nothing_without_commit) {
  const fs::path path = temporary("dropped");
  fs::remove(path);
  {
    output_file file(path);
    write(file, 0, "x");
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path.string() + ".part"));
}

template <class Function>
std::string message_of(Function&& f) {
  try {
    f();
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

TEST(output_file, says_what_is_wrong) {
  const fs::path nowhere = temporary("no_such_folder") / "x";
  EXPECT_EQ(message_of([&] { output_file file(nowhere, "writer"); }),
            "writer: " + nowhere.string() + ": cannot be created: No such file or directory");
  output_file file(temporary("committed"));
  file.commit();
  EXPECT_NE(message_of([&] { file.commit(); }).find("is committed already"), std::string::npos);
  EXPECT_NE(message_of([&] { write(file, 0, "x"); }).find("nothing can be written"),
            std::string::npos);
  output_file huge(temporary("huge"));
  EXPECT_NE(message_of([&] { write(huge, ~std::uint64_t{0}, "x"); }).find("File too large"),
            std::string::npos);
  // A folder of the final name, which a file cannot replace.
  const fs::path folder = temporary("folder");
  fs::create_directories(folder);
  output_file blocked(folder);
  EXPECT_NE(message_of([&] { blocked.commit(); }).find("cannot be written: Is a directory"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(blocked.unfinished()));
}

TEST(output_file, a_full_disk_is_an_error_that_leaves_nothing) {
  const fs::path full = "/dev/full";
  if (!fs::exists(full)) GTEST_SKIP() << "not checked: this system has no /dev/full";
  const fs::path path = temporary("full");
  fs::remove(path);
  fs::remove(path.string() + ".part");
  fs::create_symlink(full, path.string() + ".part");  // which is what is opened
  EXPECT_NE(message_of([&] {
              output_file file(path);
              write(file, 0, std::string(100000, 'x'));
              file.commit();
            }).find("No space left on device"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::is_symlink(path.string() + ".part"));
}

}  // namespace

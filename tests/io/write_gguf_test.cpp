// SPDX-License-Identifier: MIT
#include "binade/io/write_gguf.hpp"

#include "binade/io/gguf.hpp"
#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using binade::ggml_type;
using binade::gguf_entry;
using binade::gguf_file;
using binade::gguf_metadata;
using binade::gguf_writer;

fs::path temporary(const std::string& name) {
  return fs::path(testing::TempDir()) / ("binade_write_gguf_" + name);
}

TEST(write_gguf, equals_the_files_of_the_package) {
  for (const char* name : {"all.gguf", "aligned.gguf"}) {
    const auto file = gguf_file::open(fixture(name));
    write_gguf(temporary(name), file.metadata(), file.tensors());
    EXPECT_EQ(read_bytes(temporary(name)), read_bytes(fixture(name))) << name;
  }
}

TEST(gguf_writer, takes_tensors_in_pieces_and_in_any_order) {
  const auto file = gguf_file::open(fixture("all.gguf"));
  std::vector<gguf_entry> entries;
  for (const auto& t : file.tensors()) entries.push_back({t.name, t.type, t.shape});
  const fs::path path = temporary("pieces");
  fs::remove(path);
  gguf_writer writer(path, file.metadata(), entries);
  EXPECT_TRUE(fs::exists(writer.unfinished()));
  for (std::size_t i = entries.size(); i-- > 0;) {
    const auto data = file.tensors()[i].data;
    writer.append(entries[i].name, data.first(data.size() / 3));
  }
  for (const auto& t : file.tensors()) {
    writer.append(t.name, t.data.subspan(t.data.size() / 3));
  }
  EXPECT_FALSE(fs::exists(path));
  writer.commit();
  EXPECT_FALSE(fs::exists(writer.unfinished()));
  EXPECT_EQ(read_bytes(path), read_bytes(fixture("all.gguf")));
}

TEST(gguf_writer, pads_a_header_without_tensors) {
  gguf_metadata metadata;
  metadata.add("general.architecture", "x");
  write_gguf(temporary("empty"), metadata.entries(), {});
  const auto bytes = read_bytes(temporary("empty"));
  EXPECT_EQ(bytes.size() % 32, 0U);
  EXPECT_EQ(gguf_file::from_bytes(bytes).metadata()[0].value.as_string(), "x");
}

std::string message_of(std::span<const binade::gguf_key_value> metadata,
                       const std::vector<gguf_entry>& tensors, std::size_t bytes = 0) {
  const fs::path path = temporary("refused");
  std::string message = "no error";
  try {
    gguf_writer writer(path, metadata, tensors);
    writer.append("a", std::vector<std::byte>(bytes));
    writer.commit();
  } catch (const binade::error& problem) {
    message = problem.what();
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path.string() + ".part"));
  fs::remove(path);
  const std::string begin = "write_gguf: " + path.string() + ": ";
  EXPECT_TRUE(message == "no error" || message.starts_with(begin)) << message;
  return message == "no error" ? message : message.substr(begin.size());
}

TEST(gguf_writer, says_what_is_wrong) {
  const gguf_entry a{"a", ggml_type::f32, {2}};
  EXPECT_EQ(message_of({}, {a}, 8), "no error");
  EXPECT_EQ(message_of({}, {a, a}), "two tensors are called \"a\"; names must differ");
  EXPECT_EQ(message_of({}, {a}, 7), "tensor \"a\" takes 8 bytes; only 7 were given");
  EXPECT_EQ(message_of({}, {a}, 9), "tensor \"a\" takes 8 bytes and has 0; 9 more were given");
  EXPECT_EQ(message_of({}, {}), "no tensor is called \"a\"");
  EXPECT_EQ(message_of({}, {{"a", ggml_type::f32, {1, 1, 1, 1, 1}}}),
            "tensor \"a\" has 5 dimensions; at most 4 are allowed");
  EXPECT_EQ(
      message_of({}, {{"a", ggml_type::mxfp4, {16}}}),
      "tensor \"a\" of MXFP4[16] overflows 64 bits or its rows do not fill whole blocks of 32 "
      "elements");
  EXPECT_NE(message_of({}, {{"a", ggml_type::i8, {std::uint64_t{1} << 63}}}).find("takes 9223"),
            std::string::npos);
  gguf_metadata twice;
  twice.add("k", true);
  twice.add("k", false);
  EXPECT_EQ(message_of(twice.entries(), {a}), "two keys are \"k\"; keys must differ");
  gguf_metadata crooked;
  crooked.add("general.alignment", std::uint32_t{24});
  EXPECT_EQ(message_of(crooked.entries(), {a}),
            "general.alignment must be a u32 that is a power of two");
  try {
    const std::vector<binade::gguf_tensor> tensors{{"a", ggml_type::f32, {2}, {}}};
    write_gguf(temporary("refused"), {}, tensors);
    ADD_FAILURE() << "written";
  } catch (const binade::error& problem) {
    EXPECT_EQ(std::string(problem.what()), "write_gguf: tensor \"a\" has 0 bytes; F32[2] takes 8");
  }
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/io/write_safetensors_model.hpp"

#include "binade/io/safetensors_model.hpp"
#include "io/byte_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using binade::safetensors_dtype;
using binade::safetensors_model_writer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

fs::path new_folder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("binade_model_writer_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const binade::error& problem) {
    return problem.what();
  }
  return "no error";
}

// The fixture's files are those of the safetensors package, its index is transformers'.
TEST(safetensors_model_writer, writes_what_the_packages_write) {
  const fs::path folder = new_folder("fixture");
  const auto model = binade::safetensors_model::open(fixture("sharded"));
  std::vector<binade::safetensors_entry> entries;
  for (const char* name : {"x", "y", "z"}) {
    entries.push_back({name, model.find(name).dtype, model.find(name).shape});
  }
  safetensors_model_writer writer(folder, entries, {{"format", "pt"}}, 192);
  for (const char* name : {"z", "x", "y"}) {
    const auto data = model.find(name).data;
    writer.append(name, data.first(1));
    writer.append(name, data.subspan(1));
  }
  EXPECT_EQ(writer.unfinished().size(), 3U);
  for (const fs::path& path : writer.unfinished()) EXPECT_TRUE(fs::exists(path)) << path;
  writer.commit();
  EXPECT_EQ(files_in(folder), files_in(fixture("sharded")));
  for (const std::string& name : files_in(folder)) {
    EXPECT_EQ(read_bytes(folder / name), read_bytes(fixture("sharded") / name)) << name;
  }
}

struct split_case {
  std::uint64_t limit;
  std::vector<int> files;  // of each tensor
};

TEST(safetensors_model_writer, fills_shards_in_order) {
  const std::vector<std::uint64_t> sizes = {3, 4, 0, 20, 5, 5, 1};
  const split_case cases[] = {
      {7, {1, 1, 1, 2, 3, 4, 4}},  // a tensor of 20 bytes has a file of its own
      {10, {1, 1, 1, 2, 3, 3, 4}}, {30, {1, 1, 1, 1, 2, 2, 2}},
      {1, {1, 2, 2, 3, 4, 5, 6}},  // no bytes fit everywhere
      {38, {1, 1, 1, 1, 1, 1, 1}}, {safetensors_model_writer::no_limit, {1, 1, 1, 1, 1, 1, 1}},
  };
  for (const split_case& c : cases) {
    const fs::path folder = new_folder("split");
    std::vector<binade::safetensors_entry> entries;
    const std::array<std::byte, 20> bytes{};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      entries.push_back({std::to_string(i), safetensors_dtype::u8, {sizes[i]}});
    }
    safetensors_model_writer writer(folder, entries, {}, c.limit);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      writer.append(entries[i].name, std::span(bytes).first(sizes[i]));
    }
    writer.commit();
    const auto model = binade::safetensors_model::open(folder);
    EXPECT_EQ(model.files().size(), static_cast<std::size_t>(c.files.back())) << c.limit;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const auto& file = model.files()[static_cast<std::size_t>(c.files[i] - 1)];
      EXPECT_EQ(file.find(std::to_string(i)).data.size(), sizes[i]) << c.limit << " " << i;
    }
  }
}

TEST(safetensors_model_writer, leaves_nothing_that_is_not_complete) {
  const fs::path folder = new_folder("nothing");
  const std::vector<binade::safetensors_entry> entries = {{"a", safetensors_dtype::u8, {2}},
                                                          {"b", safetensors_dtype::u8, {2}}};
  {
    safetensors_model_writer writer(folder, entries, {}, 2);
    EXPECT_EQ(files_in(folder).size(), 3U);
    EXPECT_THAT(error_of([&] { writer.append("c", {}); }), HasSubstr("no tensor is called \"c\""));
  }
  EXPECT_THAT(files_in(folder), ElementsAre());
}

TEST(safetensors_model_writer, refuses_to_stand_beside_another_model) {
  const std::vector<binade::safetensors_entry> entries = {{"a", safetensors_dtype::u8, {0}},
                                                          {"b", safetensors_dtype::u8, {0}}};
  const fs::path folder = new_folder("beside");
  write_bytes(folder / "model.safetensors.index.json", {});
  EXPECT_THAT(error_of([&] { safetensors_model_writer(folder, entries, {}); }),
              HasSubstr("has a model.safetensors.index.json"));
  EXPECT_THAT(error_of([&] { safetensors_model_writer(folder, {entries[0], entries[0]}, {}, 2); }),
              HasSubstr("index.json"));
  const fs::path other = new_folder("twice");
  EXPECT_THAT(error_of([&] { safetensors_model_writer(other, {entries[0], entries[0]}, {}); }),
              HasSubstr("two tensors are called \"a\""));
  write_bytes(other / "model.safetensors", {});
  const std::vector<binade::safetensors_entry> two = {{"a", safetensors_dtype::u8, {1}},
                                                      {"b", safetensors_dtype::u8, {1}}};
  EXPECT_THAT(error_of([&] { safetensors_model_writer(other, two, {}, 1); }),
              HasSubstr("has a model.safetensors, and now 2 files"));
}

}  // namespace

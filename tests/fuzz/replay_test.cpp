// SPDX-License-Identifier: MIT

// Runs the fuzzers' targets over their corpora, and over short changes of each file; opens each
// file by its name, too.

#include "fuzz/targets.hpp"
#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus_of(const char* reader) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path("tests/fuzz/corpus") / reader)) {
    files.push_back(entry.path());
  }
  return files;
}

TEST(fuzz, corpora_are_read_or_refused) {
  for (const fuzz::target& target : fuzz::targets) {
    const std::vector<fs::path> files = corpus_of(target.name);
    for (const fs::path& file : files) {
      SCOPED_TRACE(file.string());
      const std::vector<std::byte> bytes = read_bytes(file);
      target.run(bytes);
      for (const std::size_t n : {bytes.size() / 2, bytes.size() - bytes.size() / 8}) {
        const std::vector<std::byte> prefix(bytes.begin(),
                                            bytes.begin() + static_cast<std::ptrdiff_t>(n));
        target.run(prefix);
      }
    }
    EXPECT_GT(files.size(), 5U) << target.name;
  }
}

/// What a reader says of a file: the number of tensors, or its error.
template <class Read>
std::string outcome_of(Read&& read) {
  try {
    return std::to_string(read()) + " tensors";
  } catch (const binade::error& problem) {
    return problem.what();
  }
}

/// Opened by name a file gives what its bytes give, but that messages have the name.
template <class File>
void expect_same_by_name(const char* reader) {
  const auto count = [](const File& file) {
    if constexpr (requires { file.tensors(); }) {
      return file.tensors().size();
    } else {
      return std::size_t{1};
    }
  };
  for (const fs::path& file : corpus_of(reader)) {
    const std::vector<std::byte> bytes = read_bytes(file);
    std::string of_bytes = outcome_of([&] { return count(File::from_bytes(bytes)); });
    const std::string by_name = outcome_of([&] { return count(File::open(file)); });
    if (of_bytes.find("external data; a model in memory") != of_bytes.npos) {
      // One of these finds its data in the folder; the others point elsewhere or at nothing.
      const bool is_read = file.filename() == "external_data";
      EXPECT_EQ(by_name.find("2 tensors") == 0, is_read) << file << "\n" << by_name;
      continue;
    }
    if (const auto at = of_bytes.find("memory"); at != of_bytes.npos) {
      of_bytes.replace(at, std::string("memory").size(), file.string());
    }
    EXPECT_EQ(of_bytes, by_name) << file;
  }
}

TEST(fuzz, corpora_are_the_same_by_name) {
  expect_same_by_name<binade::safetensors_file>("safetensors");
  expect_same_by_name<binade::gguf_file>("gguf");
  expect_same_by_name<binade::npy_file>("npy");
  expect_same_by_name<binade::onnx_file>("onnx");
}

// An index beside the two files of the fixture: what it names there is found, all else an error.
TEST(fuzz, indices_are_opened_beside_their_files) {
  const fs::path folder = fs::path(testing::TempDir()) / "binade_fuzz_index";
  fs::remove_all(folder);
  fs::copy("tests/io/fixtures/sharded", folder);
  const fs::path index = folder / "model.safetensors.index.json";
  int opened = 0;
  for (const fs::path& file : corpus_of("safetensors_index")) {
    fs::copy_file(file, index, fs::copy_options::overwrite_existing);
    for (const fs::path& path : {folder, index}) {
      const std::string said = outcome_of([&] {
        const auto model = binade::safetensors_model::open(path);
        for (const auto& tensor : model.tensors()) {
          EXPECT_EQ(&model.find(tensor.name), &tensor);
          fuzz::touch(tensor.data);
        }
        ++opened;
        (void)model.find("?");
        return model.files().size();
      });
      EXPECT_TRUE(is_printable(said)) << file;
      EXPECT_TRUE(said.find(": ") != said.npos) << file << "\n" << said;
    }
  }
  EXPECT_GE(opened, 4);  // of_the_fixture and of_the_fixture_less_one, each by both names
  fs::remove(index);
  EXPECT_NE(outcome_of([&] {
              return binade::safetensors_model::open(folder).files().size();
            }).find("neither"),
            std::string::npos);
  fs::copy_file("tests/io/fixtures/one.safetensors", folder / "model.safetensors");
  EXPECT_EQ(outcome_of([&] { return binade::safetensors_model::open(folder).files().size(); }),
            "1 tensors");
  fs::remove_all(folder);
}

}  // namespace

// SPDX-License-Identifier: MIT

// Runs the fuzzers' targets over their corpora, and over short changes of each file.

#include "fuzz/targets.hpp"
#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace {

TEST(fuzz, corpora_are_read_or_refused) {
  for (const fuzz::target& target : fuzz::targets) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path("tests/fuzz/corpus") / target.name)) {
      SCOPED_TRACE(entry.path().string());
      const std::vector<std::byte> bytes = read_bytes(entry.path());
      target.run(bytes);
      ++files;
      for (const std::size_t n : {bytes.size() / 2, bytes.size() - bytes.size() / 8}) {
        const std::vector<std::byte> prefix(bytes.begin(),
                                            bytes.begin() + static_cast<std::ptrdiff_t>(n));
        target.run(prefix);
      }
    }
    EXPECT_GT(files, 5) << target.name;
  }
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/io/write_npy.hpp"

#include "binade/io/npy.hpp"
#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

fs::path temporary(const std::string& name) {
  return fs::path(testing::TempDir()) / ("binade_write_npy_" + name);
}

TEST(write_npy, equals_the_files_of_numpy) {
  for (const char* name : {"f4", "f4_fortran", "f8_big", "scalar", "empty", "bool", "bfloat16",
                           "float8_e4m3fn", "float8_e5m2", "float4_e2m1fn"}) {
    const std::string file_name = std::string(name) + ".npy";
    const auto file = binade::npy_file::open(fixture(file_name));
    write_npy(temporary(name), file.array());
    EXPECT_EQ(read_bytes(temporary(name)), read_bytes(fixture(file_name))) << name;
  }
}

TEST(write_npy, headers_of_every_length_come_back) {
  std::vector<std::uint64_t> shape;
  for (std::uint64_t rank = 0; rank <= 64; ++rank) {
    const binade::npy_array array{"float8_e4m3fn", binade::npy_order::fortran, shape, {}};
    if (rank > 0) {  // the first axis is 0 long
      write_npy(temporary("ranks"), array);
      const auto bytes = read_bytes(temporary("ranks"));
      EXPECT_EQ(bytes.size() % 64, 0U);
      EXPECT_EQ(binade::npy_file::from_bytes(bytes).array().shape, shape);
    }
    shape.push_back(rank % 3);
  }
  try {
    binade::write_npy(temporary("refused"), {"|u1", binade::npy_order::c, shape, {}});
    ADD_FAILURE() << "written";
  } catch (const binade::error& problem) {
    EXPECT_NE(std::string(problem.what()).find("65 dimensions; at most 64"), std::string::npos)
        << problem.what();
  }
}

}  // namespace

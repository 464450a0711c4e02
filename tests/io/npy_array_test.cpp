// SPDX-License-Identifier: MIT
#include "binade/io/npy_array.hpp"

#include "io/byte_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using binade::npy_array;
using binade::npy_order;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
npy_array array(std::string descr, npy_order order, std::vector<std::uint64_t> shape,
                std::string_view data) {
  return {std::move(descr), order, std::move(shape), std::as_bytes(std::span(data))};
}

TEST(read_bytes_row_major, transposes_column_major_arrays) {
  // Element [i][j][k] of 2 x 3 x 2 is letter 'a' + i + 2 j + 6 k in the file.
  EXPECT_EQ(
      text_of(read_bytes_row_major(array("|u1", npy_order::fortran, {2, 3, 2}, "abcdefghijkl"))),
      "agciekbhdjfl");
  EXPECT_EQ(text_of(read_bytes_row_major(array("<V2", npy_order::fortran, {2, 2}, "AaBbCcDd"))),
            "AaCcBbDd");
  EXPECT_EQ(text_of(read_bytes_row_major(array("|u1", npy_order::fortran, {3}, "abc"))), "abc");
  EXPECT_EQ(text_of(read_bytes_row_major(array("|u1", npy_order::fortran, {0, 3}, ""))), "");
}

TEST(read_bytes_row_major, swaps_big_endian_numbers_and_no_others) {
  EXPECT_EQ(text_of(read_bytes_row_major(array(">i4", npy_order::c, {2}, "abcdefgh"))), "dcbahgfe");
  EXPECT_EQ(text_of(read_bytes_row_major(array(">c8", npy_order::c, {1}, "abcdefgh"))), "dcbahgfe");
  EXPECT_EQ(text_of(read_bytes_row_major(array(">V4", npy_order::c, {2}, "abcdefgh"))), "abcdefgh");
  EXPECT_EQ(text_of(read_bytes_row_major(array("<i4", npy_order::c, {2}, "abcdefgh"))), "abcdefgh");
}

TEST(read_f32, reads_bfloat16_by_its_name) {
  std::vector<float> out(2);
  read_f32(array("bfloat16", npy_order::c, {2}, std::string_view("\x80\x3f\x00\xc0", 4)), out);
  EXPECT_EQ(out, (std::vector<float>{1, -2}));
}

TEST(read_f32, says_what_does_not_fit) {
  const auto message_of = [](const npy_array& a, std::size_t n) -> std::string {
    std::vector<float> out(n);
    try {
      read_f32(a, out);
    } catch (const binade::error& problem) {
      return problem.what();
    }
    return "no error";
  };
  EXPECT_EQ(message_of(array("<V2", npy_order::c, {2}, "abcd"), 2),
            "read_f32: the array is of \"<V2\"; allowed are floats of 2, 4 and 8 bytes, and "
            "bfloat16");
  EXPECT_EQ(message_of(array("<f4", npy_order::c, {1}, "abcd"), 2),
            "read_f32: the array has 1 elements, but out has 2; they must be equal");
  EXPECT_EQ(message_of(array("<f4", npy_order::c, {2}, "abcd"), 2),
            "read_f32: the array has 4 bytes; \"<f4\" [2] takes 8");
  EXPECT_EQ(message_of(array("f", npy_order::c, {1}, "abcd"), 1),
            "read_f32: the array has 4 bytes; \"f\" [1] overflows 64 bits or is of no type that is "
            "allowed");
}

}  // namespace

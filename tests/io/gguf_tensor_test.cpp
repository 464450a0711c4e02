// SPDX-License-Identifier: MIT
#include "binade/io/gguf_tensor.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::ggml_bytes;
using binade::ggml_type;
using binade::gguf_tensor;

TEST(ggml_types, are_found_by_number_and_name) {
  for (const auto& row : binade::ggml_types) {
    EXPECT_EQ(binade::find_ggml_type(static_cast<std::uint32_t>(row.type)), &row) << row.name;
    EXPECT_EQ(binade::ggml_type_of(row.name), row.type) << row.name;
    EXPECT_EQ(name_of(row.type), row.name);
  }
  EXPECT_EQ(binade::find_ggml_type(4), nullptr);
  EXPECT_EQ(binade::find_ggml_type(1000), nullptr);
  EXPECT_EQ(binade::ggml_type_of("q8_0"), std::nullopt);
}

TEST(ggml_types, have_the_bits_that_their_blocks_are_known_for) {
  EXPECT_EQ(information_of(ggml_type::mxfp4).bits_per_element(), 4.25);
  EXPECT_EQ(information_of(ggml_type::nvfp4).bits_per_element(), 4.5);
  EXPECT_EQ(information_of(ggml_type::q8_0).bits_per_element(), 8.5);
  EXPECT_EQ(information_of(ggml_type::q4_0).bits_per_element(), 4.5);
  EXPECT_EQ(information_of(ggml_type::bf16).bits_per_element(), 16);
}

TEST(ggml_bytes, counts_whole_blocks) {
  const auto bytes = [](ggml_type type, std::vector<std::uint64_t> shape) {
    return ggml_bytes(type, shape);
  };
  EXPECT_EQ(bytes(ggml_type::f32, {}), 4U);
  EXPECT_EQ(bytes(ggml_type::mxfp4, {3, 64}), 3 * 2 * 17U);
  EXPECT_EQ(bytes(ggml_type::nvfp4, {0, 64}), 0U);
  EXPECT_EQ(bytes(ggml_type::q8_0, {}), std::nullopt);
  EXPECT_EQ(bytes(ggml_type::q8_0, {32, 16}), std::nullopt);  // a row is half a block
  EXPECT_EQ(bytes(ggml_type::i8, {std::uint64_t{1} << 32, std::uint64_t{1} << 32}), std::nullopt);
  EXPECT_EQ(bytes(ggml_type::i64, {std::uint64_t{1} << 61}), std::nullopt);
}

TEST(read_f32, reads_the_floats_of_ggml) {
  const std::vector<std::uint16_t> half{0x3c00, 0xc000};
  gguf_tensor tensor{"t", ggml_type::f16, {2}, std::as_bytes(std::span(half))};
  std::vector<float> out(2);
  read_f32(tensor, out);
  EXPECT_EQ(out, (std::vector<float>{1, -2}));
  const std::vector<double> doubles{0.5, 1e300};
  tensor = {"t", ggml_type::f64, {2, 1}, std::as_bytes(std::span(doubles))};
  read_f32(tensor, out);
  EXPECT_EQ(out[0], 0.5F);
  EXPECT_GT(out[1], 3.4e38F);
}

TEST(read_f32, says_what_does_not_fit) {
  const auto message_of = [](const gguf_tensor& tensor, std::size_t n) -> std::string {
    std::vector<float> out(n);
    try {
      read_f32(tensor, out);
    } catch (const binade::error& problem) {
      return problem.what();
    }
    return "no error";
  };
  const std::vector<std::byte> data(34);
  const std::span<const std::byte> bytes(data);
  EXPECT_EQ(message_of({"t", ggml_type::q8_0, {32}, bytes}, 32),
            "read_f32: tensor \"t\" has type Q8_0; allowed are F32, F16, BF16, F64");
  EXPECT_EQ(message_of({"t", ggml_type::q8_0, {64}, bytes}, 64),
            "read_f32: tensor \"t\" has 34 bytes; Q8_0[64] takes 68");
  EXPECT_EQ(message_of({"t", ggml_type::q8_0, {16}, bytes}, 64),
            "read_f32: tensor \"t\" has 34 bytes; Q8_0[16] overflows 64 bits or its rows do not "
            "fill whole blocks of 32 elements");
  EXPECT_EQ(message_of({"t", ggml_type::f32, {2}, bytes.first(8)}, 3),
            "read_f32: tensor \"t\" has 2 elements, but out has 3; they must be equal");
}

}  // namespace

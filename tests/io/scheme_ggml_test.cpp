// SPDX-License-Identifier: MIT
#include "binade/io/scheme_ggml.hpp"

#include "binade/io/gguf.hpp"
#include "binade/quantize/dequantize.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace {

using binade::any_ggml_block;
using binade::tensor_shape;

const std::string folder = "tests/vectors/checkpoints";

// The file of the gguf package: its values are ours, and putting the blocks together again gives
// its bytes.
TEST(scheme_ggml, has_the_values_and_the_bytes_of_the_package) {
  const auto file = binade::gguf_file::open(folder + "/ggml.gguf");
  const auto values = binade::gguf_file::open(folder + "/ggml.values.gguf");
  std::size_t found = 0;
  for (const binade::gguf_tensor& t : file.tensors()) {
    const any_ggml_block* const block = binade::find_ggml_block(t.type);
    if (block == nullptr) continue;
    ++found;
    const tensor_shape shape(t.shape);
    binade::any_packed_tensor packed = unpack_ggml(*block, shape, t.data);
    EXPECT_EQ(binade::find_ggml_block(packed.description()), block) << t.name;
    std::vector<std::byte> again(t.data.size());
    pack_ggml(*block, packed, again);
    EXPECT_TRUE(std::ranges::equal(again, t.data)) << t.name;

    if (t.type == binade::ggml_type::nvfp4) {
      std::string scale = t.name;
      scale.replace(scale.size() - 6, 6, "scale");
      float factor = 0;
      read_f32(file.find(scale), {&factor, 1});
      packed.set_tensor_scale(factor);
    }
    std::vector<float> ours(shape.size());
    dequantize(packed, binade::tensor_view<float>(ours.data(), shape));
    std::vector<float> theirs(shape.size());
    read_f32(values.find(t.name), theirs);
    EXPECT_EQ(ours, theirs) << t.name;
  }
  EXPECT_EQ(found, 4U);
}

/// One block with code i in byte i of its codes.
std::vector<std::byte> numbered(const any_ggml_block& b, std::size_t scale_bytes) {
  std::vector<std::byte> bytes(b.bytes);
  for (std::size_t i = 0; i < scale_bytes; ++i) bytes[i] = static_cast<std::byte>(0x31 + i);
  for (std::size_t i = scale_bytes; i < b.bytes; ++i) {
    bytes[i] = static_cast<std::byte>((i - scale_bytes) * 7 + 3);
  }
  return bytes;
}

TEST(scheme_ggml, pairs_elements_of_two_halves) {
  const any_ggml_block& mxfp4 = *binade::find_ggml_block(binade::ggml_type::mxfp4);
  const std::vector<std::byte> bytes = numbered(mxfp4, 1);
  const auto packed = unpack_ggml(mxfp4, tensor_shape{1, 32}, bytes);
  EXPECT_EQ(packed.view().scale_code(0), 0x31U);
  for (std::size_t j = 0; j < 16; ++j) {
    const auto byte = std::to_integer<std::uint32_t>(bytes[1 + j]);
    EXPECT_EQ(packed.view().code(0, j), byte & 15) << j;
    EXPECT_EQ(packed.view().code(0, j + 16), byte >> 4) << j;
  }
  const any_ggml_block& nvfp4 = *binade::find_ggml_block(binade::ggml_type::nvfp4);
  const std::vector<std::byte> four = numbered(nvfp4, 4);
  const auto sub = unpack_ggml(nvfp4, tensor_shape{1, 64}, four);
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_EQ(sub.view().scale_code(s), 0x31U + s);
    for (std::size_t j = 0; j < 8; ++j) {
      const auto byte = std::to_integer<std::uint32_t>(four[4 + 8 * s + j]);
      EXPECT_EQ(sub.view().code(0, 16 * s + j), byte & 15);
      EXPECT_EQ(sub.view().code(0, 16 * s + j + 8), byte >> 4);
    }
  }
}

TEST(scheme_ggml, q4_0_stores_eight_more_than_the_element) {
  const any_ggml_block& b = *binade::find_ggml_block(binade::ggml_type::q4_0);
  std::vector<std::byte> bytes(b.bytes);
  bytes[1] = std::byte{0x3c};  // 1 in float16
  for (std::size_t j = 0; j < 16; ++j) bytes[2 + j] = static_cast<std::byte>(j | (15 - j) << 4);
  std::array<float, 32> values{};
  dequantize(unpack_ggml(b, tensor_shape{32}, bytes),
             binade::tensor_view<float>(values.data(), tensor_shape{32}));
  for (int j = 0; j < 16; ++j) {
    EXPECT_EQ(values[static_cast<std::size_t>(j)], static_cast<float>(j - 8));
    EXPECT_EQ(values[static_cast<std::size_t>(j + 16)], static_cast<float>(7 - j));
  }
}

TEST(scheme_ggml, wrong_sizes_and_formats_are_errors) {
  const any_ggml_block& b = *binade::find_ggml_block(binade::ggml_type::mxfp4);
  std::vector<std::byte> bytes(2 * b.bytes);
  EXPECT_NO_THROW(static_cast<void>(unpack_ggml(b, tensor_shape{2, 32}, bytes)));
  EXPECT_THROW(static_cast<void>(unpack_ggml(b, tensor_shape{3, 32}, bytes)), binade::error);
  EXPECT_THROW(static_cast<void>(unpack_ggml(b, tensor_shape{1, 48}, bytes)), binade::error);
  EXPECT_THROW(static_cast<void>(unpack_ggml(b, tensor_shape{}, bytes)), binade::error);
  const auto packed = unpack_ggml(b, tensor_shape{2, 32}, bytes);
  std::vector<std::byte> out(b.bytes);
  EXPECT_THROW(pack_ggml(b, packed, out), binade::error);
  const any_ggml_block& other = *binade::find_ggml_block(binade::ggml_type::q8_0);
  EXPECT_THROW(pack_ggml(other, packed, out), binade::error);
  EXPECT_EQ(binade::find_ggml_block(binade::ggml_type::q4_k), nullptr);
}

}  // namespace

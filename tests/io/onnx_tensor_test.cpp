// SPDX-License-Identifier: MIT
#include "binade/io/onnx_tensor.hpp"

#include "binade/format/format_id.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using binade::onnx_tensor;
using binade::onnx_type;

// The catalogue and the reader were written from different pages; they must agree.
TEST(onnx_type, agrees_with_the_catalogue_of_formats) {
  int known = 0;
  for (const auto id : binade::all_format_ids()) {
    const auto& info = binade::format_info(id);
    if (info.names.onnx_type < 0) continue;
    const auto type = static_cast<onnx_type>(info.names.onnx_type);
    EXPECT_EQ(name_of(type), info.names.onnx) << info.name;
    EXPECT_EQ(bits_of(type), info.bit_count) << info.name;
    ++known;
  }
  EXPECT_GE(known, 12);
}

TEST(read_f32, says_what_does_not_fit) {
  const auto message_of = [](const onnx_tensor& tensor, std::size_t n) -> std::string {
    std::vector<float> out(n);
    try {
      read_f32(tensor, out);
    } catch (const binade::error& problem) {
      return problem.what();
    }
    return "no error";
  };
  const std::vector<std::byte> data(4);
  EXPECT_EQ(message_of({"t", onnx_type::int32, {1}, data}, 1),
            "read_f32: tensor \"t\" has type INT32; allowed are FLOAT, FLOAT16, BFLOAT16, DOUBLE");
  EXPECT_EQ(message_of({"t", onnx_type::float32, {2}, data}, 2),
            "read_f32: tensor \"t\" has 4 bytes; FLOAT[2] takes 8");
  EXPECT_EQ(message_of({"t", onnx_type::float32, {1}, data}, 2),
            "read_f32: tensor \"t\" has 1 elements, but out has 2; they must be equal");
}

}  // namespace

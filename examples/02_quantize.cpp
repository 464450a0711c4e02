// SPDX-License-Identifier: MIT

// A matrix into a block format, or into an element format with scales, and back.

#include "binade/binade.hpp"

#include <cstdio>
#include <vector>

int main() {
  constexpr std::size_t rows = 64;
  constexpr std::size_t cols = 256;
  std::vector<float> data(rows * cols);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<float>(binade::standard_normal(/*seed=*/1, /*stream=*/0, i));
  }
  const auto w = binade::matrix_view(data.data(), rows, cols);
  std::vector<float> restored(data.size());
  const auto out = binade::matrix_view(restored.data(), rows, cols);

  const auto report = [&](const char* name, const binade::any_packed_tensor& q) {
    binade::dequantize(q, out);
    std::printf("%-28s %.3f bits  %6.2f dB  %zu clipped\n", name, q.bits_per_element(),
                binade::metrics::sqnr_db(w, out), q.counts().clipped);
  };
  report("nvfp4", binade::quantize<binade::nvfp4>(w));
  report("mxfp4", binade::quantize<binade::mxfp4>(w));
  report("mxfp4, OCP's floor rule",
         binade::quantize<binade::mxfp4>(w, binade::scaling::pow2_floor{}));
  report("e4m3fn, a scale a tensor", binade::quantize<binade::e4m3fn>(w));
  report("e4m3fn, a scale a row",
         binade::quantize<binade::e4m3fn>(w, binade::per_channel{.axis = 0}));
  report("int4, groups of 32", binade::quantize<binade::int4>(w, binade::per_group{.size = 32}));
  report("uint4, affine groups",
         binade::quantize<binade::uint4>(w, binade::per_group{.size = 32}, binade::affine{}));
  return 0;
}

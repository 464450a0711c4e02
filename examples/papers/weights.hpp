// SPDX-License-Identifier: MIT
#pragma once

#include "binade/binade.hpp"
#include "binade/io/safetensors.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

// Weights of a real network, for what papers say of networks' weights.

namespace papers {

struct weight {
  std::string name;
  std::size_t rows, cols;  ///< out and in; of the embedding: tokens and dimensions
  std::vector<float> values;
};

/// The slices of the Universal Sentence Encoder Lite that `compare` carries: three matrices of a
/// transformer, and 512 rows of its token embedding. They are found from the project's folder,
/// where ctest runs programs.
[[nodiscard]] inline std::vector<weight> transformer_weights() {
  const auto file = binade::safetensors_file::open("bench/compare/data/use-lite-slice.safetensors");
  std::vector<weight> weights;
  for (const binade::safetensors_tensor& t : file.tensors()) {
    weight w{t.name, static_cast<std::size_t>(t.shape[0]), static_cast<std::size_t>(t.shape[1]),
             binade::read_f32(t)};
    if (t.name.starts_with("layer")) {  // stored as [in, out]
      const std::vector<float> stored = std::exchange(w.values, {});
      for (std::size_t o = 0; o < w.cols; ++o) {
        for (std::size_t i = 0; i < w.rows; ++i) w.values.push_back(stored[i * w.cols + o]);
      }
      std::swap(w.rows, w.cols);
    }
    weights.push_back(std::move(w));
  }
  return weights;
}

/// The values of each weight under a random Hadamard transform of `size` numbers along the rows.
[[nodiscard]] inline std::vector<std::vector<float>> rotated_weights(int size) {
  std::vector<std::vector<float>> rotated;
  for (const weight& w : transformer_weights()) {
    rotated.emplace_back(w.values.size());
    binade::hadamard_transform(binade::random_hadamard(size, 7), binade::vector_view(w.values),
                               binade::vector_view(rotated.back()));
  }
  return rotated;
}

/// Signal to noise of a weight under a scale a row, in dB.
template <binade::packable F, class... Options>
[[nodiscard]] double sqnr_by_rows(const weight& w, Options&&... options) {
  std::vector<float> y(w.values.size());
  binade::dequantize(
      binade::quantize<F>(binade::matrix_view(w.values, w.rows, w.cols),
                          binade::per_channel{.axis = 0}, std::forward<Options>(options)...),
      binade::matrix_view(y, w.rows, w.cols));
  return binade::metrics::sqnr_db(w.values, y);
}

}  // namespace papers

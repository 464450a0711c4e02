// SPDX-License-Identifier: MIT

// Formats, rules and granularities chosen at run time; the same bits as the typed calls.

#include "binade/binade.hpp"

#include <cstdio>
#include <vector>

int main() {
  std::vector<float> x(32);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 15.5F;
  const auto view = binade::matrix_view(x.data(), 1, 32);

  for (const char* name : {"mxfp4", "nvfp4", "hif8", "fp8_e4m3", "mxfp5"}) {
    try {
      const binade::any_packable& format = binade::find_packable(name);
      binade::quantize_options options;
      options.rounding = binade::rounding::toward_zero{};
      const binade::any_packed_tensor q =
          binade::quantize(binade::tensor_view<const float>(view),
                           format.describe(view.shape(), binade::per_tensor{}), options);
      std::printf("%-8s first code 0x%02x, %zu bytes\n", format.names->name, q.view().code(0, 0),
                  q.size_bytes());
    } catch (const binade::error& e) {
      std::printf("%s\n", e.what());
    }
  }
  return 0;
}

// SPDX-License-Identifier: MIT

// A format of your own is one struct: everything else follows from its spec.

#include "binade/binade.hpp"

#include <cstdio>
#include <limits>

// Seven bits: sign, 3 exponent bits, 3 mantissa bits; the all-ones code is NaN.
struct e3m3 : binade::minifloat<e3m3, 7> {
  using minifloat::minifloat;
  static constexpr binade::float_spec spec{
      .exponent_bits = 3, .mantissa_bits = 3, .bias = 3, .nan = binade::nan_codes::all_ones};
  static constexpr binade::format_names names{.name = "e3m3"};
};

int main() {
  using limits = std::numeric_limits<e3m3>;
  std::printf("max %g, min %g, epsilon %g\n", double{limits::max()}, double{limits::min()},
              double{limits::epsilon()});

  float x[4] = {0.1F, -1.7F, 2.2F, 100.0F};
  const auto q = binade::quantize<e3m3>(binade::matrix_view(x, 2, 2), binade::per_channel{});
  float y[4];
  binade::dequantize(q, binade::matrix_view(y, 2, 2));
  std::printf("%g %g / %g %g in %zu bytes\n", double{y[0]}, double{y[1]}, double{y[2]},
              double{y[3]}, q.size_bytes());

  binade::for_each_value<e3m3>([](e3m3 v) {
    if (v > e3m3(10)) std::printf("%g ", double{v});
  });
  std::printf("\n");
  return 0;
}

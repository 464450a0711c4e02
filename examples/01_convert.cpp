// SPDX-License-Identifier: MIT

// One value into a format and back: defaults, rounding, saturation, exact values.

#include "binade/binade.hpp"

#include <cstdio>

int main() {
  using binade::convert, binade::e4m3fn, binade::e5m2;
  namespace rounding = binade::rounding;
  namespace saturation = binade::saturation;

  // A format is a value type. Construction rounds to nearest and saturates, as CUDA's types do.
  const e4m3fn x(3.1416);
  std::printf("e4m3fn(3.1416) = %g, code 0x%02x\n", static_cast<double>(x), x.bits());

  // Every policy can be named at the call.
  std::printf("toward +inf:     %g\n",
              double{convert<e4m3fn>(3.1416, rounding::toward_positive{})});
  std::printf("1000, finite:    %g\n", double{convert<e4m3fn>(1000.0F)});
  std::printf("1000, none:      %g\n", double{convert<e4m3fn>(1000.0F, saturation::none{})});
  std::printf("1e6 in e5m2:     %g\n", double{convert<e5m2>(1e6F, saturation::none{})});

  // Conversion is one rounding, from any type: through float, this one would round twice.
  std::printf("1.0625 + 2^-40:  %g\n", double{e4m3fn(1.0625 + 0x1p-40)});

  // Values are exact in float, so they convert to it by themselves; arithmetic rounds once.
  const e4m3fn product = x * e4m3fn(1.5F);
  std::printf("3.25 * 1.5:      %g\n", double{product});

  // All of it is constexpr.
  static_assert(e4m3fn(464.0F).bits() == 0x7e && float{e4m3fn::from_bits(0x7e)} == 448.0F);
  return 0;
}

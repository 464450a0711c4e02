// SPDX-License-Identifier: MIT
// A first program, as somebody writes it who has just installed binade.
#include <binade/binade.hpp>

#include <cstdio>

int main() {
  const auto x = binade::convert<binade::e4m3fn>(3.3F);
  const float value = x;
  std::printf("3.3 in e4m3fn is %.9g\n", static_cast<double>(value));

  float weights[64];
  for (int i = 0; i < 64; ++i) weights[i] = static_cast<float>(i - 32);
  float restored[64];
  const auto w = binade::matrix_view(weights, 2, 32);
  const auto q = binade::quantize<binade::mxfp4>(w);
  binade::dequantize(q, binade::matrix_view(restored, 2, 32));
  std::printf("2 x 32 in mxfp4: %zu bytes, -32 is %g\n", q.size_bytes(),
              static_cast<double>(restored[0]));
  const bool right =
      value == 3.25F && x.bits() == 0x45 && q.size_bytes() == 34 && restored[0] == -32.0F;
  return right ? 0 : 1;
}

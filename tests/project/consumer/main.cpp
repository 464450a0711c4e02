// SPDX-License-Identifier: MIT
// A first program, as somebody writes it who has just installed binade.
#include <binade/binade.hpp>

#include <cstdio>

int main() {
  const auto x = binade::convert<binade::e4m3fn>(3.3F);
  const float value = x;
  std::printf("3.3 in e4m3fn is %.9g\n", static_cast<double>(value));
  return value == 3.25F && x.bits() == 0x45 ? 0 : 1;
}

// SPDX-License-Identifier: MIT

// Compiled several times, with another -DBINADE_TARGET and other flags each; see targets.hpp.

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/convert.hpp"

#include <cstddef>
#include <span>

extern "C" __attribute__((visibility("default"))) void encode_e4m3fn(const float* x, void* out,
                                                                     std::size_t n) {
  binade::convert(std::span(x, n), std::span(static_cast<binade::e4m3fn*>(out), n));
}

// SPDX-License-Identifier: MIT
#include "fuzz/targets.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::onnx(std::as_bytes(std::span(data, size)));
  return 0;
}

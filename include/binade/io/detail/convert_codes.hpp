// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace binade::inline v0::detail {

/// What a file's element is to a reader that makes floats of it.
enum class float_element : std::uint8_t { f32, f16, bf16, f64 };

template <class Code, class ValueOf>
void convert_codes(std::span<const std::byte> data, std::span<float> out, ValueOf value_of) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Code code;
    std::memcpy(&code, data.data() + i * sizeof(Code), sizeof(Code));
    out[i] = convert<float>(value_of(code));
  }
}

/// The little-endian elements of `data` as floats: binary32 bit by bit, binary64 to nearest.
inline void convert_elements(float_element element, std::span<const std::byte> data,
                             std::span<float> out) {
  switch (element) {
    case float_element::f32:
      if (!out.empty()) std::memcpy(out.data(), data.data(), out.size_bytes());
      return;
    case float_element::f16:
      return convert_codes<std::uint16_t>(data, out, float16::from_bits);
    case float_element::bf16:
      return convert_codes<std::uint16_t>(data, out, bfloat16::from_bits);
    case float_element::f64:
      return convert_codes<double>(data, out, [](double x) { return x; });
  }
}

}  // namespace binade::inline v0::detail

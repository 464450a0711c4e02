// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/io/detail/in_quotes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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

/// read_f32 of a tensor of some file: `type` is its type as that file calls it, `element` what that
/// is here, `allowed` the types that are one.
///
/// Needs: data of the size that the type and the number of elements ask for.
inline void read_floats(std::string_view name, std::uint64_t size, const std::string& type,
                        std::optional<float_element> element, const char* allowed,
                        std::span<const std::byte> data, std::span<float> out) {
  const auto fail = [name](const std::string& what) {
    BINADE_THROW(error{"read_f32: tensor " + in_quotes(name) + " has " + what});
  };
  if (out.size() != size) {
    fail(std::to_string(size) + " elements, but out has " + std::to_string(out.size()) +
         "; they must be equal");
  }
  if (!element) fail(type + "; allowed are " + allowed);
  convert_elements(*element, data, out);
}

}  // namespace binade::inline v0::detail

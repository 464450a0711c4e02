// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/convert.hpp"
#include "binade/tensor/view.hpp"
#include "binade/transform/hadamard.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace binade::inline v0 {

/// Element types that transforms read and write.
template <class T>
concept transformable =
    std::same_as<T, float> || std::same_as<T, float16> || std::same_as<T, bfloat16>;

/// The transform of binade/transform/hadamard.hpp or its inverse.
enum class hadamard_direction : std::uint8_t { forward, inverse };

namespace reference {

/// Throws: error unless the size is valid and rows are whole blocks.
inline void check_hadamard(const char* function, const hadamard& t, const tensor_shape& x) {
  if (!t.has_valid_size()) {
    BINADE_THROW(error{std::string(function) + ": the transform's size is " +
                       std::to_string(t.size) + "; allowed are 16, 32, 64, 128 and 256"});
  }
  if (x.row_length() % static_cast<std::size_t>(t.size) != 0) {
    BINADE_THROW(error{std::string(function) + ": x is " + to_string(x) +
                       "; its rows must be multiples of the transform's size " +
                       std::to_string(t.size)});
  }
}

/// Throws: error unless they fit together.
inline void check_hadamard(const char* function, const hadamard& t, const tensor_shape& x,
                           const tensor_shape& out) {
  check_hadamard(function, t, x);
  if (!(x == out)) {
    BINADE_THROW(error{std::string(function) + ": x is " + to_string(x) + " but out is " +
                       to_string(out) + "; they must be equal"});
  }
}

/// The definition of binade::hadamard_transform and of its inverse; the arguments were checked.
template <transformable T, transformable U>
void hadamard_transform(const hadamard& t, const tensor_view<const T>& x, const tensor_view<U>& out,
                        hadamard_direction direction = hadamard_direction::forward) noexcept {
  const auto size = static_cast<std::size_t>(t.size);
  std::uint32_t block[hadamard::greatest_size];
  for (std::size_t row = 0; row < x.row_count(); ++row) {
    for (std::size_t begin = 0; begin < x.row_length(); begin += size) {
      const T* from = x.row_data(row) + static_cast<std::ptrdiff_t>(begin) * x.inner_stride();
      for (std::size_t i = 0; i < size; ++i) {
        block[i] = static_cast<std::uint32_t>(
            encode(binary32_spec, unpack(from[static_cast<std::ptrdiff_t>(i) * x.inner_stride()]),
                   rounding::ties_to_even{}, {.saturation = saturation_mode::none}));
      }
      if (direction == hadamard_direction::forward) {
        transform_block(t, block);
      } else {
        inverse_transform_block(t, block);
      }
      U* to = out.row_data(row) + static_cast<std::ptrdiff_t>(begin) * out.inner_stride();
      for (std::size_t i = 0; i < size; ++i) {
        binade::detail::pack_value_into(to + static_cast<std::ptrdiff_t>(i) * out.inner_stride(),
                                        decode(binary32_spec, block[i]), rounding::ties_to_even{},
                                        conversion_rules{.saturation = saturation_mode::none});
      }
    }
  }
}

}  // namespace reference
}  // namespace binade::inline v0

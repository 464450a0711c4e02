// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/convert.hpp"

#include <cstddef>
#include <cstdint>

namespace binade::inline v0::reference {

/// out[i] = convert<To>(x[i]) under the policies, with stochastic rounding for element index + i:
/// the definition of bulk conversion.
template <conversion_target To, number From, rounding_policy R>
constexpr void convert(const From* x, To* out, std::size_t n, const R& rounding,
                       conversion_rules rules, std::uint64_t index = 0) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    binade::detail::pack_value_into(out + i, unpack(x[i]), rounding.at(index + i), rules);
  }
}

}  // namespace binade::inline v0::reference

// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

namespace bench {

/// Bulk convert and its peers: encode/<source>/<format>[/<policy>][/<peer>].
[[nodiscard]] case_list encode_cases();

/// decode/<format>/<target>[/<peer>].
[[nodiscard]] case_list decode_cases();

}  // namespace bench

// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace bench {

/// The CPU's model name, or "unknown CPU".
[[nodiscard]] std::string cpu_name();

/// Whether this machine runs AVX-512 F, CD, BW, DQ and VL.
[[nodiscard]] bool has_avx512() noexcept;

/// Starts this program again if the environment lacks what the peers read at start-up: one thread
/// each, and OpenBLAS's AVX-512 kernels where the CPU has AVX-512, whatever it would choose (on
/// CPUs younger than itself, narrower ones). To be called first in main.
void apply_peer_settings(char** argv);

}  // namespace bench

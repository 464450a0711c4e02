// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "support/benchmark_case.hpp"

#include <cstddef>
#include <memory>

// Limit loops: what a kernel could reach at best on this machine.

namespace bench {

enum class stores : std::uint8_t {
  ordinary,
  streamed,  ///< non-temporal
};

/// Moves as many bytes as a kernel that reads `read` and writes `written` bits an element (f32 to a
/// byte: 32 and 8), merging what is read by a bitwise operation or two, on the widest vectors.
/// `written` may be 0: a plain read.
[[nodiscard]] contender move_limit(std::size_t elements, int read, int written,
                                   stores how = stores::ordinary);

/// The same with the elements shared out among the threads of a pool.
[[nodiscard]] contender move_limit_of_threads(std::size_t elements, int read, int written,
                                              const std::shared_ptr<binade::threads>& pool);

/// A plain read of `bytes` bytes that counts as `items` items.
[[nodiscard]] contender read_limit(std::size_t bytes, double items);

/// `items` float multiply-adds in registers, on the widest vectors.
[[nodiscard]] contender multiply_add_limit(double items);

/// Clock cycles as items: multiplications that wait for each other, three cycles each on every
/// x86-64 core of the last decade. Its speed is the clock's frequency.
[[nodiscard]] contender clock_cycles();

/// Reads 512 MB, so that nothing else is in a cache.
void empty_caches();

/// The limit loops of bulk calls as benchmarks of their own.
[[nodiscard]] case_list limit_cases();

}  // namespace bench

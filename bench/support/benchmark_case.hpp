// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// What the Google Benchmark programs and the ratio table share: every benchmark is a value of type
// `benchmark_case`.

namespace bench {

/// Where the data of a benchmark lie.
enum class place : std::uint8_t {
  l1,      ///< 4096 elements
  l2,      ///< the largest power of two of elements, at most 2^18, that leaves a quarter of L2 free
  memory,  ///< 2^26 elements, far out of cache
  small,   ///< matrix products: a size for tests
  hot,     ///< matrix products: the real size, operands just used
  cold,    ///< the same after 512 MB of other memory have been read
};

[[nodiscard]] const char* to_string(place where) noexcept;

/// Elements of a bulk call at l1, l2 or memory.
[[nodiscard]] std::size_t elements_at(place where) noexcept;

/// Something ready to be timed: its memory is there and its inputs are filled.
struct contender {
  double items = 0;  ///< elements of one run, or multiply-adds of a product
  double bytes = 0;  ///< read and written by one run
  std::function<void()> run;
  std::function<std::string()> check;  ///< what is wrong with what `run` wrote; empty: nothing
  std::function<void()> before;        ///< untimed, before each run; may be absent
};

enum class clock_kind : std::uint8_t {
  thread,  ///< the calling thread's own time: waiting for a core does not count
  wall,    ///< for work on several threads
};

using prepare = std::function<contender(place)>;

/// A benchmark by name, prepared when its turn comes because of its memory.
struct benchmark_case {
  std::string name;
  std::vector<place> places;
  prepare make;
  prepare limit;     ///< what moves the same bytes, or does the same arithmetic, and nothing else
  prepare streamed;  ///< the same with non-temporal stores; may be absent
  prepare scalar;    ///< the definition, element by element; may be absent
  clock_kind clock = clock_kind::thread;
};

using case_list = std::vector<benchmark_case>;

/// Moves all of `more` behind `cases`.
void append(case_list& cases, case_list more);

}  // namespace bench

// SPDX-License-Identifier: MIT
#pragma once

// Conversion of every binary32, NaNs included, compared with the oracle at memory speed.
//
// The oracle finds by exact search the float at which each code begins (first_float_of_each_code).
// Between two such floats every input must have one code, so a chunk of consecutive bit patterns is
// right if it is a few runs of equal bytes, which is what is looked at: the cost is the library's.
// Chunks are the outer loop, so that their inputs are written once for all conversions.

#include "exhaustive/support.hpp"
#include "oracle/boundaries.hpp"
#include "oracle/format.hpp"
#include "oracle/round.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace exhaustive {

/// A way of the library's to make codes of one byte of floats, and what it is held to.
struct conversion {
  const char* name;
  const oracle::format* expected;
  oracle::saturation policy;
  void (*convert)(const float*, std::byte*, std::size_t);
};

namespace detail {

/// A conversion during a sweep.
struct job {
  explicit job(const conversion& c)
      : call(c),
        runs(first_float_of_each_code(*c.expected, default_rounding(*c.expected), c.policy)),
        row(std::string(c.name) + ", " + shown_policy(c.policy)) {}

  conversion call;
  std::vector<oracle::float_run> runs;
  tally row;
};

inline bool all_equal(const std::byte* bytes, std::size_t n, std::byte value) {
  return bytes[0] == value && std::memcmp(bytes, bytes + 1, n - 1) == 0;
}

/// The run that holds a bit pattern.
inline std::vector<oracle::float_run>::const_iterator run_at(const job& j, std::uint32_t bits) {
  const auto after =
      std::upper_bound(j.runs.begin(), j.runs.end(), bits,
                       [](std::uint32_t x, const oracle::float_run& r) { return x < r.first; });
  return std::prev(after);
}

/// got[i] is the code of the float of bit pattern first + i, as the job's runs say.
inline void check_codes(job& j, std::uint32_t first, const std::byte* got, std::size_t n) {
  auto run = run_at(j, first);
  const std::uint64_t end = std::uint64_t{first} + n;
  for (std::uint64_t at = first; at < end; ++run) {
    const bool last = std::next(run) == j.runs.end() || std::next(run)->first >= end;
    const std::uint64_t stop = last ? end : std::next(run)->first;
    const auto wanted = static_cast<std::byte>(run->code);
    const std::byte* codes = got + (at - first);
    if (!all_equal(codes, stop - at, wanted)) {
      for (std::uint64_t bits = at; bits < stop; ++bits) {
        const std::byte code = codes[bits - at];
        if (code == wanted) continue;
        j.row.add_mismatch([&] {
          char input[64];
          std::snprintf(input, sizeof input, "%08x = %.9g", static_cast<unsigned>(bits),
                        double{oracle::float_of(static_cast<std::uint32_t>(bits))});
          return std::string("float ") + input + " gives " +
                 shown_code(*j.call.expected, std::to_integer<unsigned>(code)) + ", expected " +
                 shown_code(*j.call.expected, run->code);
        });
      }
    }
    at = stop;
  }
}

/// The chunks that are tried: all, or those where a code of some conversion begins or ends, and
/// every `stride`-th.
inline std::vector<std::uint32_t> chosen_chunks(const std::vector<std::unique_ptr<job>>& jobs,
                                                std::uint64_t size, std::uint64_t stride) {
  std::set<std::uint32_t> chunks;
  for (std::uint64_t c = 0; c < (std::uint64_t{1} << 32) / size; c += stride) {
    chunks.insert(static_cast<std::uint32_t>(c));
  }
  if (stride != 1) {
    for (const std::unique_ptr<job>& j : jobs) {
      for (const oracle::float_run& run : j->runs) {
        chunks.insert(static_cast<std::uint32_t>(run.first / size));
        chunks.insert(static_cast<std::uint32_t>((run.first - 1) / size));  // of 0: the last float
      }
    }
  }
  return {chunks.begin(), chunks.end()};
}

}  // namespace detail

/// How much of the 2^32 floats a sweep tries.
struct sweep_size {
  std::uint64_t chunk = 0;   ///< consecutive floats, a power of two
  std::uint64_t stride = 1;  ///< every how many chunks, besides those where codes begin
};

/// Tries the conversions, reports a row for each.
inline void sweep(const std::vector<conversion>& conversions, sweep_size size) {
  std::vector<std::unique_ptr<detail::job>> jobs;
  for (const conversion& c : conversions) jobs.push_back(std::make_unique<detail::job>(c));
  const std::vector<std::uint32_t> chunks = detail::chosen_chunks(jobs, size.chunk, size.stride);
  for_each_index(chunks.size(), [&](std::size_t i) {
    thread_local std::vector<float> x;
    thread_local std::vector<std::byte> got;
    x.resize(size.chunk);
    got.resize(size.chunk);
    const auto first = static_cast<std::uint32_t>(chunks[i] * size.chunk);
    for (std::size_t k = 0; k < size.chunk; ++k) {
      x[k] = oracle::float_of(first + static_cast<std::uint32_t>(k));
    }
    for (const std::unique_ptr<detail::job>& j : jobs) {
      const stopwatch watch;
      // What is not written must not look right: another conversion's codes stood here.
      const auto filler = static_cast<int>(detail::run_at(*j, first)->code ^ 0xFFU);
      std::memset(got.data(), filler, got.size());
      j->call.convert(x.data(), got.data(), x.size());
      detail::check_codes(*j, first, got.data(), got.size());
      j->row.add(x.size(), watch.seconds());
    }
  });
  for (const std::unique_ptr<detail::job>& j : jobs) {
    j->row.report(chunks.size() * size.chunk);
  }
}

}  // namespace exhaustive

// SPDX-License-Identifier: MIT

#include "support/benchmark_case.hpp"

#include <algorithm>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace bench {

const char* to_string(place where) noexcept {
  switch (where) {
    case place::l1:
      return "L1";
    case place::l2:
      return "L2";
    case place::memory:
      return "memory";
    case place::small:
      return "small";
    case place::hot:
      return "hot";
    case place::cold:
      break;
  }
  return "cold";
}

std::size_t elements_at(place where) noexcept {
  if (where == place::l1) return std::size_t{1} << 12;
  if (where == place::memory) return std::size_t{1} << 26;
  // 5 bytes an element, one of them narrow. 2 MB of L2 hold 2^18 elements, 1 MB holds 2^17.
  const long cache = sysconf(_SC_LEVEL2_CACHE_SIZE);
  const std::size_t bytes = cache > 0 ? static_cast<std::size_t>(cache) : std::size_t{1} << 20;
  std::size_t n = std::size_t{1} << 18;
  while (n > std::size_t{1} << 14 && n * 5 > bytes / 4 * 3) n /= 2;
  return n;
}

void append(case_list& cases, case_list more) {
  std::ranges::move(more, std::back_inserter(cases));
}

}  // namespace bench

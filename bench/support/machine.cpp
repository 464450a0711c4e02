// SPDX-License-Identifier: MIT

#include "support/machine.hpp"

#include "binade/kernel/simd/dispatch.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace bench {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

bool has_avx512() noexcept { return binade::simd::is_available(binade::simd::target::avx512); }

void apply_peer_settings(char** argv) {
  constexpr std::array<std::pair<const char*, const char*>, 3> settings{
      {{"OPENBLAS_NUM_THREADS", "1"}, {"OMP_NUM_THREADS", "1"}, {"OPENBLAS_CORETYPE", "SkylakeX"}}};
  bool changed = false;
  for (const auto& [name, value] : settings) {
    if (std::string_view(name) == "OPENBLAS_CORETYPE" && !has_avx512()) continue;
    const char* now = std::getenv(name);
    if (now != nullptr && std::string_view(now) == value) continue;
    setenv(name, value, 1);
    changed = true;
  }
  // Without /proc the peers keep what they chose, which is printed.
  if (changed) execv("/proc/self/exe", argv);
}

}  // namespace bench

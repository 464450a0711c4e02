// SPDX-License-Identifier: MIT

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/simd/dispatch.hpp"
#include "support/conversion.hpp"
#include "targets/targets.hpp"

#include <dlfcn.h>
#include <filesystem>
#include <string>
#include <utility>

namespace bench {
namespace {

using encoder = void (*)(const float*, void*, std::size_t);

/// The function of the library next to this program; null if there is none.
encoder load(const std::string& target) {
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto file = program.parent_path() / ("encode_" + target + ".so");
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  return library == nullptr ? nullptr : reinterpret_cast<encoder>(dlsym(library, "encode_e4m3fn"));
}

}  // namespace

case_list target_cases() {
  case_list cases;
  // All of them are compiled for AVX2 at least.
  if (!binade::simd::is_available(binade::simd::target::avx2)) return cases;
  for (const char* target : {"avx2", "portable_gcc_v3", "portable_clang_native"}) {
    const encoder encode = load(target);
    if (encode == nullptr) continue;
    benchmark_case c;
    c.name = std::string("encode/f32/e4m3fn/") + target;
    c.places = {place::l1, place::l2, place::memory};
    c.make = [encode](place where) {
      return conversion<binade::e4m3fn>(
          normal_values<float>(elements_at(where)),
          [encode](std::span<const float> x, std::span<binade::e4m3fn> out) {
            encode(x.data(), out.data(), x.size());
          });
    };
    c.limit = conversion_limit<binade::e4m3fn, float>(stores::ordinary);
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace bench

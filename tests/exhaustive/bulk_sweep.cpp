// SPDX-License-Identifier: MIT

// Bulk conversion of all 2^32 floats into every format of at most 8 bits, under each saturation
// policy, on one SIMD target: the one that BINADE_TARGET pins when this file is compiled.

#include "binade/format/catalog.hpp"
#include "binade/kernel/convert.hpp"
#include "exhaustive/sweep.hpp"
#include "format/contract_support.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace {

using namespace binade;

template <class F, class Saturation>
void bulk(const float* x, std::byte* out, std::size_t n) {
  static_assert(sizeof(F) == 1);
  convert(std::span<const float>(x, n), std::span<F>(reinterpret_cast<F*>(out), n), Saturation{});
}

std::vector<exhaustive::conversion> conversions() {
  std::vector<exhaustive::conversion> list;
  for_each_type(all_formats{}, [&list]<class F>() {
    if constexpr (F::bit_count <= 8) {
      const char* name = F::names.name;
      const oracle::format& f = contract::oracle_of(contract::format_named(name));
      list.push_back({name, &f, oracle::saturation::finite, bulk<F, saturation::finite>});
      list.push_back({name, &f, oracle::saturation::propagate, bulk<F, saturation::propagate>});
      list.push_back({name, &f, oracle::saturation::none, bulk<F, saturation::none>});
    }
  });
  return list;
}

constexpr simd::target pinned = simd::target::BINADE_TARGET;

simd::target widest() {
  if (simd::is_available(simd::target::avx512)) return simd::target::avx512;
  return simd::is_available(simd::target::avx2) ? simd::target::avx2 : simd::target::portable;
}

/// Every float on the widest target of this machine. On the others the full form tries the chunks
/// where a code of some format begins or ends and every 31st of the rest, which a limit of 25
/// minutes on two processors allows; BINADE_EXHAUSTIVE=whole tries all.
exhaustive::sweep_size size() {
  if (!exhaustive::full()) return {.chunk = 256, .stride = 1021};
  return {.chunk = 1 << 16, .stride = exhaustive::whole() || pinned == widest() ? 1U : 31U};
}

TEST(bulk_sweep, every_float_gets_the_code_of_its_run) {
  if (!simd::is_available(pinned)) {
    GTEST_SKIP() << "this machine does not run " << simd::to_string(pinned) << ": not checked";
  }
  ASSERT_EQ(simd::active_kernels().compiled_for, pinned);
  const std::vector<exhaustive::conversion> all = conversions();
  ASSERT_GE(all.size(), 70U * 3);  // the catalogue's entries of at most 8 bits
  exhaustive::sweep(all, size());
}

}  // namespace

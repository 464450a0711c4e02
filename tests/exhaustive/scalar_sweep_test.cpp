// SPDX-License-Identifier: MIT

// Scalar conversion, convert<F>(x), of all 2^32 floats into every format of at most 8 bits, under
// the format's own policies.

#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"
#include "exhaustive/sweep.hpp"
#include "format/contract_support.hpp"

#include <cstddef>
#include <vector>

namespace {

/// Flattened, since with seventy of them in one file g++ keeps some calls out of line, which costs
/// a sweep minutes.
template <class F>
[[gnu::flatten]] void scalar(const float* x, std::byte* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = std::byte{binade::convert<F>(x[i]).bits()};
}

std::vector<exhaustive::conversion> conversions() {
  std::vector<exhaustive::conversion> list;
  binade::for_each_type(binade::all_formats{}, [&list]<class F>() {
    if constexpr (F::bit_count <= 8) {
      const char* name = F::names.name;
      const oracle::format& f = contract::oracle_of(contract::format_named(name));
      list.push_back({name, &f, default_saturation(f), scalar<F>});
    }
  });
  return list;
}

TEST(scalar_sweep, every_float_gets_the_code_of_its_run) {
  const std::vector<exhaustive::conversion> all = conversions();
  ASSERT_GE(all.size(), 70U);  // the catalogue's entries of at most 8 bits
  exhaustive::sweep(all, exhaustive::full() ? exhaustive::sweep_size{.chunk = 1 << 14}
                                            : exhaustive::sweep_size{.chunk = 256, .stride = 1021});
}

}  // namespace

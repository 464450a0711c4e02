// SPDX-License-Identifier: MIT

#include "kernel/bulk_case.hpp"
#include "kernel/convert_cases.hpp"
#include "peers/peers.hpp"

#include <array>
#include <utility>

namespace bench {
namespace {

using binade::for_each_type;

/// One look-up a code, which no compiler turns into vector code.
template <class F>
contender table_decode(place where) {
  static const auto table = [] {
    std::array<float, 256> t{};
    for (std::uint32_t code = 0; code < 1U << F::bit_count; ++code) {
      t[code] = binade::convert<float>(F::from_bits(static_cast<typename F::storage_type>(code)));
    }
    return t;
  }();
  const auto loop = [](std::span<const F> in, std::span<float> out) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = table[in[i].bits()];
  };
  return conversion<float>(normal_values<F>(elements_at(where)), loop);
}

void add_decoders(case_list& cases) {
  const auto add = [&]<class F, class To>() {
    cases.push_back(bulk_case<To, F>("decode/" + name_of<F>() + "/" + name_of<To>()));
  };
  for_each_type(measured_formats{}, [&]<class F>() {
    if constexpr (F::bit_count <= 16) add.template operator()<F, float>();
  });
  for_each_type(binade::type_list<binade::e4m3fn, binade::e5m2, binade::e2m1fn>{}, [&]<class F>() {
    add.template operator()<F, binade::bfloat16>();
    add.template operator()<F, binade::float16>();
  });
  benchmark_case table;
  table.name = "decode/e4m3fn/f32/table";
  table.places = {place::l1, place::l2, place::memory};
  table.make = &table_decode<binade::e4m3fn>;
  table.limit = conversion_limit<float, binade::e4m3fn>(stores::ordinary);
  cases.push_back(std::move(table));
}

}  // namespace

case_list decode_cases() {
  case_list cases;
  add_decoders(cases);
  append(cases, cuda_decode_cases());
  return cases;
}

}  // namespace bench

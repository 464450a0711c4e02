// SPDX-License-Identifier: MIT

#include "kernel/bulk_case.hpp"
#include "kernel/convert_cases.hpp"
#include "peers/peers.hpp"

namespace bench {
namespace {

using binade::for_each_type;

template <class To, class From>
std::string encode_name() {
  return "encode/" + name_of<From>() + "/" + name_of<To>();
}

void add_encoders(case_list& cases) {
  for_each_type(measured_formats{}, [&]<class F>() {
    if constexpr (F::bit_count <= 16) {
      cases.push_back(bulk_case<F, float>(encode_name<F, float>()));
    }
  });
}

void add_policies(case_list& cases) {
  using binade::e4m3fn;
  const std::string name = encode_name<e4m3fn, float>();
  const auto add = [&](const char* policy, const auto& value) {
    cases.push_back(bulk_case<e4m3fn, float>(name + "/" + policy, value));
  };
  add("toward_zero", binade::rounding::toward_zero{});
  add("saturation_none", binade::saturation::none{});
  add("saturation_propagate", binade::saturation::propagate{});
  add("stochastic8", binade::rounding::stochastic{.seed = 1, .bits = 8});
  add("stochastic16", binade::rounding::stochastic{.seed = 1, .bits = 16});
  cases.push_back(bulk_case<e4m3fn, float>(name + "/wide"));
  cases.back().make = [](place where) {
    return bulk<e4m3fn>(values<float>{wide_floats(elements_at(where)), nullptr});
  };
}

void add_sources(case_list& cases) {
  using targets = binade::type_list<binade::e4m3fn, binade::e5m2, binade::e2m3fn, binade::e2m1fn,
                                    binade::hif8, binade::nf4>;
  for_each_type(binade::type_list<binade::bfloat16, binade::float16>{}, [&]<class From>() {
    for_each_type(targets{}, [&]<class To>() {
      cases.push_back(bulk_case<To, From>(encode_name<To, From>()));
    });
  });
}

}  // namespace

case_list encode_cases() {
  case_list cases;
  add_encoders(cases);
  add_policies(cases);
  add_sources(cases);
  append(cases, cuda_encode_cases());
  return cases;
}

}  // namespace bench

// SPDX-License-Identifier: MIT

#include "peers/peers.hpp"

#if __has_include(<cuda_fp4.h>)

#include "binade/format/interop_cuda.hpp"
#include "support/conversion.hpp"

#include <utility>

namespace bench {
namespace {

/// The toolkit's constructor: nearest even, saturating.
template <class F, class Cuda>
void encode(std::span<const float> x, std::span<F> out) {
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = binade::from_cuda(Cuda(x[i]));
}

template <class F>
void decode(std::span<const F> x, std::span<float> out) {
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = static_cast<float>(binade::to_cuda(x[i]));
}

using floats = std::span<const float> (*)(std::size_t);

template <class F, class Cuda>
void add_encoder(case_list& cases, const std::string& header) {
  const auto add = [&](const std::string& inputs, floats source) {
    benchmark_case c;
    c.name = "encode/f32/" + std::string(F::names.name) + inputs + "/" + header;
    c.places = {place::l1, place::l2, place::memory};
    c.make = [source](place where) {
      return conversion<F>(values<float>{source(elements_at(where)), nullptr}, &encode<F, Cuda>);
    };
    c.limit = conversion_limit<F, float>(stores::ordinary);
    cases.push_back(std::move(c));
  };
  add("", &normal_floats);
  add("/wide", &wide_floats);
}

template <class F>
void add_decoder(case_list& cases, const std::string& header) {
  benchmark_case c;
  c.name = "decode/" + std::string(F::names.name) + "/f32/" + header;
  c.places = {place::l1, place::l2, place::memory};
  c.make = [](place where) {
    return conversion<float>(normal_values<F>(elements_at(where)), &decode<F>);
  };
  c.limit = conversion_limit<float, F>(stores::ordinary);
  cases.push_back(std::move(c));
}

}  // namespace

case_list cuda_encode_cases() {
  case_list cases;
  add_encoder<binade::e4m3fn, __nv_fp8_e4m3>(cases, "cuda_fp8.h");
  add_encoder<binade::e5m2, __nv_fp8_e5m2>(cases, "cuda_fp8.h");
  add_encoder<binade::e2m3fn, __nv_fp6_e2m3>(cases, "cuda_fp6.h");
  add_encoder<binade::e3m2fn, __nv_fp6_e3m2>(cases, "cuda_fp6.h");
  add_encoder<binade::e2m1fn, __nv_fp4_e2m1>(cases, "cuda_fp4.h");
  return cases;
}

case_list cuda_decode_cases() {
  case_list cases;
  add_decoder<binade::e4m3fn>(cases, "cuda_fp8.h");
  add_decoder<binade::e5m2>(cases, "cuda_fp8.h");
  add_decoder<binade::e2m3fn>(cases, "cuda_fp6.h");
  add_decoder<binade::e3m2fn>(cases, "cuda_fp6.h");
  add_decoder<binade::e2m1fn>(cases, "cuda_fp4.h");
  return cases;
}

}  // namespace bench

#else

namespace bench {
case_list cuda_encode_cases() { return {}; }
case_list cuda_decode_cases() { return {}; }
}  // namespace bench

#endif

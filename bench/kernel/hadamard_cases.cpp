// SPDX-License-Identifier: MIT

#include "binade/kernel/hadamard.hpp"
#include "binade/quantize/quantize.hpp"
#include "kernel/transform_cases.hpp"
#include "quantize/packed_form.hpp"
#include "support/inputs.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {
namespace {

using binade::hadamard;
using binade::tensor_shape;
using binade::tensor_view;

hadamard transform_of(int size) { return binade::random_hadamard(size, 1); }

std::span<float> results(std::size_t n) {
  return {reinterpret_cast<float*>(output(n * sizeof(float)).data()), n};
}

/// memcpy of the same bytes.
contender copy_limit(place where) {
  const std::size_t n = elements_at(where);
  const std::span<const float> x = normal_floats(n);
  const std::span<float> y = results(n);
  contender c;
  c.items = static_cast<double>(n);
  c.bytes = 2 * static_cast<double>(x.size_bytes());
  c.run = [=] { std::memcpy(y.data(), x.data(), x.size_bytes()); };
  return c;
}

template <class T, class Run>
contender contest(int size, place where, const Run& run) {
  const auto x = normal_values<T>(elements_at(where));
  const std::span<float> y = results(x.span.size());
  contender c;
  c.items = static_cast<double>(x.span.size());
  c.bytes = c.items * (sizeof(T) + sizeof(float));
  c.run = [=] { run(transform_of(size), tensor_view<const T>(x.span), tensor_view<float>(y)); };
  c.check = [=]() -> std::string {
    const std::size_t n = std::min(x.span.size(), std::size_t{1} << 16);
    std::vector<float> expected(n);
    binade::reference::hadamard_transform(transform_of(size), tensor_view<const T>(x.span.first(n)),
                                          tensor_view<float>(expected));
    return std::ranges::equal(y.first(n), expected) ? "" : "results are not the reference's";
  };
  return c;
}

template <class T>
benchmark_case hadamard_case(const std::string& source, int size) {
  benchmark_case c;
  c.name = "hadamard/" + source + "/" + std::to_string(size);
  c.places = {place::l1, place::l2, place::memory};
  c.make = [=](place where) {
    return contest<T>(size, where, [](const hadamard& t, const auto& x, const auto& y) {
      binade::hadamard_transform(t, x, y);
    });
  };
  c.limit = &copy_limit;
  c.scalar = [=](place where) {
    return contest<T>(size, where, [](const hadamard& t, const auto& x, const auto& y) {
      binade::reference::hadamard_transform(t, x, y);
    });
  };
  return c;
}

/// NVFP4 under the scale that calibration would have given N(0, 1), of the transformed tensor: in
/// one call, or in two with a tensor of floats between them.
benchmark_case fused_case(int size, bool in_one_call) {
  benchmark_case c;
  c.name = "quantize/f32/nvfp4/given_scale/hadamard" + std::to_string(size) +
           (in_one_call ? "" : "/two_calls");
  c.places = {place::l1, place::l2, place::memory};
  const packed_form form = block_form<binade::nvfp4>();
  c.make = [=](place where) {
    const tensor_shape shape = shape_at(where);
    const tensor_view<const float> x(normal_floats(shape.size()).data(), shape);
    const tensor_view<float> y(results(shape.size()).data(), shape);
    auto out = std::make_shared<binade::any_packed_tensor>(form.at(shape));
    auto expected = std::make_shared<binade::any_packed_tensor>(form.at(shape));
    binade::quantize_options plain;
    plain.given_tensor_scale = 6.0F / (6 * 448);
    const auto two_calls = [=](binade::any_packed_tensor& to) {
      binade::hadamard_transform(transform_of(size), x, y);
      binade::quantize_into(to.mutable_view(), tensor_view<const float>(y), plain);
    };
    contender made;
    made.items = static_cast<double>(shape.size());
    made.bytes = made.items * sizeof(float) + static_cast<double>(out->size_bytes());
    made.run = [=] {
      if (in_one_call) {
        binade::quantize_options with = plain;
        with.transform = transform_of(size);
        binade::quantize_into(out->mutable_view(), x, with);
      } else {
        two_calls(*out);
      }
    };
    made.check = [=]() -> std::string {
      two_calls(*expected);
      const bool equal = std::ranges::equal(out->codes(), expected->codes()) &&
                         std::ranges::equal(out->scales(), expected->scales());
      return equal ? "" : "codes or scales are not those of two calls";
    };
    return made;
  };
  c.limit = pack_limit(form, 32, stores::ordinary);
  return c;
}

}  // namespace

case_list hadamard_cases() {
  case_list cases;
  for (const int size : {16, 32, 64, 128, 256}) {
    cases.push_back(hadamard_case<float>("f32", size));
  }
  cases.push_back(hadamard_case<binade::bfloat16>("bfloat16", 16));
  cases.push_back(hadamard_case<binade::float16>("float16", 16));
  for (const int size : {16, 128}) {
    cases.push_back(fused_case(size, true));
    cases.push_back(fused_case(size, false));
  }
  return cases;
}

}  // namespace bench

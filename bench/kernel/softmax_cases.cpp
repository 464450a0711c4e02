// SPDX-License-Identifier: MIT

#include "binade/core/fp_environment.hpp"
#include "binade/kernel/softmax.hpp"
#include "kernel/transform_cases.hpp"
#include "support/inputs.hpp"
#include "support/limits.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bench {
namespace {

using binade::tensor_view;

void softmax_in_two_passes(std::span<const float> x, std::span<float> y) {
  binade::softmax(tensor_view<const float>(x), tensor_view<float>(y));
}

/// The largest element, the sum of exp(x - largest), the quotients: x is read three times.
void softmax_in_three_passes(std::span<const float> x, std::span<float> y) {
  const auto& k = binade::simd::softmax_kernels_for(binade::simd::active_kernels().compiled_for);
  const binade::fp_environment_guard guard;
  const float largest = k.largest(x.data(), x.size());
  const binade::simd::softmax_total total = k.sum_of_exp[1](x.data(), x.size(), largest);
  k.write[1](x.data(), y.data(), x.size(), largest, total);
}

/// The definition where it is quick; in a long row what the sum of all results is.
std::string fault(std::span<const float> x, std::span<const float> y, bool has_these_bits) {
  if (has_these_bits && x.size() <= 1 << 16) {
    std::vector<float> expected(x.size());
    binade::reference::softmax(tensor_view<const float>(x), tensor_view<float>(expected));
    return std::ranges::equal(y, expected) ? "" : "results are not the reference's";
  }
  double sum = 0;
  for (const float v : y) sum += double{v};
  // Each element is off by at most (n / 64 + 20) 2^-24 of itself.
  const double bound = (static_cast<double>(x.size()) / 64 + 20) * 0x1p-24;
  return sum > 1 - bound && sum < 1 + bound ? "" : "results do not sum to 1";
}

template <class Run>
benchmark_case softmax_case(const std::string& name, bool has_the_definitions_bits,
                            const Run& run) {
  benchmark_case c;
  c.name = name;
  c.places = {place::l1, place::l2, place::memory};
  c.make = [=](place where) {
    const std::size_t n = elements_at(where);
    const std::span<const float> x = normal_floats(n);
    const std::span<float> y(reinterpret_cast<float*>(output(n * sizeof(float)).data()), n);
    contender made;
    made.items = static_cast<double>(n);
    made.bytes = made.items * 3 * sizeof(float);
    made.run = [=] { run(x, y); };
    made.check = [=] { return fault(x, y, has_the_definitions_bits); };
    return made;
  };
  c.limit = [](place where) { return move_limit(elements_at(where), 32, 32); };
  return c;
}

}  // namespace

case_list softmax_cases() {
  return {softmax_case("softmax/f32", true, &softmax_in_two_passes),
          softmax_case("softmax/f32/three_pass", false, &softmax_in_three_passes)};
}

}  // namespace bench

// SPDX-License-Identifier: MIT
#include "binade/kernel/simd/hadamard.hpp"

#include "binade/core/parallel.hpp"
#include "quantize/support.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

// Every target against kernel/reference: types, strides, executors.

namespace {

using binade::bfloat16;
using binade::float16;
using binade::hadamard;
using binade::hadamard_direction;
using binade::tensor_view;
using binade::simd::target;
using quantize_test::data;
using quantize_test::kind;

constexpr const auto& targets = binade::simd::all_targets;

template <class T>
std::vector<T> values(kind k, std::size_t n) {
  std::vector<T> x;
  for (const float v : data(k, n)) x.push_back(T(v));
  return x;
}

template <class T, class U>
void expect_the_references_bits(const hadamard& t, const tensor_view<const T>& x,
                                const std::string& what, binade::executor_ref executor = {}) {
  const std::size_t n = x.size();
  // Destinations with and without gaps: each second element of rows that are longer.
  const auto gap = static_cast<std::ptrdiff_t>(2 * x.row_length() + 3);
  for (const bool dense : {true, false}) {
    for (const auto direction : {hadamard_direction::forward, hadamard_direction::inverse}) {
      std::vector<U> expected(4 * n + 64, U(3.0F));
      const auto view = [&](std::vector<U>& out) {
        return dense ? tensor_view<U>(out.data(), {x.row_count(), x.row_length()})
                     : tensor_view<U>(out.data(), {x.row_count(), x.row_length()}, {gap, 2});
      };
      binade::reference::hadamard_transform(t, x, view(expected), direction);
      for (const target isa : targets) {
        if (!binade::simd::is_available(isa)) continue;
        std::vector<U> out(expected.size(), U(3.0F));
        binade::simd::hadamard_transform(t, x, view(out), direction, executor, isa);
        ASSERT_EQ(std::memcmp(out.data(), expected.data(), out.size() * sizeof(U)), 0)
            << what << ", " << to_string(isa) << ", " << (dense ? "dense" : "gaps") << ", size "
            << t.size << ", direction " << static_cast<int>(direction);
      }
    }
  }
}

template <class T, class U>
void expect_all_sizes(const std::string& what) {
  for (const int size : {16, 32, 64, 128, 256}) {
    const hadamard t = binade::random_hadamard(size, 9);
    for (const kind k : {kind::bell, kind::wild}) {
      const auto x = values<T>(k, 3 * 1024);
      expect_the_references_bits<T, U>(t, {x.data(), {4, 768}}, what);
      expect_the_references_bits<T, U>(t, {x.data(), {2, 768}, {1500, 1}}, what + ", rows apart");
      expect_the_references_bits<T, U>(t, {x.data(), {1, 768}, {0, 3}}, what + ", every third");
      expect_the_references_bits<T, U>(t, {x.data(), {3, 256}, {1, 3}}, what + ", columns");
    }
  }
}

TEST(simd_hadamard, every_pair_of_types_has_the_references_bits) {
  expect_all_sizes<float, float>("float to float");
  expect_all_sizes<bfloat16, float>("bfloat16 to float");
  expect_all_sizes<float16, float>("float16 to float");
  expect_all_sizes<float, bfloat16>("float to bfloat16");
  expect_all_sizes<float, float16>("float to float16");
  expect_all_sizes<bfloat16, bfloat16>("bfloat16 to bfloat16");
  expect_all_sizes<float16, float16>("float16 to float16");
}

TEST(simd_hadamard, threads_and_the_environment_do_not_change_bits) {
  const hadamard t = binade::random_hadamard(32, 9);
  const auto x = values<float>(kind::bell, 5 << 14);
  binade::threads pool(3);
  std::fesetround(FE_UPWARD);
  expect_the_references_bits<float, float>(t, tensor_view<const float>(x), "threads", pool);
  expect_the_references_bits<float, float>(t, {x.data(), {80, 512}, {1024, 1}}, "rows", pool);
  std::fesetround(FE_TONEAREST);
}

TEST(simd_hadamard, in_place_is_allowed) {
  const hadamard t = binade::random_hadamard(64, 9);
  for (const target isa : targets) {
    if (!binade::simd::is_available(isa)) continue;
    auto x = values<bfloat16>(kind::bell, 64 * 200);
    std::vector<bfloat16> expected(x.size());
    const tensor_view<const bfloat16> before(x);
    binade::reference::hadamard_transform(t, before, tensor_view<bfloat16>(expected));
    binade::simd::hadamard_transform(t, before, tensor_view<bfloat16>(x),
                                     hadamard_direction::forward, {}, isa);
    EXPECT_EQ(std::memcmp(x.data(), expected.data(), x.size() * sizeof(bfloat16)), 0);
  }
}

}  // namespace

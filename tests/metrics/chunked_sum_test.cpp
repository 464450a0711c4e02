// SPDX-License-Identifier: MIT
#include "binade/metrics/chunked_sum.hpp"

#include "binade/core/parallel.hpp"
#include "binade/tensor/view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::executor_ref;
using binade::matrix_view;
using binade::tensor_view;
using binade::threads;
using binade::vector_view;
using binade::detail::chunked_sum;
using binade::detail::copy_elements;
using binade::detail::partial_sums;

// Sums that remember the order in which they were added, as text.
struct story {
  std::string text;
  story& operator+=(const story& other) {
    text += other.text;
    return *this;
  }
};

struct backward_executor {
  void execute(std::size_t tasks, binade::function_ref<void(std::size_t)> task) {
    for (std::size_t i = tasks; i > 0; --i) task(i - 1);
  }
};

TEST(ChunkedSum, adds_chunks_in_ascending_order_on_every_executor) {
  threads pool(3);
  backward_executor backward;
  const executor_ref executors[] = {{}, pool, backward};
  // Sizes around a chunk and around the batch of 256 chunks.
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                              std::size_t{4097}, std::size_t{3} * 4096, 256 * std::size_t{4096},
                              256 * std::size_t{4096} + 1, 600 * std::size_t{4096} + 7}) {
    std::string expected;
    for (std::size_t begin = 0; begin < n; begin += 4096) {
      expected += std::to_string(begin) + "-" + std::to_string(std::min(n, begin + 4096)) + " ";
    }
    for (const executor_ref& executor : executors) {
      const auto got = chunked_sum<story>(
          n,
          [](std::size_t begin, std::size_t end, story& chunk) {
            chunk.text += std::to_string(begin) + "-" + std::to_string(end) + " ";
          },
          executor);
      EXPECT_EQ(got.text, expected) << n;
    }
  }
}

TEST(ChunkedSum, runs_in_the_default_environment_on_every_thread) {
  threads pool(3);
  const int before = std::fegetround();
  std::fesetround(FE_UPWARD);
  struct modes {
    int wrong = 0;
    int chunks = 0;
    modes& operator+=(const modes& other) {
      wrong += other.wrong;
      chunks += other.chunks;
      return *this;
    }
  };
  const auto got = chunked_sum<modes>(
      40 * 4096,
      [](std::size_t, std::size_t, modes& chunk) {
        // 1 + 2^-60 rounds down to 1 in the default mode only.
        volatile double one = 1, tiny = 0x1p-60;
        chunk.wrong += one + tiny != 1;
        ++chunk.chunks;
      },
      pool);
  const int during = std::fegetround();
  std::fesetround(before);
  EXPECT_EQ(got.wrong, 0);
  EXPECT_EQ(got.chunks, 40);
  EXPECT_EQ(during, FE_UPWARD);
}

TEST(PartialSums, take_products_by_index_and_fold_by_halves) {
  // Numbers far apart in size, so that any other order rounds otherwise.
  std::vector<double> a(520), b(520);
  for (std::size_t k = 0; k < a.size(); ++k) {
    a[k] = (k % 3 == 0 ? 1e9 : 1e-7) * (1 + 1e-3 * static_cast<double>(k * k % 101));
    b[k] = (k % 5 == 0 ? -1e8 : 3e-5) * (1 + 1e-4 * static_cast<double>(k % 17));
  }
  volatile double lane[8] = {}, plain[8] = {};  // volatile: nothing is fused or reordered
  for (std::size_t k = 0; k < a.size(); ++k) {
    volatile double product = a[k] * b[k];
    lane[k % 8] = lane[k % 8] + product;
    plain[k % 8] = plain[k % 8] + a[k];
  }
  const auto fold = [](volatile double* l) {
    for (int half = 4; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) l[i] = l[i] + l[i + half];
    }
    return l[0];
  };
  partial_sums products, sums;
  products.add_products(a.data(), b.data(), 256);  // in two goes
  products.add_products(a.data() + 256, b.data() + 256, 264);
  sums.add(a.data(), 512);
  sums.add(a.data() + 512, 8);
  EXPECT_EQ(products.folded(), fold(lane));
  EXPECT_EQ(sums.folded(), fold(plain));
}

TEST(CopyElements, follows_the_logical_order_of_any_strides) {
  std::vector<float> memory(2 * 3 * 4);
  std::iota(memory.begin(), memory.end(), 1.0F);
  const tensor_view dense(memory, {2, 3, 4});
  const tensor_view<float> views[] = {dense,
                                      dense.transposed(),
                                      dense.permuted({2, 0, 1}),
                                      dense.slice(2, 1, 3),
                                      dense.slice(0, 1, 2),
                                      tensor_view(memory, {3, 5}, {-7, 1}, 16),
                                      tensor_view(memory, {4, 6}, {0, -1}, 9),
                                      tensor_view(memory.data(), {})};
  for (const tensor_view<float>& view : views) {
    std::vector<double> all;
    for (std::size_t row = 0; row < view.row_count(); ++row) {
      for (std::size_t i = 0; i < view.row_length(); ++i) {
        all.push_back(static_cast<double>(view.row(row)(i)));
      }
    }
    for (std::size_t begin = 0; begin <= all.size(); ++begin) {
      for (std::size_t end = begin; end <= all.size(); ++end) {
        std::vector<double> got(end - begin + 1, -1);
        copy_elements(view, begin, end, got.data());
        std::vector<double> expected(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                     all.begin() + static_cast<std::ptrdiff_t>(end));
        expected.push_back(-1);  // nothing is written behind
        ASSERT_EQ(got, expected) << to_string(view.shape()) << " " << begin << " " << end;
      }
    }
  }
}

}  // namespace

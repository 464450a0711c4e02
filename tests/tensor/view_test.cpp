// SPDX-License-Identifier: MIT
#include "binade/tensor/view.hpp"

#include "binade/core/parallel.hpp"
#include "binade/core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using binade::error;
using binade::for_each_row;
using binade::matrix_view;
using binade::tensor_shape;
using binade::tensor_strides;
using binade::tensor_view;
using binade::vector_view;

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

// What deduction gives, for the calls that a user writes.
using numbers = std::vector<float>;
static_assert(
    std::is_same_v<decltype(matrix_view(std::declval<float*>(), 2, 3)), tensor_view<float>>);
static_assert(std::is_same_v<decltype(matrix_view(std::declval<const float*>(), 2, 3)),
                             tensor_view<const float>>);
static_assert(
    std::is_same_v<decltype(matrix_view(std::declval<numbers&>(), 2, 3)), tensor_view<float>>);
static_assert(std::is_same_v<decltype(matrix_view(std::declval<const numbers&>(), 2, 3)),
                             tensor_view<const float>>);
static_assert(std::is_same_v<decltype(matrix_view(std::declval<std::span<float>>(), 2, 3)),
                             tensor_view<float>>);
static_assert(std::is_same_v<decltype(vector_view(std::declval<const numbers&>())),
                             tensor_view<const float>>);
static_assert(std::is_same_v<decltype(vector_view(std::declval<std::array<double, 4>&>())),
                             tensor_view<double>>);
static_assert(std::is_same_v<decltype(tensor_view(std::declval<numbers&>())), tensor_view<float>>);
static_assert(
    std::is_same_v<decltype(tensor_view(std::declval<float*>(), {2, 3, 4})), tensor_view<float>>);
static_assert(std::is_same_v<decltype(tensor_view(std::declval<float (&)[6]>(), {2, 3})),
                             tensor_view<float>>);

// What converts and what must not.
static_assert(std::is_convertible_v<tensor_view<float>, tensor_view<const float>>);
static_assert(!std::is_constructible_v<tensor_view<float>, tensor_view<const float>>);
static_assert(!std::is_constructible_v<tensor_view<const float>, tensor_view<double>>);
static_assert(std::is_convertible_v<numbers&, tensor_view<float>>);
static_assert(std::is_convertible_v<const numbers&, tensor_view<const float>>);
static_assert(!std::is_constructible_v<tensor_view<float>, const numbers&>);
static_assert(!std::is_constructible_v<tensor_view<float>, numbers>, "it would dangle");
static_assert(!std::is_constructible_v<tensor_view<const double>, const numbers&>);
static_assert(!std::is_constructible_v<tensor_view<float>, float*>, "a pointer has no size");
struct base {};
struct derived : base {
  int more;
};
static_assert(!std::is_constructible_v<tensor_view<base>, derived*, tensor_shape>,
              "the steps would be wrong");
static_assert(std::is_trivially_copyable_v<tensor_view<float>>);

// All elements in logical order, by counting indices like an odometer.
template <class T>
std::vector<T> elements(const tensor_view<T>& view) {
  std::vector<T> result;
  std::vector<std::size_t> index(static_cast<std::size_t>(view.rank()), 0);
  if (view.size() == 0) return result;
  for (;;) {
    std::ptrdiff_t offset = 0;
    for (std::size_t a = 0; a < index.size(); ++a) {
      offset += static_cast<std::ptrdiff_t>(index[a]) * view.strides()[a];
    }
    result.push_back(view.data()[offset]);
    std::size_t a = index.size();
    while (a > 0 && ++index[a - 1] == view.shape().extents()[a - 1]) index[--a] = 0;
    if (a == 0) return result;
  }
}

TEST(MatrixView, is_row_major) {
  std::vector<int> memory(6);
  std::iota(memory.begin(), memory.end(), 0);
  const auto m = matrix_view(memory.data(), 2, 3);
  EXPECT_EQ(m.rank(), 2);
  EXPECT_EQ(m.extent(0), 2u);
  EXPECT_EQ(m.extent(-1), 3u);
  EXPECT_EQ(m.stride(0), 3);
  EXPECT_EQ(m.stride(-1), 1);
  EXPECT_EQ(m.inner_stride(), 1);
  EXPECT_EQ(m.size(), 6u);
  EXPECT_TRUE(m.is_contiguous());
  for (int i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_EQ(m(i, j), 3 * i + static_cast<int>(j));
      EXPECT_EQ(&m.at(i, j), &m(i, j));
    }
  }
  m(1, 2) = 50;
  EXPECT_EQ(memory[5], 50);
  EXPECT_EQ(matrix_view(memory, 2, 3).data(), memory.data());
  int array[4] = {};
  EXPECT_EQ(matrix_view(array, 2, 2).size(), 4u);
}

TEST(TensorView, checks_memory_of_known_size) {
  std::vector<float> memory(6);
  float array[6] = {};
  EXPECT_EQ(message_of([&] { (void)matrix_view(memory, 2, 4); }),
            "tensor_view: shape [2, 4] has 8 elements but the memory has 6; they must be equal");
  EXPECT_EQ(message_of([&] { (void)matrix_view(std::span(memory), 1, 5); }),
            "tensor_view: shape [1, 5] has 5 elements but the memory has 6; they must be equal");
  EXPECT_EQ(message_of([&] { (void)matrix_view(array, 2, 4); }),
            "tensor_view: shape [2, 4] has 8 elements but the memory has 6; they must be equal");
  EXPECT_EQ(message_of([&] { (void)tensor_view<float>(array, tensor_shape{7}); }),
            "tensor_view: shape [7] has 7 elements but the memory has 6; they must be equal");
  EXPECT_EQ(message_of([&] { (void)tensor_view(memory, {2, 3}, {3}); }),
            "tensor_view: shape [2, 3] but strides [3]; there must be one stride for each axis");
  EXPECT_EQ(message_of([&] { (void)tensor_view(memory, {2, 3}, {3, -1}, 1); }),
            "tensor_view: shape [2, 3], strides [3, -1] and offset 1 reach elements -2 to +3 "
            "around the first one; they must lie in the memory, which has 6");
}

// Against the definition: every offset of every element lies in [0, n).
TEST(TensorView, accepts_exactly_the_strides_that_stay_inside) {
  std::vector<int> memory(12);
  int accepted = 0, refused = 0;
  for (std::ptrdiff_t s0 = -5; s0 <= 5; ++s0) {
    for (std::ptrdiff_t s1 = -5; s1 <= 5; ++s1) {
      for (std::size_t e0 = 0; e0 <= 4; ++e0) {
        for (std::size_t e1 = 0; e1 <= 4; ++e1) {
          for (std::size_t offset = 0; offset <= 13; ++offset) {
            bool inside = true;
            for (std::size_t i = 0; i < e0; ++i) {
              for (std::size_t j = 0; j < e1; ++j) {
                const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(offset) +
                                          static_cast<std::ptrdiff_t>(i) * s0 +
                                          static_cast<std::ptrdiff_t>(j) * s1;
                inside = inside && at >= 0 && at < 12;
              }
            }
            bool got = true;
            try {
              const tensor_view view(memory, {e0, e1}, {s0, s1}, offset);
              if (view.size() != 0) {
                EXPECT_EQ(view.data(), memory.data() + offset);
              }
            } catch (const error&) {
              got = false;
            }
            ASSERT_EQ(got, inside) << "extents " << e0 << ", " << e1 << ", strides " << s0 << ", "
                                   << s1 << ", offset " << offset;
            ++(got ? accepted : refused);
          }
        }
      }
    }
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(TensorView, refuses_offsets_that_overflow) {
  float x = 0;
  const std::ptrdiff_t top = PTRDIFF_MAX;
  EXPECT_EQ(message_of([&] { (void)tensor_view(&x, {3}, {top}); }),
            "tensor_view: offsets overflow for shape [3] and strides [9223372036854775807]; they "
            "must fit in 64 bits");
  EXPECT_EQ(message_of([&] { (void)tensor_view(&x, {2, 2}, {top, top}); }),
            "tensor_view: offsets overflow for shape [2, 2] and strides [9223372036854775807, "
            "9223372036854775807]; they must fit in 64 bits");
  EXPECT_EQ(message_of([&] { (void)tensor_view(&x, {2}, {top / 2}); }),
            "tensor_view: [2] with strides [4611686018427387903] is too large for elements of 4 "
            "bytes; allowed are 9223372036854775807 bytes");
  EXPECT_EQ(message_of([&] { (void)tensor_view(&x, {2}, {-(top / 2)}); }),
            "tensor_view: [2] with strides [-4611686018427387903] is too large for elements of 4 "
            "bytes; allowed are 9223372036854775807 bytes");
  EXPECT_EQ(message_of([&] { (void)matrix_view(&x, SIZE_MAX / 8, 2); }),
            "tensor_view: [2305843009213693951, 2] with strides [2, 1] is too large for elements "
            "of 4 bytes; allowed are 9223372036854775807 bytes");
  EXPECT_NO_THROW((void)tensor_view(&x, {1, 1}, {top, -top}));  // no step is ever taken
  EXPECT_NO_THROW((void)tensor_view(&x, {0, 9}, {top, top}));
}

TEST(TensorView, at_checks_number_and_range_of_indices) {
  std::vector<float> memory(6);
  const auto m = matrix_view(memory, 2, 3);
  EXPECT_EQ(&m.at(1, 2), &memory[5]);
  const std::string end = "; each index must be at least 0 and below its extent";
  EXPECT_EQ(message_of([&] { (void)m.at(2, 0); }),
            "at: no element (2, 0) in a tensor of shape [2, 3]" + end);
  EXPECT_EQ(message_of([&] { (void)m.at(0, -1); }),
            "at: no element (0, -1) in a tensor of shape [2, 3]" + end);
  EXPECT_EQ(message_of([&] { (void)m.at(1); }),
            "at: no element (1) in a tensor of shape [2, 3]" + end);
  EXPECT_EQ(message_of([&] { (void)m.at(1, 1, 0); }),
            "at: no element (1, 1, 0) in a tensor of shape [2, 3]" + end);
  EXPECT_EQ(message_of([&] { (void)m.at(); }),
            "at: no element () in a tensor of shape [2, 3]" + end);
  EXPECT_EQ(message_of([&] { (void)m.at(std::size_t{1} << 32, 0); }),
            "at: no element (4294967296, 0) in a tensor of shape [2, 3]" + end);
}

TEST(TensorView, scalars_and_empty_views) {
  float x = 3;
  const tensor_view scalar(&x, {});
  EXPECT_EQ(scalar.rank(), 0);
  EXPECT_EQ(scalar.size(), 1u);
  EXPECT_EQ(scalar(), 3);
  EXPECT_EQ(scalar.at(), 3);
  EXPECT_EQ(scalar.inner_stride(), 1);
  EXPECT_TRUE(scalar.is_contiguous());
  EXPECT_EQ(scalar.row(0).extent(0), 1u);
  const tensor_view<float> none;
  EXPECT_EQ(none.rank(), 1);
  EXPECT_TRUE(none.empty() && none.is_contiguous());
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(matrix_view(static_cast<float*>(nullptr), 0, 5).row_count(), 0u);
  const numbers nothing;
  EXPECT_TRUE(vector_view(nothing).empty());
  EXPECT_TRUE(none.slice(0, 0, 0).empty());
  EXPECT_TRUE(none.reshaped({3, 0}).empty());
}

TEST(TensorView, transposed_and_permuted_move_axes) {
  std::vector<int> memory(24);
  std::iota(memory.begin(), memory.end(), 0);
  const tensor_view t(memory, {2, 3, 4});
  const auto p = t.permuted({2, 0, -2});
  EXPECT_EQ(p.shape(), (tensor_shape{4, 2, 3}));
  const auto swapped = t.transposed();
  const auto outer = t.transposed(0, -1);
  EXPECT_EQ(swapped.shape(), (tensor_shape{2, 4, 3}));
  EXPECT_EQ(outer.shape(), (tensor_shape{4, 3, 2}));
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) {
        EXPECT_EQ(p(k, i, j), 12 * i + 4 * j + k);
        EXPECT_EQ(swapped(i, k, j), 12 * i + 4 * j + k);
        EXPECT_EQ(outer(k, j, i), 12 * i + 4 * j + k);
      }
    }
  }
  EXPECT_FALSE(p.is_contiguous());
  EXPECT_TRUE(swapped.transposed().is_contiguous());
  EXPECT_TRUE(t.slice(2, 1, 2).slice(1, 1, 2).slice(0, 0, 1).is_contiguous());  // one element
  EXPECT_TRUE(t.slice(0, 1, 2).is_contiguous());
  EXPECT_FALSE(t.slice(1, 1, 3).is_contiguous());
  EXPECT_EQ(message_of([&] { (void)t.permuted({0, 1}); }),
            "permuted: axes [0, 1] for a tensor of rank 3; every axis must occur once");
  EXPECT_EQ(message_of([&] { (void)t.permuted({0, 1, -2}); }),
            "permuted: axes [0, 1, -2] for a tensor of rank 3; every axis must occur once");
  EXPECT_EQ(message_of([&] { (void)t.permuted({0, 1, 3}); }),
            "permuted: there is no axis 3 in a tensor of rank 3; allowed are -3 to 2");
  EXPECT_EQ(message_of([&] { (void)vector_view(memory).transposed(); }),
            "transposed: there is no axis -2 in a tensor of rank 1; allowed are -1 to 0");
}

TEST(TensorView, slices_and_rows) {
  std::vector<int> memory(24);
  std::iota(memory.begin(), memory.end(), 0);
  const tensor_view t(memory, {2, 3, 4});
  EXPECT_EQ(elements(t.slice(1, 1, 3)),
            (std::vector<int>{4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(elements(t.slice(-1, 3, 4)), (std::vector<int>{3, 7, 11, 15, 19, 23}));
  EXPECT_TRUE(t.slice(0, 2, 2).empty());
  EXPECT_EQ(elements(t.row(4)), (std::vector<int>{16, 17, 18, 19}));
  EXPECT_EQ(elements(t.transposed(0, 2).row(5)), (std::vector<int>{9, 21}));  // (1, 2, :)
  EXPECT_EQ(elements(matrix_view(memory, 4, 6).transposed().row(2)),
            (std::vector<int>{2, 8, 14, 20}));
  EXPECT_EQ(message_of([&] { (void)t.row(6); }),
            "row: no row 6 in a tensor of shape [2, 3, 4]; it has 6");
  EXPECT_EQ(message_of([&] { (void)t.slice(0, 1, 3); }),
            "slice: [1, 3) along axis 0 of a tensor of shape [2, 3, 4]; needed is begin <= end <= "
            "extent");
  EXPECT_EQ(message_of([&] { (void)t.slice(0, 2, 1); }),
            "slice: [2, 1) along axis 0 of a tensor of shape [2, 3, 4]; needed is begin <= end <= "
            "extent");
  EXPECT_EQ(message_of([&] { (void)t.slice(3, 0, 0); }),
            "slice: there is no axis 3 in a tensor of rank 3; allowed are -3 to 2");
}

TEST(TensorView, reshapes_contiguous_memory_only) {
  std::vector<int> memory(12);
  std::iota(memory.begin(), memory.end(), 0);
  const auto m = matrix_view(memory, 3, 4);
  const auto t = m.reshaped({2, 2, 3});
  EXPECT_EQ(t.shape(), (tensor_shape{2, 2, 3}));
  EXPECT_EQ(elements(t), memory);
  EXPECT_EQ(m.contiguous_span().data(), memory.data());
  EXPECT_EQ(m.contiguous_span().size(), 12u);
  EXPECT_EQ(message_of([&] { (void)m.reshaped({5}); }),
            "reshaped: from shape [3, 4], strides [4, 1] to shape [5]; the view must be contiguous "
            "and keep its number of elements");
  EXPECT_EQ(message_of([&] { (void)m.transposed().reshaped({12}); }),
            "reshaped: from shape [4, 3], strides [1, 4] to shape [12]; the view must be "
            "contiguous and keep its number of elements");
  EXPECT_EQ(message_of([&] { (void)m.transposed().contiguous_span(); }),
            "contiguous_span: shape [4, 3] with strides [1, 4]; the view must be contiguous");
}

// Against the definition: element k lies at data() + k.
TEST(TensorView, is_contiguous_when_no_gap_is_ever_stepped_over) {
  std::vector<int> memory(64);
  std::iota(memory.begin(), memory.end(), 0);
  int yes = 0, no = 0;
  for (const std::size_t a : {0u, 1u, 2u, 3u}) {
    for (const std::size_t b : {0u, 1u, 2u, 3u}) {
      for (const std::size_t c : {0u, 1u, 2u, 3u}) {
        for (const int s : {-1, 0, 1, 2, 3, 4, 6, 9}) {
          for (const int t : {-1, 0, 1, 2, 3}) {
            for (const int u : {-1, 0, 1, 2}) {
              const tensor_view<int> view(memory, {a, b, c}, {s, t, u}, 20);
              const std::vector<int> all = elements(view);
              bool expected = true;
              for (std::size_t k = 0; k < all.size(); ++k) {
                expected = expected && all[k] == 20 + static_cast<int>(k);
              }
              EXPECT_EQ(view.is_contiguous(), expected)
                  << to_string(view.shape()) << " " << to_string(view.strides());
              ++(expected ? yes : no);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(yes, 1000);
  EXPECT_GT(no, 1000);
}

// Random strided views: rows in logical order, against the odometer above.
TEST(ForEachRow, visits_rows_in_logical_order) {
  std::vector<int> memory(4096);
  std::iota(memory.begin(), memory.end(), 0);
  std::uint64_t draw = 0;
  const auto random = [&](int below) {
    return static_cast<int>(binade::random_bits(1, 0, draw++, 32) %
                            static_cast<std::uint32_t>(below));
  };
  std::set<int> ranks;
  for (int round = 0; round < 500; ++round) {
    std::vector<std::size_t> extents;
    std::vector<int> strides;
    const int rank = random(binade::max_rank + 1);
    ranks.insert(rank);
    for (int a = 0; a < rank; ++a) {
      extents.push_back(static_cast<std::size_t>(round % 10 == 0 ? random(4) : 1 + random(3)));
      strides.push_back(random(201) - 100);  // 0 and overlaps too
    }
    const tensor_view<int> view(memory, extents, strides, 2048);
    const std::vector<int> expected = elements(view);
    std::vector<int> got, by_row_data, by_row, by_executor(expected.size());
    std::size_t next = 0;
    for_each_row(view, [&](std::size_t row, const int* first, std::ptrdiff_t stride) {
      EXPECT_EQ(row, next++);
      for (std::size_t i = 0; i < view.row_length(); ++i) {
        got.push_back(first[static_cast<std::ptrdiff_t>(i) * stride]);
      }
    });
    EXPECT_EQ(next, view.row_count());
    EXPECT_EQ(got, expected) << to_string(view.shape()) << " " << to_string(view.strides());
    for (std::size_t row = 0; row < view.row_count(); ++row) {
      for (std::size_t i = 0; i < view.row_length(); ++i) {
        by_row.push_back(view.row(row)(i));
        by_row_data.push_back(
            view.row_data(row)[static_cast<std::ptrdiff_t>(i) * view.inner_stride()]);
      }
    }
    EXPECT_EQ(by_row, expected);
    EXPECT_EQ(by_row_data, expected);
    binade::threads pool(2);
    const binade::executor_ref executor = pool;
    executor.for_each_chunk(view.row_count(), 2, [&](std::size_t begin, std::size_t end) {
      for_each_row(view, begin, end, [&](std::size_t row, const int* first, std::ptrdiff_t stride) {
        for (std::size_t i = 0; i < view.row_length(); ++i) {
          by_executor[row * view.row_length() + i] = first[static_cast<std::ptrdiff_t>(i) * stride];
        }
      });
    });
    EXPECT_EQ(by_executor, expected);
  }
  EXPECT_EQ(ranks.size(), 9u);
}

TEST(ForEachRow, visits_rows_without_elements) {
  int calls = 0;
  for_each_row(matrix_view(static_cast<float*>(nullptr), 3, 0),
               [&](std::size_t, float*, std::ptrdiff_t) { ++calls; });
  EXPECT_EQ(calls, 3);
  for_each_row(matrix_view(static_cast<float*>(nullptr), 0, 3),
               [&](std::size_t, float*, std::ptrdiff_t) { ++calls; });
  EXPECT_EQ(calls, 3);
}

// What the standard says that std::mdspan has; no implementation is needed to say it.
struct mdspan_like {
  float* memory;
  static constexpr std::size_t rank() noexcept { return 2; }
  static constexpr bool is_always_strided() noexcept { return true; }
  float* const& data_handle() const { return memory; }
  int extent(std::size_t axis) const { return axis == 0 ? 2 : 3; }
  int stride(std::size_t axis) const { return axis == 0 ? 1 : 2; }  // layout_left
};

TEST(TensorView, takes_an_mdspan) {
  std::vector<float> memory{0, 1, 2, 3, 4, 5};
  const mdspan_like m{memory.data()};
  const tensor_view view = m;
  static_assert(std::is_same_v<decltype(view), const tensor_view<float>>);
  EXPECT_EQ(elements(view), (std::vector<float>{0, 2, 4, 1, 3, 5}));
  const tensor_view<const float> constant = m;
  EXPECT_EQ(constant(1, 2), 5.0f);
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/tensor/shape.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <gmpxx.h>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::error;
using binade::max_rank;
using binade::normalize_axis;
using binade::tensor_shape;
using binade::tensor_strides;

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(NormalizeAxis, counts_negative_axes_from_the_end) {
  const int three[] = {0, 1, 2, 0, 1, 2};  // axes -3 to 2
  for (int axis = -3; axis < 3; ++axis) EXPECT_EQ(normalize_axis(axis, 3), three[axis + 3]) << axis;
  for (int rank = 1; rank <= max_rank; ++rank) {
    EXPECT_EQ(normalize_axis(-1, rank), rank - 1);
    EXPECT_EQ(normalize_axis(-rank, rank), 0);
  }
}

TEST(NormalizeAxis, says_what_is_allowed) {
  EXPECT_EQ(message_of([] { (void)normalize_axis(2, 2); }),
            "normalize_axis: there is no axis 2 in a tensor of rank 2; allowed are -2 to 1");
  EXPECT_EQ(message_of([] { (void)normalize_axis(-3, 2, "quantize"); }),
            "quantize: there is no axis -3 in a tensor of rank 2; allowed are -2 to 1");
  EXPECT_EQ(message_of([] { (void)normalize_axis(0, 0); }),
            "normalize_axis: there is no axis 0 in a tensor of rank 0; it has none");
}

TEST(TensorShape, holds_extents_of_any_list) {
  const tensor_shape shape{2, 3, 4};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape.size(), 24u);
  EXPECT_EQ(shape.row_length(), 4u);
  EXPECT_EQ(shape.row_count(), 6u);
  EXPECT_EQ(shape.extent(0), 2u);
  EXPECT_EQ(shape.extent(-1), 4u);
  EXPECT_EQ(to_string(shape), "[2, 3, 4]");
  EXPECT_EQ(tensor_shape(std::vector<std::int64_t>{2, 3, 4}), shape);
  EXPECT_EQ(tensor_shape(std::array<std::size_t, 3>{2, 3, 4}), shape);
  const std::uint8_t small[] = {2, 3, 4};
  EXPECT_EQ(tensor_shape(small), shape);
  EXPECT_EQ(tensor_shape(shape.extents()), shape);
  EXPECT_EQ(message_of([&] { (void)shape.extent(3); }),
            "extent: there is no axis 3 in a tensor of rank 3; allowed are -3 to 2");
}

TEST(TensorShape, is_equal_when_rank_and_extents_are) {
  EXPECT_FALSE((tensor_shape{2, 3} == tensor_shape{3, 2}));
  EXPECT_FALSE((tensor_shape{2} == tensor_shape{2, 1}));
  EXPECT_FALSE((tensor_shape{} == tensor_shape{1}));
  EXPECT_FALSE((tensor_shape{0} == tensor_shape{0, 0}));
  EXPECT_TRUE((tensor_shape{0, 5} == tensor_shape{0, 5}));
}

TEST(TensorShape, scalars_and_empty_tensors_have_rows_too) {
  const tensor_shape scalar;
  EXPECT_EQ(scalar.rank(), 0);
  EXPECT_EQ(scalar.size(), 1u);
  EXPECT_EQ(scalar.row_count(), 1u);
  EXPECT_EQ(scalar.row_length(), 1u);
  EXPECT_EQ(to_string(scalar), "[]");
  const tensor_shape no_columns{3, 0};
  EXPECT_EQ(no_columns.size(), 0u);
  EXPECT_EQ(no_columns.row_count(), 3u);
  EXPECT_EQ(no_columns.row_length(), 0u);
  const tensor_shape no_rows{0, 3};
  EXPECT_EQ(no_rows.size(), 0u);
  EXPECT_EQ(no_rows.row_count(), 0u);
  EXPECT_EQ(tensor_shape{7}.row_count(), 1u);
}

TEST(TensorShape, has_eight_axes_at_most) {
  EXPECT_EQ((tensor_shape{1, 1, 1, 1, 1, 1, 1, 5}).size(), 5u);
  EXPECT_EQ(message_of([] { (void)tensor_shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; }),
            "tensor_shape: too many extents in [1, 1, 1, 1, 1, 1, 1, 1, 1]; allowed are 8");
}

TEST(TensorShape, refuses_products_that_do_not_fit) {
  const std::size_t big[] = {0,
                             1,
                             2,
                             3,
                             5,
                             1u << 31,
                             std::size_t{1} << 32,
                             (std::size_t{1} << 32) + 1,
                             PTRDIFF_MAX / 3,
                             PTRDIFF_MAX / 2,
                             PTRDIFF_MAX,
                             SIZE_MAX / 2 + 1,
                             SIZE_MAX};
  const mpz_class limit = mpz_class(static_cast<unsigned long>(PTRDIFF_MAX));
  for (const std::size_t a : big) {
    for (const std::size_t b : big) {
      for (const std::size_t c : big) {
        mpz_class product = 1;  // without zeros: an empty tensor may not smuggle in an overflow
        for (const std::size_t n : {a, b, c}) {
          if (n != 0) product *= mpz_class(static_cast<unsigned long>(n));
        }
        std::string got;
        try {
          got = std::to_string(tensor_shape{a, b, c}.size());
        } catch (const error&) {
          got = "error";
        }
        const bool zero = a == 0 || b == 0 || c == 0;
        EXPECT_EQ(got, product > limit ? "error"
                       : zero          ? "0"
                                       : product.get_str())
            << a << " x " << b << " x " << c;
      }
    }
  }
  EXPECT_EQ(message_of([] { (void)tensor_shape(std::vector<int>{4, -1}); }),
            "tensor_shape: [4, -1] is negative somewhere or has too many elements; allowed are "
            "extents of at least 0 with a product of at most 9223372036854775807");
}

TEST(TensorStrides, of_a_dense_tensor_are_products_of_the_inner_extents) {
  EXPECT_EQ(tensor_strides::row_major(tensor_shape{2, 3, 4}), (tensor_strides{12, 4, 1}));
  EXPECT_EQ(tensor_strides::row_major(tensor_shape{5}), tensor_strides{1});
  EXPECT_EQ(tensor_strides::row_major(tensor_shape{}), tensor_strides{});
  EXPECT_EQ(to_string(tensor_strides{-4096, 0}), "[-4096, 0]");
  EXPECT_EQ(tensor_strides(std::vector<int>{-3, 1}), (tensor_strides{-3, 1}));
  // An extent of 0 must not make the outer strides overflow or vanish; the tensor has no element.
  EXPECT_EQ(tensor_strides::row_major(tensor_shape{2, 0, 4}).rank(), 3);
}

TEST(TensorStrides, throw_when_they_do_not_fit) {
  EXPECT_EQ(message_of([] { (void)tensor_strides{1, 1, 1, 1, 1, 1, 1, 1, 1}; }),
            "tensor_strides: [1, 1, 1, 1, 1, 1, 1, 1, 1] is too long or out of range; allowed are "
            "8 strides of at most 9223372036854775807");
  EXPECT_EQ(message_of([] { (void)tensor_strides(std::vector<std::size_t>{SIZE_MAX}); }),
            "tensor_strides: [18446744073709551615] is too long or out of range; allowed are 8 "
            "strides of at most 9223372036854775807");
}

}  // namespace

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/reference/sums.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace binade::inline v0 {

namespace reference {

/// What remains to be done to a sum by blocks: the tensor scales of both sides. With multipliers t
/// and divisors d it is sum * (t_a * t_b), sum / (d_a * d_b) or (sum * t) / d, each operation
/// rounded.
class tensor_scales {
 public:
  tensor_scales(const any_packed_view& a, const any_packed_view& b) noexcept {
    for (const any_packed_view* side : {&a, &b}) {
      const tensor_scale_kind kind = side->description.tensor_scale;
      if (kind == tensor_scale_kind::none) continue;
      std::optional<unpacked>& factor = kind == tensor_scale_kind::divisor ? divisor_ : multiplier_;
      const unpacked scale = unpack(side->tensor_scale);
      factor = factor ? rounded(multiply(*factor, scale)) : scale;
    }
  }
  [[nodiscard]] bool has_divisor() const noexcept { return divisor_.has_value(); }
  /// What `apply` multiplies by, unless there is a divisor too or nothing to apply: then 1.
  [[nodiscard]] float only_multiplier() const noexcept {
    float multiplier = 1;
    if (multiplier_ && !divisor_) store(*multiplier_, &multiplier);
    return multiplier;
  }
  [[nodiscard]] std::uint32_t apply(std::uint32_t sum) const noexcept {
    if (multiplier_) sum = round_to_bits(multiply(unpack_bits(sum), *multiplier_));
    if (divisor_) sum = round_to_bits(divide(unpack_bits(sum), *divisor_));
    return sum;
  }

 private:
  [[nodiscard]] static unpacked rounded(const unpacked& x) noexcept {
    return unpack_bits(round_to_bits(x));
  }
  std::optional<unpacked> multiplier_;
  std::optional<unpacked> divisor_;
};

/// Integers and scales of one row.
struct integer_row {
  std::vector<std::int16_t> integers;
  std::vector<float> scales;

  integer_row(std::size_t length, std::size_t blocks) : integers(length), scales(blocks) {}
};

/// A vector times the rows of a matrix, or times another vector: what dot and gemv share.
class vector_product {
 public:
  /// Reads the vector: the only row of `x`. Both operands are checked and outlive this object.
  vector_product(const operand& x, const operand& w)
      : x_(x), w_(w), n_(x.shape().row_length()), scales_(integer_scales(x, w)) {
    if (scales_) {
      const integer_rows rows(*x.packed(), scales_->first);
      integers_.emplace(n_, rows.blocks());
      rows.read(0, integers_->integers.data(), integers_->scales.data());
    } else {
      floats_.resize(n_);
      float_rows(x).read(0, floats_.data());
    }
  }

  /// Calls store(row, bits of the product) for the rows begin <= row < end of w.
  template <class Store>
  void for_each_product(std::size_t begin, std::size_t end, Store&& store) const {
    const fp_environment_guard guard;
    std::uint32_t sum = 0;
    if (scales_) {
      const integer_rows rows(*w_.packed(), scales_->second);
      const std::size_t block = x_.packed()->description.layout.cell_length();
      const tensor_scales tensor(*x_.packed(), *w_.packed());
      integer_row row(n_, rows.blocks());
      for (std::size_t i = begin; i < end; ++i) {
        rows.read(i, row.integers.data(), row.scales.data());
        sum_by_16_blocks(integers_->integers.data(), integers_->scales.data(), row.integers.data(),
                         row.scales.data(), n_, block, &sum);
        store(i, tensor.apply(sum));
      }
    } else {
      const float_rows rows(w_);
      std::vector<float> row(n_);
      for (std::size_t i = begin; i < end; ++i) {
        rows.read(i, row.data());
        sum_by_64(floats_.data(), row.data(), n_, &sum);
        store(i, sum);
      }
    }
  }

 private:
  const operand& x_;
  const operand& w_;
  std::size_t n_;
  std::optional<std::pair<int, int>> scales_;
  std::optional<integer_row> integers_;
  std::vector<float> floats_;
};

/// Throws: error unless a[n] and b[n] are vectors of one length.
inline void check_dot(const operand& a, const operand& b) {
  check_operand("dot", "a", a, 1);
  check_operand("dot", "b", b, 1);
  if (a.shape().size() != b.shape().size()) {
    BINADE_THROW(error{"dot: a has " + std::to_string(a.shape().size()) + " elements but b has " +
                       std::to_string(b.shape().size()) + "; they must be equal"});
  }
}

/// The definition of binade::dot; operands were checked.
[[nodiscard]] inline float dot(const operand& a, const operand& b) {
  float result = 0;
  vector_product(a, b).for_each_product(
      0, 1, [&](std::size_t, std::uint32_t sum) { store_result(sum, &result); });
  return result;
}

}  // namespace reference
}  // namespace binade::inline v0

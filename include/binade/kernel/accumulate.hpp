// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/reference/dot.hpp"
#include "binade/kernel/reference/exact_dot.hpp"
#include "binade/kernel/reference/gemm.hpp"
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/reference/sums.hpp"
#include "binade/kernel/reference/tensor_core.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <optional>
#include <string>
#include <tuple>
#include <vector>

// Sums of products as various machines form them, to see what an accumulator does to a result.

namespace binade::inline v0 {

/// A way to add products. `model.sums(a, b)` reads two operands, of which it keeps no reference,
/// and returns an object whose call (i, j) gives the bits of the float that row i of a and row j of
/// b make; several threads may call it at once, each under an fp_environment_guard.
template <class M>
concept accumulator_model = requires(const M& model, const operand& o, std::size_t row) {
  { model.sums(o, o)(row, row) } -> std::same_as<std::uint32_t>;
};

namespace detail {

/// All rows of an operand as floats, each element rounded once.
class float_matrix {
 public:
  explicit float_matrix(const operand& o)
      : length_(o.shape().row_length()), values_(o.shape().row_count() * length_) {
    const reference::float_rows rows(o);
    for (std::size_t i = 0; i < o.shape().row_count(); ++i) {
      rows.read(i, values_.data() + i * length_);
    }
  }
  [[nodiscard]] std::size_t length() const noexcept { return length_; }
  [[nodiscard]] const float* row(std::size_t i) const noexcept {
    return values_.data() + i * length_;
  }

 private:
  std::size_t length_;
  std::vector<float> values_;
};

/// Float sums of n products each, added in order. Needs n > 0.
class chunked_sums {
 public:
  chunked_sums(const operand& a, const operand& b, std::size_t n) : a_(a), b_(b), n_(n) {}

  [[nodiscard]] std::uint32_t operator()(std::size_t i, std::size_t j) const noexcept {
    std::uint32_t total = 0;
    for (std::size_t begin = 0; begin < a_.length(); begin += std::min(n_, a_.length() - begin)) {
      const std::size_t size = std::min(n_, a_.length() - begin);
      std::uint32_t sum = 0;
      reference::sum_ascending(a_.row(i) + begin, b_.row(j) + begin, size, &sum);
      // In integers, because compilers reorder sums under -ffast-math.
      total =
          reference::round_to_bits(add(reference::unpack_bits(total), reference::unpack_bits(sum)));
    }
    return reference::with_one_nan(total);
  }

 private:
  float_matrix a_;
  float_matrix b_;
  std::size_t n_;
};

/// Exact sums, rounded once.
class exact_sums {
 public:
  exact_sums(const operand& a, const operand& b)
      : factor_(tensor_factor(a, b, tensor_scale_kind::multiplier)),
        divisor_(tensor_factor(a, b, tensor_scale_kind::divisor)) {
    for (std::size_t i = 0; i < a.shape().row_count(); ++i) a_.push_back(exact_row(a, "a", i));
    for (std::size_t j = 0; j < b.shape().row_count(); ++j) b_.push_back(exact_row(b, "b", j));
  }
  [[nodiscard]] std::uint32_t operator()(std::size_t i, std::size_t j) const noexcept {
    exact_accumulator sum;
    for (std::size_t k = 0; k < a_[i].size(); ++k) sum.add_product(a_[i][k], b_[j][k]);
    return reference::with_one_nan(reference::round_to_bits(sum.value(factor_, divisor_)));
  }

 private:
  exact_accumulator::ratio_part factor_;
  exact_accumulator::ratio_part divisor_;
  std::vector<std::vector<unpacked>> a_;
  std::vector<std::vector<unpacked>> b_;
};

/// The largest magnitude among a format's elements, which are integers times 2^-k.
inline std::uint64_t largest_integer(const any_format& element, int k) noexcept {
  std::uint64_t largest = 0;
  for (const std::uint64_t code : {element.describe().largest, element.describe().lowest}) {
    const unpacked v = scale_exponent(element.decode(code), k);
    if (v.kind == value_class::finite) {
      largest = std::max(largest, v.significand >> (63 - v.exponent));
    }
  }
  return largest;
}

/// Integer sums of each block, added in float.
class block_sums {
 public:
  /// Throws: error if the operands' products are no such integers.
  block_sums(const operand& a, const operand& b) {
    const auto scales = reference::integer_scales(a, b);
    if (!scales) {
      BINADE_THROW(error{"accumulate::int32_per_block: a is of " + std::string(a.element().name()) +
                         " and b of " + b.element().name() +
                         "; both must be packed, of block formats with blocks of one size, and "
                         "their elements integers times a power of two"});
    }
    block_ = a.packed()->description.layout.cell_length();
    const std::uint64_t product =
        largest_integer(a.element(), scales->first) * largest_integer(b.element(), scales->second);
    if (product * block_ >= std::uint64_t{1} << 31) {
      BINADE_THROW(error{"accumulate::int32_per_block: blocks of " + std::to_string(block_) +
                         " products of at most " + std::to_string(product) +
                         "; their sum must be below 2^31"});
    }
    for (auto [o, k, rows] : {std::tuple{&a, scales->first, &a_}, {&b, scales->second, &b_}}) {
      const reference::integer_rows reader(*o->packed(), k);
      for (std::size_t i = 0; i < o->shape().row_count(); ++i) {
        reference::integer_row& row = rows->emplace_back(o->shape().row_length(), reader.blocks());
        reader.read(i, row.integers.data(), row.scales.data());
      }
    }
    tensor_.emplace(*a.packed(), *b.packed());
  }
  [[nodiscard]] std::uint32_t operator()(std::size_t i, std::size_t j) const noexcept {
    std::uint32_t sum = 0;
    reference::sum_by_blocks(a_[i].integers.data(), a_[i].scales.data(), b_[j].integers.data(),
                             b_[j].scales.data(), a_[i].integers.size(), block_, &sum);
    return reference::with_one_nan(tensor_->apply(sum));
  }

 private:
  std::size_t block_ = 0;
  std::vector<reference::integer_row> a_;
  std::vector<reference::integer_row> b_;
  std::optional<reference::tensor_scales> tensor_;
};

/// All rows of an operand of E4M3 or E5M2 as a tensor core takes them, with the scales of their
/// groups as floats.
class tensor_core_matrix {
 public:
  /// Throws: error if the elements or groups are others than a tensor core can take.
  tensor_core_matrix(const char* name, const operand& o, bool as_binary16)
      : length_(o.shape().row_length()), group_(std::max<std::size_t>(length_, 1)) {
    const bool is_e4m3 = o.element() == any_format::of<e4m3fn>();
    if (!is_e4m3 && o.element() != any_format::of<e5m2>()) {
      BINADE_THROW(error{"accumulate::hopper_fp8: " + std::string(name) + " is of " +
                         o.element().name() + "; allowed are e4m3fn and e5m2"});
    }
    const int least = min_exponent(is_e4m3 && !as_binary16 ? e4m3fn::spec : e5m2::spec);
    constexpr std::size_t depth = reference::fp8_instruction_depth;
    const std::size_t rows = o.shape().row_count();
    stride_ = (length_ + depth - 1) / depth * depth;
    factors_.resize(rows * stride_);
    if (o.packed()) {
      read_packed(name, *o.packed(), least);
      return;
    }
    scales_.assign(rows, bit_cast<std::uint32_t>(1.0F));
    std::vector<float> values(length_);
    for (std::size_t i = 0; i < rows; ++i) {
      o.read_row(i, values.data());
      for (std::size_t k = 0; k < length_; ++k) {
        const unpacked x = reference::unpack_bits(bit_cast<std::uint32_t>(values[k]));
        factors_[i * stride_ + k] = reference::make_tensor_core_factor(x, least);
      }
    }
  }
  [[nodiscard]] std::size_t length() const noexcept { return length_; }
  /// The end of the group that element k of a row is in.
  [[nodiscard]] std::size_t group_end(std::size_t k) const noexcept {
    return std::min(length_, (k / group_ + 1) * group_);
  }
  /// Bits of the scale of element k.
  [[nodiscard]] std::uint32_t scale(std::size_t row, std::size_t k) const noexcept {
    return scales_[row * ((length_ + group_ - 1) / group_) + k / group_];
  }
  /// The factors from element k on; zeros follow those of a row up to a multiple of 32.
  [[nodiscard]] const reference::tensor_core_factor* factors(std::size_t row,
                                                             std::size_t k) const noexcept {
    return factors_.data() + row * stride_ + k;
  }

 private:
  void read_packed(const char* name, const any_packed_view& packed, int least) {
    const packed_description& d = packed.description;
    if (d.layout.cells_per_row() > 1) group_ = d.layout.cell_length();
    if (d.group != group_kind::symmetric ||
        (group_ < length_ && group_ % reference::fp8_instruction_depth != 0)) {
      BINADE_THROW(error{"accumulate::hopper_fp8: " + std::string(name) + " has groups of " +
                         std::to_string(group_) +
                         (d.group == group_kind::symmetric ? "" : ", not symmetric") +
                         "; allowed are symmetric ones of a multiple of 32 or of whole rows"});
    }
    const reference::code_values values(d.element);
    for (std::size_t i = 0; i < d.layout.row_count(); ++i) {
      for (std::size_t k = 0; k < length_; ++k) {
        factors_[i * stride_ + k] =
            reference::make_tensor_core_factor(values(packed.code(i, k)), least);
      }
      reference::for_each_group_of_row(
          packed, i, [&](std::size_t, std::size_t, std::size_t, const auto& scale) {
            scales_.push_back(
                reference::gpu_float(scale_exponent(scale.positive, d.element_exponent)));
          });
    }
  }

  std::size_t length_;
  std::size_t group_;
  std::size_t stride_ = 0;
  std::vector<reference::tensor_core_factor> factors_;
  std::vector<std::uint32_t> scales_;
};

using fp8_step = std::uint32_t (*)(const reference::tensor_core_factor*,
                                   const reference::tensor_core_factor*, std::uint32_t) noexcept;

/// Sums by one of Hopper's FP8 instructions.
class hopper_fp8_sums {
 public:
  hopper_fp8_sums(const operand& a, const operand& b, std::size_t promote_every, bool in_turn,
                  fp8_step step, bool as_binary16)
      : a_("a", a, as_binary16),
        b_("b", b, as_binary16),
        promote_every_(promote_every == 0 ? a_.length() : promote_every),
        in_turn_(in_turn),
        step_(step) {}

  [[nodiscard]] std::uint32_t operator()(std::size_t i, std::size_t j) const noexcept {
    std::uint32_t total = 0;
    for (std::size_t k = 0; k < a_.length();) {
      const std::size_t end = std::min(a_.group_end(k), b_.group_end(k));
      std::uint32_t left = group_sum(i, j, k, end);
      std::uint32_t right = b_.scale(j, k);
      std::uint32_t& scaled = in_turn_ ? left : right;
      scaled = reference::gpu_multiply(a_.scale(i, k), scaled);
      total = reference::gpu_multiply_add(left, right, total);
      k = end;
    }
    return total;
  }

 private:
  [[nodiscard]] std::uint32_t group_sum(std::size_t i, std::size_t j, std::size_t begin,
                                        std::size_t end) const noexcept {
    std::uint32_t total = 0;
    for (std::size_t k = begin; k < end;) {
      const std::size_t piece_end = std::min(end - k, promote_every_) + k;
      std::uint32_t sum = 0;
      for (; k < piece_end; k += reference::fp8_instruction_depth) {
        sum = step_(a_.factors(i, k), b_.factors(j, k), sum);
      }
      total = reference::gpu_add(total, sum);
    }
    return total;
  }

  tensor_core_matrix a_;
  tensor_core_matrix b_;
  std::size_t promote_every_;
  bool in_turn_;
  fp8_step step_;
};

}  // namespace detail

namespace accumulate {

/// Every product and sum exact, one rounding at the end: see `exact_dot`. An element of an unpacked
/// operand whose format is no subset of binary32 is rounded to it before.
///
/// Throws: error if a tensor scale is not finite and positive.
struct exact {
  [[nodiscard]] auto sums(const operand& a, const operand& b) const {
    return detail::exact_sums(a, b);
  }
};

/// y = fma(a[k], b[k], y) for k = 0, 1, ... from y = +0, in float; elements are made floats first,
/// each rounded once, its scales included. The order of `gemm` for such operands.
struct sequential {
  [[nodiscard]] auto sums(const operand& a, const operand& b) const {
    // A chunk of everything; +0 + y is y, since y is never -0.
    return detail::chunked_sums(a, b, std::max<std::size_t>(a.shape().row_length(), 1));
  }
};

/// Float sums of n products each, by `sequential`, added to a second float: y = y + p from y = +0.
/// The error grows with n + length / n in place of length.
///
/// Throws: error if n is 0.
struct chunked {
  std::size_t n = 128;

  [[nodiscard]] auto sums(const operand& a, const operand& b) const {
    if (n == 0) BINADE_THROW(error{"accumulate::chunked: n is 0; it must be at least 1"});
    return detail::chunked_sums(a, b, n);
  }
};

/// Each block's products added in an integer of 32 bits, blocks in float: the formula of `gemm` for
/// block formats with integer elements, and no other operands.
///
/// Throws: error if the operands are others, or a block's sum might reach 2^31.
struct int32_per_block {
  [[nodiscard]] auto sums(const operand& a, const operand& b) const {
    return detail::block_sums(a, b);
  }
};

/// Hopper's FP8 matrix instructions.
enum class fp8_instruction : std::uint8_t {
  wgmma,     ///< what GEMMs use: see reference::hopper_wgmma_fp8
  mma_sync,  ///< see reference::hopper_mma_sync_fp8
};

/// How the scales of a group enter a sum.
enum class group_scaling : std::uint8_t {
  product,  ///< y = fma(g, s_a * s_b, y)
  in_turn,  ///< y = fma(g * s_a, s_b, y)
};

/// A GEMM on Hopper's FP8 tensor cores, with operands of E4M3 or E5M2 in any mixture.
///
/// An instruction adds 32 products to its accumulator, the next one to its result, k ascending and
/// from +0. After `promote_every` products (0: never) the result p is added to a float, g = g + p,
/// and the chain begins anew. Where operands have groups with scales of their own along k, the sum
/// g of each group (the overlap of one of a and one of b) is formed so and enters y, from +0, as
/// `scaling` says, with s a group's scales, the tensor's included, rounded once to float. One scale
/// a row or tensor is thus applied at the end. Each float operation is rounded to nearest even.
///
/// These are the bits of cuBLASLt 13.1's E4M3 GEMMs with float results on an H100, in all that were
/// tried (tests/project/scaled_mm.py makes such):
///   {}                        scales of tensors, fast accumulation, if k is not split
///   {.promote_every = 128}    scales of tensors, full accumulation
///   {}                        a with 1x128 scales, b with 128x128
///   {.scaling = in_turn}      a and b with 1x128 scales
/// Its heuristics split k in 64 x 64 x 8192 with fast accumulation, which gives other bits.
///
/// NaN:    0x7fffffff, as on the GPU.
/// Throws: error if an operand's elements are others, promote_every is no multiple of 32, or groups
///         along k are not symmetric or not of a multiple of 32.
struct hopper_fp8 {
  std::size_t promote_every = 0;
  group_scaling scaling = group_scaling::product;
  fp8_instruction instruction = fp8_instruction::wgmma;

  [[nodiscard]] auto sums(const operand& a, const operand& b) const {
    if (promote_every % reference::fp8_instruction_depth != 0) {
      BINADE_THROW(error{"accumulate::hopper_fp8: promote_every is " +
                         std::to_string(promote_every) + "; allowed are 0 and multiples of 32"});
    }
    const bool is_mma_sync = instruction == fp8_instruction::mma_sync;
    return detail::hopper_fp8_sums(
        a, b, promote_every, scaling == group_scaling::in_turn,
        is_mma_sync ? &reference::hopper_mma_sync_fp8 : &reference::hopper_wgmma_fp8, is_mma_sync);
  }
};

}  // namespace accumulate

/// The dot product of two vectors as an accumulator model forms it.
///
/// Shapes: a[n], b[n]; packed or not, in any mixture that the model takes.
/// NaN:    0x7fc00000 unless the model says otherwise.
/// Error:  of the model, bit for bit, in any floating-point environment.
/// Throws: error if ranks or lengths do not fit, or the model refuses the operands.
template <accumulator_model Model>
[[nodiscard]] float dot(const operand& a, const operand& b, const Model& model) {
  reference::check_dot(a, b);
  const auto sums = model.sums(a, b);
  const fp_environment_guard guard;
  const std::uint32_t bits = sums(0, 0);
  float result = 0;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

/// y[tokens, out] = x[tokens, in] w[out, in]^T, each sum as an accumulator model forms it.
///
/// Shapes: x[tokens, in], w[out, in], y[tokens, out]; y shares no memory with x and w.
/// NaN:    as for `dot`.
/// Error:  of the model, bit for bit, in any floating-point environment and whatever the executor.
/// Throws: error if shapes do not fit or the model refuses the operands; before it writes.
/// Cost:   allocates x and w decoded; tens of nanoseconds a product where sums are not float.
template <accumulator_model Model>
void gemm(const operand& x, const operand& w, const tensor_view<float>& y, const Model& model,
          executor_ref executor = {}) {
  reference::check_gemm(x, w, y);
  const auto sums = model.sums(x, w);
  executor.for_each_chunk(y.extent(1), 16, [&](std::size_t begin, std::size_t end) {
    const fp_environment_guard guard;
    for (std::size_t o = begin; o < end; ++o) {
      for (std::size_t t = 0; t < y.extent(0); ++t) {
        const std::uint32_t bits = sums(t, o);
        std::memcpy(&y(t, o), &bits, sizeof bits);
      }
    }
  });
}

}  // namespace binade::inline v0

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/fp_environment.hpp"
#include "binade/core/parallel.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/quantize/chunk_quantizer.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/quantize/recipe.hpp"
#include "binade/quantize/recipes_nvfp4.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

// ModelOpt's NVFP4 on vectors: the same bits as by its definition.

namespace binade::inline v0::detail {

/// A call of quantize with recipes::modelopt_nvfp4 on a tensor whose largest magnitude is so far
/// from the ends of binary32 that no scale leaves its normal numbers. Then every operation of the
/// recipe is one of binary32 that the processor has.
template <vector_source T>
class modelopt_nvfp4_chunks {
 public:
  modelopt_nvfp4_chunks(const simd::quantize_kernels& kernels,
                        const basic_packed_view<std::byte>& out, const tensor_view<const T>& x,
                        float tensor) noexcept
      : kernels_(kernels),
        out_(out),
        x_(x),
        encoder_(*make_scaled_encoder(any_format::of<e2m1fn>(), conversion_rules{})),
        tensor_(tensor),
        six_tensors_(6.0F * tensor) {
    for (std::size_t code = 0; code < values_.size(); ++code) {
      values_[code] = to_float(decode(ue4m3::spec, code));
    }
  }

  /// Quantizes one row.
  [[nodiscard]] quantize_counts run(std::size_t row) const noexcept {
    const packed_layout& layout = out_.description.layout;
    quantize_counts counts;
    const T* x = x_.row_data(row);
    for (std::size_t j = 0; j < layout.row_length(); j += chunk_elements) {
      const std::size_t rest = layout.row_length() - j;
      run_chunk(x + j, rest < chunk_elements ? rest : chunk_elements,
                out_.codes.data() + row * layout.row_bytes() + j / 2,
                out_.scales.data() + row * layout.cells_per_row() + j / block, counts);
    }
    return counts;
  }

 private:
  static constexpr std::size_t block = 16;
  static constexpr std::size_t spare = 20;  // kernels read and write whole vectors
  static constexpr std::size_t capacity = chunk_elements / block + spare;

  void run_chunk(const T* source, std::size_t n, std::byte* codes, std::byte* scales,
                 quantize_counts& counts) const noexcept {
    chunk_floats<T> widened;
    const float* x = widened(kernels_, source, n);
    const std::size_t blocks = (n + block - 1) / block;
    std::uint32_t amax[capacity];
    float quotients[capacity];
    float factors[capacity];  // first the reciprocals, which nobody reads
    const simd::magnitude_range range = kernels_.block_amax(x, n, block, amax, nullptr);
    for (std::size_t i = blocks; i < blocks + spare; ++i) amax[i] = 0;
    kernels_.quotient_scales(amax, blocks, six_tensors_, 0x1p-126F, 0x1p126F, quotients, factors);
    for (std::size_t i = 0; i < blocks; ++i) {
      const std::uint32_t code = scale_code(bit_cast<float>(amax[i]), quotients[i]);
      scales[i] = static_cast<std::byte>(code);
      factors[i] = values_[code] * tensor_;
      counts.clipped += count_clipped(x + i * block, n - i * block, amax[i], code);
    }
    for (std::size_t i = blocks; i < blocks + spare; ++i) factors[i] = 1;

    simd::scaled_run run;
    run.scale = factors;
    run.shift = countr_zero(std::uint64_t{block});
    run.form = simd::scale_form::rounded_quotient;
    run.counts_clipped = false;
    counts.underflowed += kernels_.encode_scaled_run(x, codes, n, 4, encoder_, run).zeros;
    if (range.smallest == 0) counts.underflowed -= kernels_.count_zero_values(x, n);
  }

  /// The code of a block's scale: 1 where the quotient is 0, else in [2^-9, 448], to nearest even.
  /// `quotient` is at least 2^-126, and 1 where amax is 0.
  [[nodiscard]] std::uint32_t scale_code(float amax, float quotient) const noexcept {
    // A quotient of at most 2^-150 rounds to 0.
    if (quotient < 0x1p-100F &&
        static_cast<double>(amax) <= static_cast<double>(six_tensors_) * 0x1p-150) {
      return one_code;
    }
    if (quotient >= 448.0F) return 0x7e;
    const std::uint32_t bits = bit_cast<std::uint32_t>(quotient);
    if (quotient >= 0x1p-6F) {
      return ((bits + 0x7ffffU + (bits >> 20 & 1U)) >> 20) - (120U << 3);
    }
    if (quotient <= 0x1p-9F) return 1;
    // Multiples of 2^-9: the sum's last place is 1.
    return bit_cast<std::uint32_t>(quotient * 512.0F + 0x1p23F) & 0xffU;
  }
  static constexpr std::uint32_t one_code = 0x38;

  /// Elements beyond 6 times both scales; the product of three has at most 31 digits.
  [[nodiscard]] std::size_t count_clipped(const float* x, std::size_t n, std::uint32_t amax,
                                          std::uint32_t code) const noexcept {
    const double limit = 6.0 * static_cast<double>(values_[code]) * static_cast<double>(tensor_);
    if (!(static_cast<double>(bit_cast<float>(amax)) > limit)) return 0;
    // Bits of the largest float that is at most the limit, a normal number: cut, and the exponent's
    // bias changed. They order as magnitudes do, and a loop of as many steps as a block has
    // elements becomes a few vectors.
    const auto most = static_cast<std::uint32_t>((bit_cast<std::uint64_t>(limit) >> 29) -
                                                 (std::uint64_t{1023 - 127} << 23));
    // Bit 31 of the difference; g++ 12 for AArch64 makes -1 of a comparison at -O3 -ffast-math.
    const auto is_clipped = [x, most](std::size_t i) {
      return (most - (bit_cast<std::uint32_t>(x[i]) & 0x7fffffffU)) >> 31;
    };
    std::uint32_t clipped = 0;
    if (n >= block) {
      for (std::size_t i = 0; i < block; ++i) clipped += is_clipped(i);
    } else {
      for (std::size_t i = 0; i < n; ++i) clipped += is_clipped(i);
    }
    return clipped;
  }

  const simd::quantize_kernels& kernels_;
  basic_packed_view<std::byte> out_;
  tensor_view<const T> x_;
  simd::scaled_encoder encoder_;
  float tensor_;
  float six_tensors_;
  std::array<float, 127> values_{};  // of scale codes that are numbers
};

/// quantize_into by recipes::modelopt_nvfp4 with vectors; nothing is written, and nothing returned,
/// for other recipes and for tensors that the vectors do not do right.
template <quantize_source T>
std::optional<quantize_result> quantize_by_recipe_chunks(const simd::quantize_kernels& kernels,
                                                         const basic_packed_view<std::byte>& out,
                                                         const tensor_view<const T>& x,
                                                         const any_recipe& recipe,
                                                         executor_ref executor) {
  if constexpr (!vector_source<T>) {
    return std::nullopt;
  } else {
    if (recipe.scale != &modelopt_nvfp4_scale || recipe.tensor != &amax_over_2688 ||
        recipe.alternative != nullptr || recipe.element != nullptr || recipe.tile_rows != 1 ||
        recipe.random || recipe.elements.step != element_step::divide ||
        recipe.elements.ties != tie_rule::even ||
        recipe.elements.zeros != zero_rule::sign_of_nonzero || x.row_length() == 0 ||
        (x.row_length() > 1 && x.inner_stride() != 1)) {
      return std::nullopt;
    }
    const std::size_t rows = x.row_count();
    const std::size_t grain = (std::size_t{1} << 16) / x.row_length() + 1;
    std::atomic<std::uint32_t> amax{0};
    executor.for_each_chunk(rows, grain, [&](std::size_t begin, std::size_t end) {
      const fp_environment_guard guard;
      for (std::size_t row = begin; row < end; ++row) {
        const std::uint32_t m = vector_amax(kernels, x.row_data(row), x.row_length()).largest;
        for (std::uint32_t seen = amax; m > seen && !amax.compare_exchange_weak(seen, m);) {
        }
      }
    });
    // As bits: under -ffast-math a comparison of floats may let NaN pass.
    const std::uint32_t largest = amax.load();
    if (largest < bit_cast<std::uint32_t>(0x1p-90F) ||
        largest > bit_cast<std::uint32_t>(0x1p100F)) {
      return std::nullopt;
    }
    const recipe_float amax_value(bit_cast<float>(largest));
    const auto tensor = bit_cast<float>(recipe.tensor(recipe, amax_value).stored.binary32_bits());
    const modelopt_nvfp4_chunks<T> chunks(kernels, out, x, tensor);
    std::atomic<std::size_t> clipped{0};
    std::atomic<std::size_t> underflowed{0};
    executor.for_each_chunk(rows, grain, [&](std::size_t begin, std::size_t end) {
      const fp_environment_guard guard;
      quantize_counts part;
      for (std::size_t row = begin; row < end; ++row) part += chunks.run(row);
      clipped += part.clipped;
      underflowed += part.underflowed;
    });
    quantize_result result;
    result.tensor_scale = tensor;
    result.counts.clipped = clipped;
    result.counts.underflowed = underflowed;
    return result;
  }
}

}  // namespace binade::inline v0::detail

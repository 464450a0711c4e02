// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/core/fp_environment.hpp"
#include "binade/quantize/options.hpp"
#include "binade/quantize/quantizer.hpp"
#include "binade/quantize/transformed.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace binade::inline v0 {

namespace detail {

inline void check_options(const packed_description& d, const quantize_options& o) {
  const auto fail = [](const std::string& what) { BINADE_THROW(error{"quantize: " + what}); };
  if (o.rounding && o.rounding->mode == rounding::mode::stochastic) {
    const int bits = o.rounding->random.bits;
    if (bits < 1 || bits > 32 || (bits & (bits - 1)) != 0) {
      fail("stochastic rounding with " + std::to_string(bits) +
           " bits; allowed are 1, 2, 4, 8, 16 and 32");
    }
  }
  if (o.rounding && o.rounding->mode == rounding::mode::hif8_hybrid && !d.element.is_hif8()) {
    fail(std::string("hif8_hybrid rounding for ") + d.element.name() + "; it is defined for hif8");
  }
  if (d.group == group_kind::affine) {
    if (!d.element.is_integer()) {
      fail(std::string("affine groups of ") + d.element.name() +
           "; zero points need integer elements");
    }
    if (o.rule && o.rule->method != scale_method::absmax) {
      fail(std::string("affine groups with rule ") + to_string(o.rule->method) +
           "; their scale follows from minimum and maximum (absmax)");
    }
  }
  if (d.group == group_kind::separate_signs && o.rule &&
      o.rule->method == scale_method::mse_search) {
    fail("mse_search with separate signs; allowed are the rules without a search");
  }
  if (o.rule && o.rule->method == scale_method::given &&
      !(o.rule->scale > 0 &&
        bit_cast<std::uint32_t>(o.rule->scale) < reference::detail::infinity_bits)) {
    fail("given scale " + std::to_string(o.rule->scale) + "; allowed are finite positive scales");
  }
  if (o.given_tensor_scale) {
    const float s = *o.given_tensor_scale;
    if (d.tensor_scale == tensor_scale_kind::none) {
      fail("a tensor scale is given but the format has none");
    }
    if (!(s > 0 && bit_cast<std::uint32_t>(s) < reference::detail::infinity_bits)) {
      fail("tensor scale " + std::to_string(s) + "; allowed are finite positive scales");
    }
  }
}

inline void check_destination(const packed_span_view& out, const tensor_shape& shape) {
  const packed_description& d = out.description;
  const std::size_t zero_points = d.group == group_kind::affine ? d.layout.scale_count() : 0;
  const std::size_t negative = d.group == group_kind::separate_signs ? d.scale_bytes() : 0;
  if (!(d.layout.shape() == shape)) {
    BINADE_THROW(error{"quantize: x is " + to_string(shape) + " but the destination is " +
                       to_string(d.layout.shape()) + "; they must be equal"});
  }
  if (out.codes.size() != d.layout.code_bytes() || out.scales.size() != d.scale_bytes() ||
      out.zero_points.size() != zero_points || out.negative_scales.size() != negative) {
    BINADE_THROW(error{"quantize: the destination has " + std::to_string(out.codes.size()) +
                       " bytes of codes and " + std::to_string(out.scales.size()) +
                       " of scales; needed are " + std::to_string(d.layout.code_bytes()) + " and " +
                       std::to_string(d.scale_bytes())});
  }
}

[[nodiscard]] inline bool wants_tensor_scale(const packed_description& d,
                                             const quantize_options& o) noexcept {
  return d.tensor_scale != tensor_scale_kind::none && !o.given_tensor_scale;
}
/// Whether a NaN is an error.
[[nodiscard]] inline bool allows_no_nan(const packed_description& d, const quantize_options& o) {
  return o.nan.value_or(nan_mode::error) == nan_mode::error && !d.is_block_format &&
         !d.element.describe().has_nan;
}
[[noreturn]] inline void throw_nan(const packed_description& d) {
  BINADE_THROW(error{std::string("quantize: x has NaN but ") + d.element.name() +
                     " has none; allow it with nan::zero or nan::largest"});
}

}  // namespace detail

/// What a quantization found besides the bytes that it wrote.
struct quantize_result {
  quantize_counts counts;
  float tensor_scale = 1.0F;
};

namespace detail {

template <quantize_source T>
quantize_result quantize_transformed(const basic_packed_view<std::byte>& out,
                                     tensor_view<const T> x, const quantize_options& options,
                                     bool keep_scales, const simd::quantize_kernels& kernels);

/// Surveys x if the call needs it and sets the tensor scale, which is returned, if there is one.
template <quantize_source T>
float set_up(quantizer<T>& q, const packed_description& d, const quantize_options& options) {
  surveyed_range all = surveyed_range::unknown();
  if (wants_tensor_scale(d, options) || allows_no_nan(d, options) || q.wants_survey()) {
    all = q.survey(options.executor);
  }
  if (all.has_nan && allows_no_nan(d, options)) throw_nan(d);
  float tensor_scale = 1.0F;
  if (d.tensor_scale != tensor_scale_kind::none) {
    tensor_scale =
        options.given_tensor_scale ? *options.given_tensor_scale : q.tensor_scale_for(all.amax());
    q.set_tensor_scale(tensor_scale);
  }
  q.prepare(all);
  return tensor_scale;
}

template <quantize_source T>
quantize_counts run_tasks(const quantizer<T>& q, executor_ref executor) {
  count_collector all_counts;
  executor.for_each_chunk(q.task_count(), q.grain(), [&](std::size_t begin, std::size_t end) {
    const fp_environment_guard guard;
    quantize_counts counts;
    for (std::size_t i = begin; i < end; ++i) counts += q.run(i);
    all_counts.add(counts);
  });
  return all_counts.all();
}

/// quantize_into; with `keep_scales` under the scales that the destination holds.
template <quantize_source T>
quantize_result quantize_groups(
    const basic_packed_view<std::byte>& out, tensor_view<const T> x,
    const quantize_options& options, bool keep_scales,
    const simd::quantize_kernels& kernels = simd::active_quantize_kernels()) {
  check_destination(out, x.shape());
  check_options(out.description, options);
  if (options.transform) return quantize_transformed(out, x, options, keep_scales, kernels);
  quantizer<T> q(out, x, options, kernels);
  if (keep_scales) q.keep_scales();
  const float tensor_scale = set_up(q, out.description, options);
  return {run_tasks(q, options.executor), tensor_scale};
}

/// quantize_groups of the transformed x: a chunk at a time in the first-level cache where vectors
/// serve, else tile by tile where every scale belongs to one tile, else of all of it. The bits are
/// the same.
template <quantize_source T>
quantize_result quantize_transformed(const basic_packed_view<std::byte>& out,
                                     tensor_view<const T> x, const quantize_options& options,
                                     bool keep_scales, const simd::quantize_kernels& kernels) {
  if constexpr (!transformable<T>) {
    BINADE_THROW(error{"quantize: a transform of " + std::string(T::names.name) +
                       "; allowed are float, float16 and bfloat16"});
  } else {
    const packed_description& d = out.description;
    reference::check_hadamard("quantize", *options.transform, x.shape());
    quantize_options plain = options;
    plain.transform.reset();
    quantizer<T> q(out, x, plain, kernels);
    if (!keep_scales && q.set_transform(*options.transform)) {
      const float tensor_scale = set_up(q, d, options);
      if (q.runs_chunks()) return {run_tasks(q, options.executor), tensor_scale};
      if (d.tensor_scale != tensor_scale_kind::none) plain.given_tensor_scale = tensor_scale;
    }
    const quantize_tiles tiles(d, x.is_contiguous());
    if (keep_scales || !tiles.serves()) {
      std::vector<float> y(x.size());
      const tensor_view<float> transformed(y.data(), x.shape());
      simd::hadamard_transform(*options.transform, x, transformed, hadamard_direction::forward,
                               options.executor, kernels.compiled_for);
      return quantize_groups<float>(out, transformed, plain, keep_scales, kernels);
    }
    const tile_transformer<T> transform(tiles, out, x, *options.transform, kernels.compiled_for);
    quantize_result result;
    if (wants_tensor_scale(d, options) || allows_no_nan(d, options)) {
      const surveyed_range all = survey_transformed(transform, plain, kernels);
      if (allows_no_nan(d, options)) {
        if (all.has_nan) throw_nan(d);
        plain.nan = nan_mode::largest;
      }
      if (wants_tensor_scale(d, options)) {
        plain.given_tensor_scale = q.tensor_scale_for(all.amax());
      }
    }
    result.tensor_scale = plain.given_tensor_scale.value_or(1.0F);
    plain.executor = {};
    count_collector counts;
    transform.for_each_tile(
        options.executor, [&](const basic_packed_view<std::byte>& tile,
                              const tensor_view<const float>& y, std::size_t index) {
          quantize_options of_tile = plain;
          if (of_tile.rounding) of_tile.rounding = of_tile.rounding->at(index);
          counts.add(quantize_groups<float>(tile, y, of_tile, false, kernels).counts);
        });
    result.counts = counts.all();
    return result;
  }
}

}  // namespace detail

/// Quantizes x into somebody's bytes, as `out.description` says.
///
/// Shapes: out.shape() == x.shape().
/// NaN:    in a block format the block's scale becomes NaN and its codes 0; under other scales the
///         element becomes the format's NaN, in a format without one it is an error unless a nan
///         policy is named. Scales ignore NaN.
/// Error:  each code is the nearest (or what the rounding policy says) to the exact quotient.
/// Throws: error if shapes, sizes or options do not fit, or for NaN as above; before it writes.
/// Cost:   allocates nothing; with a transform as many floats as x has, unless scales belong to
///         blocks, groups or tiles of one row along the last axis.
template <quantize_source T>
quantize_result quantize_into(const basic_packed_view<std::byte>& out, tensor_view<const T> x,
                              const quantize_options& options) {
  return detail::quantize_groups(out, x, options, false);
}

/// Quantizes x into a tensor of the described form.
template <quantize_source T>
[[nodiscard]] any_packed_tensor quantize(tensor_view<const T> x, packed_description description,
                                         const quantize_options& options) {
  any_packed_tensor packed(std::move(description));
  const quantize_result result = quantize_into(packed.mutable_view(), x, options);
  packed.set_tensor_scale(result.tensor_scale);
  packed.set_counts(result.counts);
  return packed;
}

/// Quantizes x into format F: a block format, or an element format with binary32 scales.
///
/// Options, in any order: a granularity (element formats), a scale rule (scaling::*), a rounding
/// policy, saturation::*, nan::*, negative::*, inf::*, affine, separate_signs, along_axis (block
/// formats), tensor_scale, a hadamard transform of x, an executor.
/// Throws: error if they do not fit together.
template <packable F, class T, quantize_option... Options>
  requires quantize_source<std::remove_const_t<T>>
[[nodiscard]] packed_tensor<F> quantize(tensor_view<T> x, Options&&... options) {
  quantize_options o;
  (o.set(options), ...);
  packed_description d;
  if constexpr (block_scaled<F>) {
    if (o.group != group_kind::symmetric) {
      BINADE_THROW(error{std::string("quantize: ") + F::names.name +
                         " has no zero points and one scale a block; affine and separate_signs "
                         "need an element format"});
    }
    d = describe_blocks(F::describe(), x.shape(), o.axis);
  } else {
    d = describe_scaled(any_format::of<F>(), x.shape(), o.groups, o.group);
  }
  return packed_tensor<F>(quantize(tensor_view<const std::remove_const_t<T>>(x), std::move(d), o));
}

}  // namespace binade::inline v0

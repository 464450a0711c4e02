// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/quantize/options.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace binade::inline v0 {

namespace detail {

/// The shape with `rows` along the leading axis.
inline tensor_shape with_rows(const tensor_shape& shape, std::size_t rows) {
  std::array<std::size_t, max_rank> extents{};
  std::copy(shape.extents().begin(), shape.extents().end(), extents.begin());
  extents[0] = rows;
  return tensor_shape(std::span<const std::size_t>(extents.data(), shape.extents().size()));
}

/// The same form for another number of rows.
inline packed_description with_rows(const packed_description& d, std::size_t rows) {
  packed_description extended = d;
  const tensor_shape shape = with_rows(d.layout.shape(), rows);
  const int bits = d.element.bit_count();
  extended.layout =
      d.is_block_format
          ? packed_layout::blocks(shape, d.layout.axis(),
                                  d.layout.cell_extent(d.layout.stored_shape().rank() - 1), bits)
          : packed_layout::scaled(shape, d.layout.groups(), bits);
  return extended;
}

}  // namespace detail

/// Adds rows (indices of the leading axis) to a packed tensor, as a key-value cache or a growing
/// table does.
///
/// Groups that all rows share keep their scale: one scale a tensor, channels along another axis,
/// the tensor scale of a two-level format; what exceeds it is clipped and counted. Groups within a
/// row get scales of their own, by the rule and rounding of `options`, as quantize would give them;
/// tiles likewise, if the tensor ends with a whole one.
///
/// Shapes: x has packed's extents but for the leading one.
/// Post:   the codes and scales that were there are unchanged; packed.counts() includes x's.
/// Throws: error if the shapes do not fit, if groups run along the leading axis or its last tile is
///         not whole, or as quantize does; before anything is changed.
template <class T, quantize_option... Options>
  requires quantize_source<std::remove_const_t<T>>
void append(any_packed_tensor& packed, tensor_view<T> x, Options&&... options) {
  const packed_description& d = packed.description();
  const packed_layout& layout = d.layout;
  const tensor_shape& shape = layout.shape();
  const auto fail = [&](const std::string& what) {
    BINADE_THROW(error{"append: the packed tensor is " + to_string(shape) + " and x is " +
                       to_string(x.shape()) + "; " + what});
  };
  if (shape.rank() < 2 || x.rank() != shape.rank() ||
      !(detail::with_rows(shape, x.shape().extents()[0]) == x.shape())) {
    fail("needed are two axes or more and the same extents but for the first");
  }
  if (layout.axis() == 0) fail("blocks run along the leading axis, which can then not grow");
  const std::size_t rows = shape.extents()[0];
  const std::size_t cell = layout.cell_extent(0);
  using form = granularity::kind;
  const form groups = layout.groups().form();
  // With two rows a cell of both is told from a cell of one, which one row cannot do.
  const bool shared = !d.is_block_format && (groups == form::tensor || groups == form::channel) &&
                      detail::with_rows(d, 2).layout.cell_extent(0) == 2;
  if (!d.is_block_format && groups == form::group && cell != 1) {
    fail("groups run along the leading axis, which can then not grow");
  }
  if (groups == form::block && rows % cell != 0) {
    fail("the last tile has " + std::to_string(rows % cell) + " of " + std::to_string(cell) +
         " rows; append to whole tiles only");
  }
  quantize_options o;
  (o.set(options), ...);
  if (d.tensor_scale != tensor_scale_kind::none) o.given_tensor_scale = packed.tensor_scale();

  any_packed_tensor more(detail::with_rows(d, x.shape().extents()[0]));
  const basic_packed_view<std::byte> out = more.mutable_view();
  if (shared && layout.scale_count() == more.description().layout.scale_count()) {
    std::ranges::copy(packed.scales(), out.scales.begin());
    std::ranges::copy(packed.negative_scales(), out.negative_scales.begin());
    std::ranges::copy(packed.zero_points(), out.zero_points.begin());
  }
  const quantize_result result = detail::quantize_groups<std::remove_const_t<T>>(
      out, x, o, shared && layout.scale_count() != 0);
  more.set_counts(result.counts);
  packed.append(more, detail::with_rows(d, rows + x.shape().extents()[0]),
                shared && layout.scale_count() != 0);
}

}  // namespace binade::inline v0

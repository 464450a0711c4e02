// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/tensor/shape.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>  // PTRDIFF_MAX
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace binade::inline v0 {

template <class T>
class tensor_view;

namespace detail {

/// Element type of the span over a contiguous range; no type for a temporary that owns its memory.
template <class Range>
using span_element_t = typename decltype(std::span(std::declval<Range>()))::element_type;

/// A contiguous range that a view of `T` may refer to.
template <class Range, class T>
concept memory_of =
    !std::is_pointer_v<std::remove_cvref_t<Range>> && std::convertible_to<Range, std::span<T>>;

/// What std::mdspan and its predecessor in Kokkos look like, with a strided layout.
template <class M>
concept strided_mdspan = requires(const M& m) {
  requires std::is_pointer_v<std::remove_cvref_t<decltype(m.data_handle())>>;
  { m.extent(0) } -> std::integral;
  { m.stride(0) } -> std::integral;
  requires M::rank() <= max_rank;
  requires M::is_always_strided();
};

template <strided_mdspan M>
using mdspan_element_t =
    std::remove_pointer_t<std::remove_cvref_t<decltype(std::declval<const M&>().data_handle())>>;

/// Lowest and highest offset of an element from the first one.
struct offset_range {
  std::ptrdiff_t lowest = 0;
  std::ptrdiff_t highest = 0;
};

/// Throws: error if strides and extents differ in number or an offset does not fit.
inline offset_range offsets(const tensor_shape& shape, const tensor_strides& strides) {
  if (shape.rank() != strides.rank()) {
    BINADE_THROW(error{"tensor_view: shape " + to_string(shape) + " but strides " +
                       to_string(strides) + "; there must be one stride for each axis"});
  }
  offset_range range;
  if (shape.size() == 0) return range;
  for (std::size_t axis = 0; axis < shape.extents().size(); ++axis) {
    std::ptrdiff_t reach = 0;
    std::ptrdiff_t& end = strides[axis] < 0 ? range.lowest : range.highest;
    if (__builtin_mul_overflow(static_cast<std::ptrdiff_t>(shape.extents()[axis] - 1),
                               strides[axis], &reach) ||
        __builtin_add_overflow(end, reach, &end)) {
      BINADE_THROW(error{"tensor_view: offsets overflow for shape " + to_string(shape) +
                         " and strides " + to_string(strides) + "; they must fit in " +
                         std::to_string(8 * sizeof(std::ptrdiff_t)) + " bits"});
    }
  }
  return range;
}

}  // namespace detail

/// A tensor in somebody else's memory: the address of its first element, extents, and strides in
/// elements. Rank 0 to 8, known at run time. It is cheap to copy and does not own.
///
/// Elements are enumerated in logical row-major order (the last index fastest), whatever the
/// strides; a row runs along the last axis. Views over memory of known size (a span, vector or
/// array) are checked against it; views over a pointer trust the caller.
template <class T>
class tensor_view {
  static_assert(std::is_object_v<T>);

 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  /// A vector without elements.
  tensor_view() : tensor_view(static_cast<T*>(nullptr), tensor_shape{0}) {}

  /// The dense row-major tensor that begins at `data`.
  ///
  /// Throws: error if the elements take more than PTRDIFF_MAX bytes.
  template <class U>
    requires std::convertible_to<U (*)[], T (*)[]>
  tensor_view(U* const& data, const tensor_shape& shape)
      : tensor_view(data, shape, tensor_strides::row_major(shape)) {}

  /// The tensor whose element (0, ..., 0) is at `data`. Strides may be 0 or negative.
  ///
  /// Throws: error if there is not one stride for each axis, or an offset does not fit.
  template <class U>
    requires std::convertible_to<U (*)[], T (*)[]>
  tensor_view(U* const& data, const tensor_shape& shape, const tensor_strides& strides)
      : data_(data), shape_(shape), strides_(strides) {
    const detail::offset_range range = detail::offsets(shape, strides);
    constexpr auto limit = static_cast<std::ptrdiff_t>(PTRDIFF_MAX / sizeof(T));
    if (shape.size() > static_cast<std::size_t>(limit) || range.highest > limit ||
        range.lowest < -limit) {
      BINADE_THROW(error{"tensor_view: " + to_string(shape) + " with strides " +
                         to_string(strides) + " is too large for elements of " +
                         std::to_string(sizeof(T)) + " bytes; allowed are " +
                         std::to_string(PTRDIFF_MAX) + " bytes"});
    }
  }

  /// The dense row-major tensor that fills `memory`.
  ///
  /// Throws: error if `memory` has not exactly as many elements as `shape`.
  tensor_view(std::span<T> memory, const tensor_shape& shape) : tensor_view(memory.data(), shape) {
    if (memory.size() != shape.size()) {
      BINADE_THROW(error{"tensor_view: shape " + to_string(shape) + " has " +
                         std::to_string(shape.size()) + " elements but the memory has " +
                         std::to_string(memory.size()) + "; they must be equal"});
    }
  }

  /// The tensor whose element (0, ..., 0) is memory[offset].
  ///
  /// Throws: error if an element lies outside `memory`, and as above.
  tensor_view(std::span<T> memory, const tensor_shape& shape, const tensor_strides& strides,
              std::size_t offset = 0)
      : tensor_view(memory.data(), shape, strides) {
    const detail::offset_range range = detail::offsets(shape, strides);
    const bool inside = offset < memory.size() &&
                        static_cast<std::size_t>(-range.lowest) <= offset &&
                        static_cast<std::size_t>(range.highest) < memory.size() - offset;
    if (size() != 0 && !inside) {
      BINADE_THROW(error{"tensor_view: shape " + to_string(shape) + ", strides " +
                         to_string(strides) + " and offset " + std::to_string(offset) +
                         " reach elements " + std::to_string(range.lowest) + " to +" +
                         std::to_string(range.highest) +
                         " around the first one; they must lie in the memory, which has " +
                         std::to_string(memory.size())});
    }
    if (size() != 0) data_ += offset;
  }

  /// The vector of all elements of a span, vector or array.
  template <class Range>
    requires(detail::memory_of<Range, T>)
  tensor_view(Range&& memory)
      : tensor_view(std::span<T>(memory), tensor_shape{std::span<T>(memory).size()}) {}

  /// The tensor that a std::mdspan with a strided layout refers to.
  template <detail::strided_mdspan M>
    requires std::convertible_to<detail::mdspan_element_t<M> (*)[], T (*)[]>
  tensor_view(const M& m) : tensor_view(m.data_handle(), shape_of(m), strides_of(m)) {}

  /// A view of T is one of const T.
  template <class U>
    requires(!std::same_as<U, T> && std::convertible_to<U (*)[], T (*)[]>)
  tensor_view(const tensor_view<U>& other) noexcept
      : data_(other.data()), shape_(other.shape()), strides_(other.strides()) {}

  [[nodiscard]] T* data() const noexcept { return data_; }  ///< element (0, ..., 0)
  [[nodiscard]] const tensor_shape& shape() const noexcept { return shape_; }
  [[nodiscard]] const tensor_strides& strides() const noexcept { return strides_; }
  [[nodiscard]] int rank() const noexcept { return shape_.rank(); }
  [[nodiscard]] std::size_t size() const noexcept { return shape_.size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Extent and stride along `axis`; negative from the end.
  ///
  /// Throws: error if there is no such axis.
  [[nodiscard]] std::size_t extent(int axis) const { return shape_.extent(axis); }
  [[nodiscard]] std::ptrdiff_t stride(int axis) const {
    return strides_[static_cast<std::size_t>(normalize_axis(axis, rank(), "stride"))];
  }
  /// Stride along a row; 1 for a scalar.
  [[nodiscard]] std::ptrdiff_t inner_stride() const noexcept {
    return rank() == 0 ? 1 : strides_[static_cast<std::size_t>(rank() - 1)];
  }
  [[nodiscard]] std::size_t row_count() const noexcept { return shape_.row_count(); }
  [[nodiscard]] std::size_t row_length() const noexcept { return shape_.row_length(); }

  /// Whether the elements lie without gaps in logical order; views of 0 and 1 elements do.
  [[nodiscard]] bool is_contiguous() const noexcept {
    if (size() <= 1) return true;
    std::size_t step = 1;
    for (std::size_t axis = shape_.extents().size(); axis > 0; --axis) {
      const std::size_t n = shape_.extents()[axis - 1];
      if (n != 1 && strides_[axis - 1] != static_cast<std::ptrdiff_t>(step)) return false;
      step *= n;
    }
    return true;
  }

  /// Element (i, j, ...). Unchecked: needs one index for each axis, each below its extent.
  template <std::integral... Index>
    requires(sizeof...(Index) <= max_rank)
  [[nodiscard]] T& operator()(Index... index) const noexcept {
    std::size_t axis = 0;
    std::ptrdiff_t offset = 0;
    ((offset += static_cast<std::ptrdiff_t>(index) * strides_[axis++]), ...);
    return data_[offset];
  }

  /// Element (i, j, ...), checked.
  ///
  /// Throws: error if there is not one index for each axis, or one is negative or too large.
  template <std::integral... Index>
  [[nodiscard]] T& at(Index... index) const {
    bool inside = static_cast<int>(sizeof...(Index)) == rank();
    std::size_t axis = 0;
    ((inside = inside && std::cmp_greater_equal(index, 0) &&
               std::cmp_less(index, shape_.extents()[axis++])),
     ...);
    if (!inside) {
      std::string text;
      ((text += (text.empty() ? "" : ", ") + std::to_string(index)), ...);
      BINADE_THROW(error{"at: no element (" + text + ") in a tensor of shape " + to_string(shape_) +
                         "; each index must be at least 0 and below its extent"});
    }
    return (*this)(index...);
  }

  /// First element of row `row`, 0 <= row < row_count(), counted in logical order. Unchecked.
  [[nodiscard]] T* row_data(std::size_t row) const noexcept {
    if (size() == 0) return data_;
    std::ptrdiff_t offset = 0;
    for (int i = rank() - 2; i > 0; --i) {
      const auto axis = static_cast<std::size_t>(i);
      const std::size_t n = shape_.extents()[axis];
      offset += static_cast<std::ptrdiff_t>(row % n) * strides_[axis];
      row /= n;
    }
    if (rank() >= 2) offset += static_cast<std::ptrdiff_t>(row) * strides_[0];
    return data_ + offset;
  }

  /// Row `row` as a vector, counted in logical order; a matrix' row.
  ///
  /// Throws: error unless row < row_count().
  [[nodiscard]] tensor_view row(std::size_t row) const {
    if (row >= row_count()) {
      BINADE_THROW(error{"row: no row " + std::to_string(row) + " in a tensor of shape " +
                         to_string(shape_) + "; it has " + std::to_string(row_count())});
    }
    return {row_data(row), tensor_shape{row_length()}, tensor_strides{inner_stride()}};
  }

  /// The view with its axes in another order: axis i of the result is axis axes[i] of this one.
  ///
  /// Throws: error unless `axes` names every axis once; negative from the end.
  [[nodiscard]] tensor_view permuted(std::initializer_list<int> axes) const {
    return permuted(std::span<const int>(axes.begin(), axes.size()));
  }
  [[nodiscard]] tensor_view permuted(std::span<const int> axes) const {
    std::array<std::size_t, max_rank> extents{};
    tensor_strides strides = strides_;
    unsigned seen = 0;
    if (axes.size() == static_cast<std::size_t>(rank())) {
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto from = static_cast<std::size_t>(normalize_axis(axes[i], rank(), "permuted"));
        extents[i] = shape_.extents()[from];
        strides[i] = strides_[from];
        seen |= 1U << from;
      }
    }
    if (axes.size() != static_cast<std::size_t>(rank()) || seen != (1U << rank()) - 1) {
      BINADE_THROW(error{"permuted: axes " + detail::list_text(axes) + " for a tensor of rank " +
                         std::to_string(rank()) + "; every axis must occur once"});
    }
    return {data_, tensor_shape{std::span<const std::size_t>(extents.data(), axes.size())},
            strides};
  }

  /// The view with two axes exchanged, the last two unless told otherwise.
  ///
  /// Throws: error if there is no such axis.
  [[nodiscard]] tensor_view transposed(int axis = -2, int other = -1) const {
    std::array<int, max_rank> axes{0, 1, 2, 3, 4, 5, 6, 7};
    std::swap(axes[static_cast<std::size_t>(normalize_axis(axis, rank(), "transposed"))],
              axes[static_cast<std::size_t>(normalize_axis(other, rank(), "transposed"))]);
    return permuted(std::span<const int>(axes.data(), static_cast<std::size_t>(rank())));
  }

  /// The part with begin <= index < end along `axis`.
  ///
  /// Throws: error if there is no such axis, or unless begin <= end <= its extent.
  [[nodiscard]] tensor_view slice(int axis, std::size_t begin, std::size_t end) const {
    const auto a = static_cast<std::size_t>(normalize_axis(axis, rank(), "slice"));
    if (begin > end || end > shape_.extents()[a]) {
      BINADE_THROW(error{"slice: [" + std::to_string(begin) + ", " + std::to_string(end) +
                         ") along axis " + std::to_string(axis) + " of a tensor of shape " +
                         to_string(shape_) + "; needed is begin <= end <= extent"});
    }
    std::array<std::size_t, max_rank> extents{};
    for (std::size_t i = 0; i < shape_.extents().size(); ++i) extents[i] = shape_.extents()[i];
    extents[a] = end - begin;
    const tensor_shape part{std::span<const std::size_t>(extents.data(), shape_.extents().size())};
    T* first = part.size() == 0 ? data_ : data_ + static_cast<std::ptrdiff_t>(begin) * strides_[a];
    return {first, part, strides_};
  }

  /// The same elements in the same order under another shape.
  ///
  /// Throws: error if the view is not contiguous or the number of elements differs.
  [[nodiscard]] tensor_view reshaped(const tensor_shape& shape) const {
    if (!is_contiguous() || shape.size() != size()) {
      BINADE_THROW(error{"reshaped: from shape " + to_string(shape_) + ", strides " +
                         to_string(strides_) + " to shape " + to_string(shape) +
                         "; the view must be contiguous and keep its number of elements"});
    }
    return {data_, shape};
  }

  /// All elements in logical order.
  ///
  /// Throws: error if the view is not contiguous.
  [[nodiscard]] std::span<T> contiguous_span() const {
    if (!is_contiguous()) {
      BINADE_THROW(error{"contiguous_span: shape " + to_string(shape_) + " with strides " +
                         to_string(strides_) + "; the view must be contiguous"});
    }
    return {data_, size()};
  }

 private:
  template <class M>
  static tensor_shape shape_of(const M& m) {
    std::array<std::size_t, max_rank> extents{};
    for (std::size_t i = 0; i < M::rank(); ++i) extents[i] = static_cast<std::size_t>(m.extent(i));
    return std::span<const std::size_t>(extents.data(), M::rank());
  }
  template <class M>
  static tensor_strides strides_of(const M& m) {
    std::array<std::ptrdiff_t, max_rank> strides{};
    for (std::size_t i = 0; i < M::rank(); ++i) {
      strides[i] = static_cast<std::ptrdiff_t>(m.stride(i));
    }
    return std::span<const std::ptrdiff_t>(strides.data(), M::rank());
  }

  T* data_;
  tensor_shape shape_;
  tensor_strides strides_;
};

template <class T>
tensor_view(T* const&, const tensor_shape&) -> tensor_view<T>;
template <class T>
tensor_view(T* const&, const tensor_shape&, const tensor_strides&) -> tensor_view<T>;
template <class Range>
tensor_view(Range&&, const tensor_shape&) -> tensor_view<detail::span_element_t<Range>>;
template <class Range>
tensor_view(Range&&, const tensor_shape&, const tensor_strides&, std::size_t = 0)
    -> tensor_view<detail::span_element_t<Range>>;
template <class Range>
tensor_view(Range&&) -> tensor_view<detail::span_element_t<Range>>;
template <detail::strided_mdspan M>
tensor_view(const M&) -> tensor_view<detail::mdspan_element_t<M>>;

/// The `size` elements at `data` as a vector.
template <class T>
[[nodiscard]] tensor_view<T> vector_view(T* const& data, std::size_t size) {
  return {data, tensor_shape{size}};
}

/// All elements of a span, vector or array as a vector.
template <class Range>
[[nodiscard]] tensor_view<detail::span_element_t<Range>> vector_view(Range&& memory) {
  return std::forward<Range>(memory);
}

/// The row-major matrix that begins at `data`.
///
/// Throws: error if it takes more than PTRDIFF_MAX bytes.
template <class T>
[[nodiscard]] tensor_view<T> matrix_view(T* const& data, std::size_t rows, std::size_t columns) {
  return {data, tensor_shape{rows, columns}};
}

/// The row-major matrix that fills a span, vector or array.
///
/// Throws: error unless `memory` has rows * columns elements.
template <class Range>
[[nodiscard]] tensor_view<detail::span_element_t<Range>> matrix_view(Range&& memory,
                                                                     std::size_t rows,
                                                                     std::size_t columns) {
  using element = detail::span_element_t<Range>;
  return {std::span<element>(memory), tensor_shape{rows, columns}};
}

/// Calls f(row, first, stride) for the rows begin <= row < end in order: `first` points at the
/// row's element 0 and `stride` leads to the next ones, view.row_length() of them.
///
/// Rows of length 0 are visited too; `first` is then not to be followed. Unchecked: needs
/// begin <= end <= view.row_count(). A chunk of `executor_ref::for_each_chunk` calls this form.
template <class T, class F>
  requires std::invocable<F&, std::size_t, T*, std::ptrdiff_t>
void for_each_row(const tensor_view<T>& view, std::size_t begin, std::size_t end, F&& f) {
  const std::ptrdiff_t stride = view.inner_stride();
  for (std::size_t row = begin; row < end; ++row) f(row, view.row_data(row), stride);
}

/// The same over all rows.
template <class T, class F>
  requires std::invocable<F&, std::size_t, T*, std::ptrdiff_t>
void for_each_row(const tensor_view<T>& view, F&& f) {
  for_each_row(view, 0, view.row_count(), std::forward<F>(f));
}

}  // namespace binade::inline v0

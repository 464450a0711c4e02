// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>  // PTRDIFF_MAX
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <utility>  // in_range

namespace binade::inline v0 {

/// The most axes that a tensor may have.
inline constexpr int max_rank = 8;

/// `axis` as an index from the front; a negative one counts from the end, -1 is the last axis.
/// `function` is whose argument it is, for the message.
///
/// Post:   0 <= result < rank.
/// Throws: error unless -rank <= axis < rank.
[[nodiscard]] inline int normalize_axis(int axis, int rank,
                                        const char* function = "normalize_axis") {
  if (axis < -rank || axis >= rank) {
    BINADE_THROW(error{std::string(function) + ": there is no axis " + std::to_string(axis) +
                       " in a tensor of rank " + std::to_string(rank) +
                       (rank == 0 ? "; it has none"
                                  : "; allowed are " + std::to_string(-rank) + " to " +
                                        std::to_string(rank - 1))});
  }
  return axis < 0 ? axis + rank : axis;
}

namespace detail {

/// Something to loop over that gives integers.
template <class R>
concept integer_list = requires(const R& list) {
  requires std::integral<std::remove_cvref_t<decltype(*std::begin(list))>>;
  std::end(list);
};

template <class List>
std::string list_text(const List& list) {
  std::string text = "[";
  for (const auto& x : list) text += (text.size() > 1 ? ", " : "") + std::to_string(x);
  return text + "]";
}

}  // namespace detail

/// The extents of a tensor, outermost axis first; rank 0 is a scalar and has one element.
///
/// An extent may be 0. The number of elements is known to fit: the product of all extents that are
/// not 0 is at most PTRDIFF_MAX, so no product of some of them overflows either.
class tensor_shape {
 public:
  /// A scalar's.
  constexpr tensor_shape() noexcept = default;

  /// Throws: error if there are more than `max_rank` extents or the product above does not fit.
  tensor_shape(std::initializer_list<std::size_t> extents) { assign(extents); }

  /// From any list of integers.
  ///
  /// Throws: as above, and error if an extent is negative.
  template <detail::integer_list List>
  tensor_shape(const List& extents) {
    assign(extents);
  }

  [[nodiscard]] constexpr int rank() const noexcept { return rank_; }
  [[nodiscard]] constexpr std::span<const std::size_t> extents() const noexcept {
    return {extents_.data(), static_cast<std::size_t>(rank_)};
  }
  /// Extent along `axis`; negative from the end.
  ///
  /// Throws: error if there is no such axis.
  [[nodiscard]] std::size_t extent(int axis) const {
    return extents_[static_cast<std::size_t>(normalize_axis(axis, rank_, "extent"))];
  }
  /// Number of elements.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  /// Extent of the last axis, along which a row runs; 1 for a scalar.
  [[nodiscard]] constexpr std::size_t row_length() const noexcept {
    return rank_ == 0 ? 1 : extents_[static_cast<std::size_t>(rank_ - 1)];
  }
  /// Number of rows: the product of all extents but the last.
  [[nodiscard]] constexpr std::size_t row_count() const noexcept {
    std::size_t count = 1;
    for (std::size_t axis = 0; axis + 1 < static_cast<std::size_t>(rank_); ++axis) {
      count *= extents_[axis];
    }
    return count;
  }

  /// Whether rank and all extents agree.
  friend constexpr bool operator==(const tensor_shape&, const tensor_shape&) noexcept = default;

  /// As in [16, 4096].
  friend std::string to_string(const tensor_shape& shape) {
    return detail::list_text(shape.extents());
  }

 private:
  template <class List>
  void assign(const List& extents) {
    std::size_t product = 1;  // of the extents that are not 0
    for (const auto extent : extents) {
      if (rank_ == max_rank) {
        BINADE_THROW(error{"tensor_shape: too many extents in " + detail::list_text(extents) +
                           "; allowed are " + std::to_string(max_rank)});
      }
      std::size_t n = 0;
      if (std::cmp_less(extent, 0) ||
          (n = static_cast<std::size_t>(extent),
           n != 0 && __builtin_mul_overflow(product, n, &product)) ||
          product > static_cast<std::size_t>(PTRDIFF_MAX)) {
        BINADE_THROW(error{"tensor_shape: " + detail::list_text(extents) +
                           " is negative somewhere or has too many elements; allowed are extents "
                           "of at least 0 with a product of at most " +
                           std::to_string(PTRDIFF_MAX)});
      }
      extents_[static_cast<std::size_t>(rank_++)] = n;
      size_ *= n;
    }
  }

  int rank_ = 0;
  std::array<std::size_t, max_rank> extents_{};  // 0 after the last axis
  std::size_t size_ = 1;
};

/// How far apart, in elements, neighbours along each axis lie in memory: any numbers, 0 and
/// negative ones too.
class tensor_strides {
 public:
  constexpr tensor_strides() noexcept = default;
  /// Throws: error if there are more than `max_rank` strides.
  tensor_strides(std::initializer_list<std::ptrdiff_t> strides) { assign(strides); }
  template <detail::integer_list List>
  tensor_strides(const List& strides) {
    assign(strides);
  }

  /// The strides of a dense tensor whose last axis is contiguous.
  [[nodiscard]] static tensor_strides row_major(const tensor_shape& shape) noexcept {
    tensor_strides strides;
    strides.rank_ = shape.rank();
    std::size_t step = 1;
    for (std::size_t axis = shape.extents().size(); axis > 0; --axis) {
      strides.strides_[axis - 1] = static_cast<std::ptrdiff_t>(step);
      if (shape.extents()[axis - 1] != 0) step *= shape.extents()[axis - 1];
    }
    return strides;
  }

  [[nodiscard]] constexpr int rank() const noexcept { return rank_; }
  [[nodiscard]] constexpr std::ptrdiff_t operator[](std::size_t axis) const noexcept {
    return strides_[axis];
  }
  [[nodiscard]] constexpr std::ptrdiff_t& operator[](std::size_t axis) noexcept {
    return strides_[axis];
  }
  /// The strides of all axes, outermost first.
  [[nodiscard]] constexpr std::span<const std::ptrdiff_t> values() const noexcept {
    return {strides_.data(), static_cast<std::size_t>(rank_)};
  }

  friend constexpr bool operator==(const tensor_strides&, const tensor_strides&) noexcept = default;

  /// As in [4096, 1].
  friend std::string to_string(const tensor_strides& strides) {
    return detail::list_text(strides.values());
  }

 private:
  template <class List>
  void assign(const List& strides) {
    for (const auto stride : strides) {
      if (rank_ == max_rank || !std::in_range<std::ptrdiff_t>(stride)) {
        BINADE_THROW(error{"tensor_strides: " + detail::list_text(strides) +
                           " is too long or out of range; allowed are " + std::to_string(max_rank) +
                           " strides of at most " + std::to_string(PTRDIFF_MAX)});
      }
      strides_[static_cast<std::size_t>(rank_++)] = static_cast<std::ptrdiff_t>(stride);
    }
  }

  int rank_ = 0;
  std::array<std::ptrdiff_t, max_rank> strides_{};
};

}  // namespace binade::inline v0

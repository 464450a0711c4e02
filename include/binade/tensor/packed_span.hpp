// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/minifloat.hpp"  // format
#include "binade/tensor/packing.hpp"    // read_code, write_code

#include <compare>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>

// Typed access to packed codes: what a span, its references and its iterators are to an array.

namespace binade::inline v0 {

/// Refers to one element of format F in packed bytes, as F& would. Assignment writes the value
/// through it and never makes it refer to something else.
///
/// It becomes an F where one is wanted; `F(r)` copies the code, NaNs included.
template <format F>
class packed_reference {
 public:
  /// The element in slot `slot`. Unchecked.
  constexpr packed_reference(std::byte* bytes, std::size_t slot) noexcept
      : bytes_(bytes), slot_(slot) {}
  constexpr packed_reference(const packed_reference&) noexcept = default;

  constexpr operator F() const noexcept {
    return F::from_bits(read_code(bytes_, slot_, F::bit_count));
  }
  constexpr const packed_reference& operator=(F value) const noexcept {
    write_code(bytes_, slot_, F::bit_count, value.bits());
    return *this;
  }
  constexpr packed_reference& operator=(const packed_reference& other) noexcept {
    static_cast<const packed_reference&>(*this) = static_cast<F>(other);
    return *this;
  }
  constexpr const packed_reference& operator=(const packed_reference& other) const noexcept {
    return *this = static_cast<F>(other);
  }

  /// The same bits as bits() of the element.
  [[nodiscard]] constexpr typename F::storage_type bits() const noexcept {
    return static_cast<F>(*this).bits();
  }

  /// Exchanges the values.
  friend constexpr void swap(packed_reference a, packed_reference b) noexcept {
    const F value = a;
    a = static_cast<F>(b);
    b = value;
  }
  friend constexpr void swap(packed_reference a, F& b) noexcept {
    const F value = a;
    a = b;
    b = value;
  }
  friend constexpr void swap(F& a, packed_reference b) noexcept { swap(b, a); }

  // Without this a reference would count as a number of another type, and F(r) would convert: the
  // payload of a NaN would be lost.
  friend void unpack(const packed_reference&) = delete;

 private:
  std::byte* bytes_;
  std::size_t slot_;
};

/// Random-access iterator over packed elements: it gives values for a const F, else references.
///
/// The standard algorithms work on it, but for std::ranges::rotate of libstdc++ 12, which keeps a
/// reference where it means to keep a value (so with every proxy): std::rotate is right.
template <class F>
  requires format<std::remove_const_t<F>>
class packed_iterator {
  using byte_type = std::conditional_t<std::is_const_v<F>, const std::byte, std::byte>;

 public:
  using value_type = std::remove_const_t<F>;
  using reference =
      std::conditional_t<std::is_const_v<F>, value_type, packed_reference<value_type>>;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  // The older algorithms pick their way by this one, and work with proxies as for vector<bool>.
  using iterator_category = std::random_access_iterator_tag;

  constexpr packed_iterator() noexcept = default;
  /// At slot `index` of `bytes`. Unchecked.
  constexpr packed_iterator(byte_type* bytes, std::ptrdiff_t index) noexcept
      : bytes_(bytes), index_(index) {}
  template <class G>
    requires(std::is_const_v<F> && std::same_as<G, value_type>)
  constexpr packed_iterator(const packed_iterator<G>& other) noexcept
      : bytes_(other.bytes_), index_(other.index_) {}

  [[nodiscard]] constexpr reference operator*() const noexcept { return (*this)[0]; }
  [[nodiscard]] constexpr reference operator[](difference_type n) const noexcept {
    // A position is a whole number of slots from the first byte, so that going back is as safe as
    // going forward.
    const auto slot = static_cast<std::size_t>(index_ + n);
    if constexpr (std::is_const_v<F>) {
      return value_type::from_bits(read_code(bytes_, slot, value_type::bit_count));
    } else {
      return reference(bytes_, slot);
    }
  }

  constexpr packed_iterator& operator+=(difference_type n) noexcept {
    index_ += n;
    return *this;
  }
  constexpr packed_iterator& operator-=(difference_type n) noexcept {
    index_ -= n;
    return *this;
  }
  constexpr packed_iterator& operator++() noexcept { return *this += 1; }
  constexpr packed_iterator& operator--() noexcept { return *this -= 1; }
  constexpr packed_iterator operator++(int) noexcept {
    const packed_iterator old = *this;
    ++*this;
    return old;
  }
  constexpr packed_iterator operator--(int) noexcept {
    const packed_iterator old = *this;
    --*this;
    return old;
  }
  [[nodiscard]] friend constexpr packed_iterator operator+(packed_iterator i,
                                                           difference_type n) noexcept {
    return i += n;
  }
  [[nodiscard]] friend constexpr packed_iterator operator+(difference_type n,
                                                           packed_iterator i) noexcept {
    return i += n;
  }
  [[nodiscard]] friend constexpr packed_iterator operator-(packed_iterator i,
                                                           difference_type n) noexcept {
    return i -= n;
  }
  [[nodiscard]] friend constexpr difference_type operator-(const packed_iterator& a,
                                                           const packed_iterator& b) noexcept {
    return a.index_ - b.index_;
  }
  [[nodiscard]] friend constexpr bool operator==(const packed_iterator& a,
                                                 const packed_iterator& b) noexcept {
    return a.index_ == b.index_;
  }
  [[nodiscard]] friend constexpr std::strong_ordering operator<=>(
      const packed_iterator& a, const packed_iterator& b) noexcept {
    return a.index_ <=> b.index_;
  }

 private:
  template <class G>
    requires format<std::remove_const_t<G>>
  friend class packed_iterator;

  byte_type* bytes_ = nullptr;
  std::ptrdiff_t index_ = 0;
};

/// Refers to packed elements of format F (or const F) in somebody else's bytes, in bit-stream
/// order, as std::span<F> does to unpacked ones.
template <class F>
  requires format<std::remove_const_t<F>>
class packed_span {
 public:
  using byte_type = std::conditional_t<std::is_const_v<F>, const std::byte, std::byte>;
  using element_type = F;
  using value_type = std::remove_const_t<F>;
  using iterator = packed_iterator<F>;
  using const_iterator = packed_iterator<const value_type>;
  using reference = typename iterator::reference;
  static constexpr int bit_count = value_type::bit_count;

  constexpr packed_span() noexcept = default;

  /// The `count` elements that fill `bytes`.
  ///
  /// Throws: error unless `bytes` has packed_size_bytes(count, F::bit_count) bytes.
  constexpr packed_span(std::span<byte_type> bytes, std::size_t count)
      : bytes_(bytes.data()), count_(count) {
    const std::size_t needed = packed_size_bytes(count, bit_count);
    if (bytes.size() != needed) {
      BINADE_THROW(error{"packed_span: " + std::to_string(bytes.size()) + " bytes for " +
                         std::to_string(count) + " elements of " + std::to_string(bit_count) +
                         " bits; needed are exactly " + std::to_string(needed)});
    }
  }

  /// A packed_span<F> is one of const F.
  template <class G>
    requires(std::is_const_v<F> && std::same_as<G, value_type>)
  constexpr packed_span(const packed_span<G>& other) noexcept
      : bytes_(other.bytes_), first_(other.first_), count_(other.count_) {}

  [[nodiscard]] constexpr std::size_t size() const noexcept { return count_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return count_ == 0; }

  [[nodiscard]] constexpr iterator begin() const noexcept {
    return iterator(bytes_, static_cast<std::ptrdiff_t>(first_));
  }
  [[nodiscard]] constexpr iterator end() const noexcept {
    return iterator(bytes_, static_cast<std::ptrdiff_t>(first_ + count_));
  }
  [[nodiscard]] constexpr const_iterator cbegin() const noexcept { return begin(); }
  [[nodiscard]] constexpr const_iterator cend() const noexcept { return end(); }

  /// Element i. Unchecked.
  [[nodiscard]] constexpr reference operator[](std::size_t i) const noexcept {
    return begin()[static_cast<std::ptrdiff_t>(i)];
  }
  /// Element i.
  ///
  /// Throws: error unless i < size().
  [[nodiscard]] constexpr reference at(std::size_t i) const {
    if (i >= count_) {
      BINADE_THROW(error{"at: no element " + std::to_string(i) + " in a packed_span of " +
                         std::to_string(count_)});
    }
    return (*this)[i];
  }

  /// Elements [first, first + count), which need not begin at a byte.
  ///
  /// Throws: error unless they are elements of this span.
  [[nodiscard]] constexpr packed_span subspan(std::size_t first, std::size_t count) const {
    if (first > count_ || count > count_ - first) {
      BINADE_THROW(error{"subspan: " + std::to_string(count) + " elements from " +
                         std::to_string(first) + " of a packed_span of " + std::to_string(count_) +
                         "; they must lie inside"});
    }
    packed_span part = *this;
    part.first_ += first;
    part.count_ = count;
    return part;
  }

 private:
  template <class G>
    requires format<std::remove_const_t<G>>
  friend class packed_span;

  byte_type* bytes_ = nullptr;
  std::size_t first_ = 0;  // slot of element 0
  std::size_t count_ = 0;
};

}  // namespace binade::inline v0

// Iterators of a packed_span outlive it.
template <class F>
inline constexpr bool std::ranges::enable_borrowed_range<binade::packed_span<F>> = true;

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // low_mask
#include "binade/core/error.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

// Codes of 1 to 32 bits and the bytes that hold them without gaps.

namespace binade::inline v0 {

/// Orders of the codes in packed bytes. A layout says in which slot element i lies, where slot s
/// is bits [s * bits, (s + 1) * bits) of the bytes as one little-endian integer.
namespace packing {

/// Element i in slot i: the low nibble first, four 6-bit codes in three bytes. The library's own
/// order, and that of every tensor file but those below.
struct bit_stream {
  [[nodiscard]] BINADE_HD constexpr std::size_t slot(std::size_t i) const noexcept { return i; }
};

/// Of the two 4-bit codes in a byte, the first lies in the high nibble. Source: bitsandbytes.
struct high_nibble_first {
  [[nodiscard]] BINADE_HD constexpr std::size_t slot(std::size_t i) const noexcept { return i ^ 1; }
};

/// 4-bit codes in blocks: byte j of a block holds element j in its low nibble and element
/// j + block / 2 in its high one. Source: ggml (blocks of 32 in MXFP4, of 16 in NVFP4).
struct split_halves {
  std::size_t block = 32;  ///< elements, an even number

  [[nodiscard]] BINADE_HD constexpr std::size_t slot(std::size_t i) const noexcept {
    const std::size_t j = i % block;
    const std::size_t half = block / 2;
    return i - j + (j < half ? 2 * j : 2 * (j - half) + 1);
  }
};

}  // namespace packing

/// One of the layouts above.
template <class L>
concept packing_layout =
    std::same_as<L, packing::bit_stream> || std::same_as<L, packing::high_nibble_first> ||
    std::same_as<L, packing::split_halves>;

/// What codes are unpacked to.
template <class T>
concept code_integer = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
                       std::same_as<T, std::uint32_t>;

/// A span, vector or array of them.
template <class List>
concept code_list = requires(List& codes) {
  requires code_integer<typename decltype(std::span(codes))::value_type>;
};

/// Number of bytes that `count` codes of `bits` bits take; the last one may be partly empty.
///
/// Throws: error unless 1 <= bits <= 32, or if the result does not fit.
[[nodiscard]] constexpr std::size_t packed_size_bytes(std::size_t count, int bits) {
  if (bits < 1 || bits > 32) {
    BINADE_THROW(error{"packed_size_bytes: codes of " + std::to_string(bits) +
                       " bits; allowed are 1 to 32"});
  }
  const auto width = static_cast<std::size_t>(bits);
  // Eight codes take `bits` bytes.
  if (count / 8 > (std::numeric_limits<std::size_t>::max() - 32) / width) {
    BINADE_THROW(error{"packed_size_bytes: " + std::to_string(count) + " codes of " +
                       std::to_string(bits) + " bits; their size in bytes must fit in size_t"});
  }
  return count / 8 * width + (count % 8 * width + 7) / 8;
}

/// The code in slot `slot` of packed bytes. Unchecked: needs 1 <= bits <= 32.
///
/// It reads the bytes that hold the code and no other. With a constant `bits` a code that cannot
/// straddle bytes costs one load.
[[nodiscard]] BINADE_HD constexpr std::uint32_t read_code(const std::byte* bytes, std::size_t slot,
                                                          int bits) noexcept {
  const std::size_t position = slot * static_cast<std::size_t>(bits);
  const std::byte* byte = bytes + position / 8;
  const int shift = static_cast<int>(position % 8);
  std::uint64_t window = static_cast<std::uint64_t>(*byte);
  for (int have = 8; have < shift + bits; have += 8) {
    window |= static_cast<std::uint64_t>(*++byte) << have;
  }
  return static_cast<std::uint32_t>(window >> shift & low_mask(bits));
}

/// Puts the low `bits` bits of `code` into slot `slot` of packed bytes. Unchecked: needs
/// 1 <= bits <= 32.
///
/// It reads and writes the bytes that hold the slot and no other, and keeps their other bits; so
/// two threads may write at the same time only where the slots share no byte.
BINADE_HD constexpr void write_code(std::byte* bytes, std::size_t slot, int bits,
                                    std::uint32_t code) noexcept {
  const std::size_t position = slot * static_cast<std::size_t>(bits);
  std::byte* byte = bytes + position / 8;
  const int shift = static_cast<int>(position % 8);
  const std::uint64_t mask = low_mask(bits) << shift;
  const std::uint64_t window = static_cast<std::uint64_t>(code) << shift & mask;
  *byte = static_cast<std::byte>((static_cast<std::uint64_t>(*byte) & ~mask) | (window & 0xff));
  for (int done = 8; done < shift + bits; done += 8) {
    ++byte;
    const std::uint64_t kept = static_cast<std::uint64_t>(*byte) & ~(mask >> done);
    *byte = static_cast<std::byte>(kept | (window >> done & 0xff));
  }
}

namespace detail {

/// Throws: error if the layout cannot hold `count` codes of `bits` bits, or the size is not theirs.
template <packing_layout Layout>
void check_packing(const char* function, std::size_t count, int bits, std::size_t size,
                   const Layout& layout) {
  const std::size_t needed = packed_size_bytes(count, bits);
  if (size != needed) {
    BINADE_THROW(error{std::string(function) + ": " + std::to_string(size) + " bytes for " +
                       std::to_string(count) + " codes of " + std::to_string(bits) +
                       " bits; needed are exactly " + std::to_string(needed)});
  }
  if constexpr (!std::same_as<Layout, packing::bit_stream>) {
    if (bits != 4) {
      BINADE_THROW(error{std::string(function) + ": a nibble layout for codes of " +
                         std::to_string(bits) + " bits; it allows 4 only"});
    }
  }
  if constexpr (std::same_as<Layout, packing::split_halves>) {
    if (layout.block == 0 || layout.block % 2 != 0 || count % layout.block != 0) {
      BINADE_THROW(error{std::string(function) + ": split_halves with block " +
                         std::to_string(layout.block) + " for " + std::to_string(count) +
                         " codes; the block must be even and divide their number"});
    }
  }
}

/// Throws: error if the two pieces of memory share a byte.
inline void check_apart(const char* function, std::span<const std::byte> a,
                        std::span<const std::byte> b) {
  const auto address = [](const std::byte* p) { return reinterpret_cast<std::uintptr_t>(p); };
  if (!a.empty() && !b.empty() && address(a.data()) < address(b.data() + b.size()) &&
      address(b.data()) < address(a.data() + a.size())) {
    BINADE_THROW(error{std::string(function) + ": source and destination overlap; they must not"});
  }
}

}  // namespace detail

/// Writes codes into bytes.
///
/// Shapes: out has packed_size_bytes(codes.size(), bits) bytes.
/// Post:   bits of `out` after the last code are 0.
/// Throws: error, before it writes, if `bits` is not 1 to 32, a size is wrong, a code has more than
///         `bits` bits, the layout does not allow the width or count, or the memories overlap.
template <code_list Codes, packing_layout Layout = packing::bit_stream>
void pack(const Codes& codes, int bits, std::span<std::byte> out, const Layout& layout = {}) {
  const std::span values(codes);
  detail::check_packing("pack", values.size(), bits, out.size(), layout);
  detail::check_apart("pack", std::as_bytes(values), out);
  std::uint32_t all = 0;
  for (const auto code : values) all |= code;
  if ((all & ~low_mask(bits)) != 0) {
    std::size_t i = 0;
    while ((values[i] & ~low_mask(bits)) == 0) ++i;
    BINADE_THROW(error{"pack: code " + std::to_string(values[i]) + " of element " +
                       std::to_string(i) + "; codes of " + std::to_string(bits) +
                       " bits are at most " + std::to_string(low_mask(bits))});
  }
  if constexpr (std::same_as<Layout, packing::bit_stream>) {
    std::uint64_t window = 0;
    int have = 0;
    std::size_t byte = 0;
    for (const auto code : values) {
      window |= static_cast<std::uint64_t>(code) << have;
      for (have += bits; have >= 8; have -= 8, window >>= 8) {
        out[byte++] = static_cast<std::byte>(window & 0xff);
      }
    }
    if (have > 0) out[byte] = static_cast<std::byte>(window);
  } else {
    std::fill(out.begin(), out.end(), std::byte{0});
    for (std::size_t i = 0; i < values.size(); ++i) {
      write_code(out.data(), layout.slot(i), bits, values[i]);
    }
  }
}

/// Reads codes from bytes.
///
/// Shapes: bytes has packed_size_bytes(codes.size(), bits) bytes.
/// Throws: error, before it writes, if `bits` is not 1 to 32 or more than a code holds, a size is
///         wrong, the layout does not allow the width or count, or the memories overlap.
template <code_list Codes, packing_layout Layout = packing::bit_stream>
void unpack(std::span<const std::byte> bytes, int bits, Codes&& codes, const Layout& layout = {}) {
  const std::span values(codes);
  using code_type = typename decltype(values)::element_type;
  detail::check_packing("unpack", values.size(), bits, bytes.size(), layout);
  detail::check_apart("unpack", bytes, std::as_bytes(values));
  if (bits > static_cast<int>(8 * sizeof(code_type))) {
    BINADE_THROW(error{"unpack: codes of " + std::to_string(bits) + " bits into integers of " +
                       std::to_string(8 * sizeof(code_type)) + "; these must hold them"});
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<code_type>(read_code(bytes.data(), layout.slot(i), bits));
  }
}

/// Copies `count` codes from one layout to another.
///
/// Shapes: both have packed_size_bytes(count, bits) bytes.
/// Post:   bits of `out` after the last code are 0.
/// Throws: error, before it writes, if a size is wrong, a layout does not allow the width or count,
///         or the memories overlap.
template <packing_layout From, packing_layout To>
void repack(std::span<const std::byte> bytes, const From& from, std::span<std::byte> out,
            const To& to, std::size_t count, int bits) {
  detail::check_packing("repack", count, bits, bytes.size(), from);
  detail::check_packing("repack", count, bits, out.size(), to);
  detail::check_apart("repack", bytes, out);
  std::fill(out.begin(), out.end(), std::byte{0});
  for (std::size_t i = 0; i < count; ++i) {
    write_code(out.data(), to.slot(i), bits, read_code(bytes.data(), from.slot(i), bits));
  }
}

}  // namespace binade::inline v0

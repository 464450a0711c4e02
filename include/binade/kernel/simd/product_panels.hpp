// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"  // bit_cast
#include "binade/kernel/reference/operand.hpp"
#include "binade/kernel/simd/product_rows.hpp"
#include "binade/kernel/simd/quantize_targets.hpp"  // decode_scaled_run

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>
#include <vector>

// Rows of an operand side by side, in the order in which the tiles of gemm read them.

namespace binade::inline v0::simd {

/// Memory in whole cache lines whose elements begin without a value.
template <class T>
struct line_allocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  line_allocator() noexcept = default;
  template <class U>
  explicit line_allocator(const line_allocator<U>&) noexcept {}
  [[nodiscard]] T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
      BINADE_THROW(error{"gemm: the operands are too large for this machine's memory"});
    }
    return static_cast<T*>(::operator new(n * sizeof(T), line));
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, line); }
  template <class U>
  void construct(U* p) noexcept {
    ::new (static_cast<void*>(p)) U;
  }
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
  }
  friend bool operator==(line_allocator, line_allocator) noexcept { return true; }
};
template <class T>
using line_vector = std::vector<T, line_allocator<T>>;

/// How both operands of an integer product are laid out.
struct integer_layout {
  bool bytes;         ///< units of four bytes; else of two words
  int bias;           ///< added to the bytes of one side, which are unsigned
  std::size_t units;  ///< of a block, whose last one may be filled up with zeros

  [[nodiscard]] std::size_t unit_elements() const noexcept { return bytes ? 4 : 2; }
};

/// The layout for these integers in blocks of `block`, those of `biased` being the unsigned side,
/// if sums of 32 bits hold them.
[[nodiscard]] inline std::optional<integer_layout> choose_layout(const integer_codes& other,
                                                                 const integer_codes& biased,
                                                                 std::size_t block,
                                                                 int byte_pair_limit) noexcept {
  constexpr std::uint64_t limit = std::uint64_t{1} << 31;
  const auto fits = [block](std::uint64_t a, std::uint64_t b) {
    return a == 0 || b == 0 || block + 4 <= (limit - 1) / (a * b);
  };
  integer_layout layout{};
  layout.bias = -biased.least;
  const int largest = biased.largest - biased.least;
  layout.bytes = largest <= 255 && other.least >= -128 && other.largest <= 127 &&
                 2 * largest * other.magnitude() <= byte_pair_limit;
  if (!layout.bytes) layout.bias = 0;
  layout.units = (block + layout.unit_elements() - 1) / layout.unit_elements();
  const auto reached = static_cast<std::uint64_t>(layout.bytes ? largest : biased.magnitude());
  if (!fits(static_cast<std::uint64_t>(other.magnitude()), reached)) return std::nullopt;
  return layout;
}

/// The bits of scales that are all powers of two and normal numbers, as a range.
struct power_range {
  std::uint32_t least = 0x7f800000;
  std::uint32_t largest = 0;

  [[nodiscard]] static power_range of_one() noexcept { return {0x3f800000, 0x3f800000}; }
  void include(const float* scales, std::size_t n) noexcept {
    if (least == 0) return;
    std::uint32_t others = 0;  // sign and mantissa bits, which are 0
    for (std::size_t i = 0; i < n; ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, scales + i, sizeof bits);
      others |= bits & 0x807fffffU;
      least = std::min(least, bits);
      largest = std::max(largest, bits);
    }
    if (others != 0) least = 0;
  }
  void include(const power_range& other) noexcept {
    least = std::min(least, other.least);
    largest = std::max(largest, other.largest);
  }
  /// Whether the products with scales of another range are normal numbers too.
  [[nodiscard]] bool multiplies(const power_range& other) const noexcept {
    const auto exponent = [](std::uint32_t bits) { return static_cast<int>(bits >> 23); };
    const auto is_normal = [](int e) { return e >= 1 && e <= 254; };
    return is_normal(exponent(least)) && is_normal(exponent(largest)) &&
           is_normal(exponent(other.least)) && is_normal(exponent(other.largest)) &&
           is_normal(exponent(least) + exponent(other.least) - 127) &&
           is_normal(exponent(largest) + exponent(other.largest) - 127);
  }
};

/// Rows of one side of an integer product, side by side.
///
/// Shapes: units[blocks][units][width], scales and corrections [blocks][width].
struct integer_columns {
  std::uint32_t* units;
  float* scales;
  std::uint32_t* corrections;  ///< null: not wanted
};

/// Reads rows of one side of an integer product.
class integer_side {
 public:
  /// `bias` is added to each integer, `other_bias` to each of the other side.
  integer_side(const any_packed_view& packed, int k, const integer_codes& codes, int bias,
               int other_bias, const integer_layout& layout, const product_tiles& tiles)
      : packed_(packed),
        layout_(layout),
        scales_(packed, k),
        other_bias_(other_bias),
        packing_(tiles.packing) {
    const std::uint32_t mask = layout.bytes ? 0xffU : 0xffffU;
    for (std::size_t code = 0; code < 256; ++code) {
      units_[code] =
          static_cast<std::uint16_t>(static_cast<std::uint32_t>(codes.value[code] + bias) & mask);
    }
    nothing_ = static_cast<std::uint32_t>(bias) & mask;
    if (packed.description.layout.cell_length() % layout.unit_elements() == 0) {
      expansion_ = code_expansion(units_, packed.description.element.bit_count(), layout.bytes,
                                  tiles.packing);
    }
  }
  [[nodiscard]] std::size_t blocks() const noexcept {
    return packed_.description.layout.cells_per_row();
  }
  [[nodiscard]] std::size_t row_units() const noexcept { return blocks() * layout_.units; }

  /// Memory that reading takes.
  struct scratch {
    std::vector<std::uint8_t> codes;
    line_vector<std::uint32_t> units;
    std::vector<float> scales;

    scratch(const integer_side& side, std::size_t width)
        : codes(side.packed_.description.layout.row_length()),
          units(side.row_units() * width),
          scales(side.blocks() * width) {}
  };
  /// Puts rows [first, first + count) side by side; what stands in the columns from `count` to
  /// `width` is of no meaning. Adds the scales to `powers`.
  void read(std::size_t first, std::size_t count, std::size_t width, const integer_columns& out,
            power_range& powers, scratch& s) const noexcept {
    std::fill(s.units.begin() + static_cast<std::ptrdiff_t>(count * row_units()), s.units.end(),
              0U);
    for (std::size_t r = 0; r < count; ++r) {
      read_units(first + r, s.codes.data(), s.units.data() + r * row_units());
      scales_.read(first + r, s.scales.data() + r * blocks());
    }
    powers.include(s.scales.data(), count * blocks());
    packing_.interleave(s.units.data(), row_units(), width, out.units);
    packing_.interleave(s.scales.data(), blocks(), width, out.scales);
    if (out.corrections != nullptr && layout_.bytes) {
      packing_.correct(out.units, blocks(), layout_.units, static_cast<std::uint32_t>(other_bias_),
                       out.corrections);
    }
  }

 private:
  /// Writes the units of a row.
  void read_units(std::size_t row, std::uint8_t* codes, std::uint32_t* out) const noexcept {
    const packed_layout& layout = packed_.description.layout;
    const std::size_t n = layout.row_length();
    const std::size_t block = layout.cell_length();
    if (expansion_.expand != nullptr) {
      auto* bytes = reinterpret_cast<std::byte*>(out);
      expansion_.expand(expansion_.values, packed_.codes.data() + row * layout.row_bytes(), n,
                        bytes);
      const std::size_t each = 4 / layout_.unit_elements();
      for (std::size_t k = n; k < blocks() * block; ++k) {
        std::memcpy(bytes + k * each, &nothing_, each);
      }
      return;
    }
    read_codes(packed_, row, codes);
    const unsigned bits = layout_.bytes ? 8 : 16;
    for (std::size_t begin = 0; begin < n; begin += block) {
      const std::size_t end = std::min(begin + block, n);
      std::size_t k = begin;
      for (std::size_t unit = 0; unit < layout_.units; ++unit, ++out) {
        std::uint32_t packed = 0;
        for (unsigned shift = 0; shift < 32; shift += bits, ++k) {
          packed |= (k < end ? std::uint32_t{units_[codes[k]]} : nothing_) << shift;
        }
        *out = packed;
      }
    }
  }

  const any_packed_view& packed_;
  integer_layout layout_;
  block_scales scales_;
  int other_bias_;
  const product_packing& packing_;
  std::uint32_t nothing_ = 0;
  std::uint16_t units_[256];
  code_expansion expansion_;
};

/// The decoder of a target.
[[nodiscard]] inline decltype(&portable::blocks::decode_scaled_run) run_decoder_for(
    [[maybe_unused]] target t) noexcept {
#if BINADE_ARCH_X86_64
  if (t == target::avx512) return avx512::blocks::decode_scaled_run;
  if (t == target::avx2) return avx2::blocks::decode_scaled_run;
#endif
  return portable::blocks::decode_scaled_run;
}

/// Reads rows of an operand as floats.
class float_side {
 public:
  float_side(const operand& o, const product_tiles& tiles)
      : coded_(o),
        decoded_(o),
        length_(o.shape().extent(1)),
        cells_(o.packed() ? o.packed()->description.layout.cells_per_row() : 0),
        packing_(tiles.packing),
        decode_(run_decoder_for(tiles.compiled_for)) {}

  /// Memory that reading takes.
  struct scratch {
    std::vector<std::uint8_t> codes;
    std::vector<float> scales;
    line_vector<float> rows;

    scratch(const float_side& side, std::size_t width)
        : codes(side.length_), scales(side.cells_ + 4), rows(side.length_ * width) {}
  };
  /// Puts rows [first, first + count) side by side: out[length][width], where what stands in the
  /// columns from `count` on is of no meaning. Needs an fp_environment_guard.
  void read(std::size_t first, std::size_t count, std::size_t width, float* out, scratch& s) const {
    std::fill(s.rows.begin() + static_cast<std::ptrdiff_t>(count * length_), s.rows.end(), 0.0F);
    for (std::size_t r = 0; r < count; ++r) {
      float* row = s.rows.data() + r * length_;
      if (coded_.serves()) {
        const auto [codes, run] = coded_.decoding(first + r, s.scales.data());
        decode_(codes, row, length_, coded_.bits(), run);
      } else {
        decoded_.read(first + r, row, s.codes.data());
      }
    }
    packing_.interleave(s.rows.data(), length_, width, out);
  }

 private:
  code_rows coded_;
  float_rows decoded_;
  std::size_t length_;
  std::size_t cells_;
  const product_packing& packing_;
  decltype(&portable::blocks::decode_scaled_run) decode_;
};

}  // namespace binade::inline v0::simd

// SPDX-License-Identifier: MIT

// Included once per target with vectors, inside its region and namespace, after product_tile.inl:
// what puts rows into panels. The region defines, over its vectors of bytes,
//   codes<Bits>(p)              the next codes, one a byte, of Bits = 4, 6 or 8
//   code_table                  64 bytes by the lower 6 bits of a code
//   flip, zip                   exclusive or; bytes of two vectors in turn, in two vectors
//   transpose(v), store_first   lanes x lanes units; the first n units of a vector

/// out[k][width] = rows[width][length], in units of four bytes.
inline void interleave(const void* rows, std::size_t length, std::size_t width,
                       void* out) noexcept {
  const auto* from = static_cast<const std::uint32_t*>(rows);
  auto* to = static_cast<std::uint32_t*>(out);
  const std::size_t whole = length / lanes * lanes;
  for (std::size_t k = 0; k < whole; k += lanes) {
    for (std::size_t first = 0; first < width; first += lanes) {
      const std::size_t n = width - first < lanes ? width - first : lanes;
      ivec v[lanes];
      BINADE_UNROLL(16)
      for (std::size_t r = 0; r < lanes; ++r) {
        v[r] = load_units(from + (first + (r < n ? r : 0)) * length + k);
      }
      transpose(v);
      BINADE_UNROLL(16)
      for (std::size_t j = 0; j < lanes; ++j) store_first(to + (k + j) * width + first, n, v[j]);
    }
  }
  for (std::size_t k = whole; k < length; ++k) {
    for (std::size_t r = 0; r < width; ++r) {
      std::memcpy(to + k * width + r, from + r * length + k, sizeof *to);
    }
  }
}

/// corrections[block][j] = -(sum of the bytes of panel[block][units][j] times `bias`), for a panel
/// of whole width.
inline void correct(const std::uint32_t* panel, std::size_t blocks, std::size_t units,
                    std::uint32_t bias, std::uint32_t* corrections) noexcept {
  const ivec biases = broadcast_unit(bias * 0x01010101U);
  for (std::size_t block = 0; block < blocks; ++block, corrections += 2 * lanes) {
    ivec sum[2] = {broadcast_unit(0), broadcast_unit(0)};
    for (std::size_t unit = 0; unit < units; ++unit, panel += 2 * lanes) {
      sum[0] = add_bytes(sum[0], biases, load_units(panel));
      sum[1] = add_bytes(sum[1], biases, load_units(panel + lanes));
    }
    store_first(corrections, lanes, negate(sum[0]));
    store_first(corrections + lanes, lanes, negate(sum[1]));
  }
}

/// out[i] = what code i stands for, for n codes: a byte or, with `Words`, a word.
template <int Bits, bool Words>
void expand_codes(const code_values& values, const std::byte* in, std::size_t n,
                  std::byte* out) noexcept {
  constexpr std::size_t step = 4 * lanes;
  constexpr std::size_t step_bytes = step * Bits / 8;
  constexpr std::size_t each = Words ? 2 : 1;
  const code_table low(values.low);
  const code_table high(values.high);
  const ivec flipped = broadcast_unit(values.flip * 0x01010101U);
  const auto expand = [&](const std::byte* from, std::byte* to) {
    const ivec c = codes<Bits>(from);
    if constexpr (!Words) {
      store_bytes(to, Bits == 8 ? flip(c, flipped) : low(c));
    } else {
      ivec pair[2] = {Bits == 8 ? c : low(c), Bits == 8 ? signs(c) : high(c)};
      zip(pair);
      store_bytes(to, pair[0]);
      store_bytes(to + 4 * lanes, pair[1]);
    }
  };
  // A vector is loaded whole, so that the last codes go through a buffer, as does the rest.
  std::size_t i = 0;
  for (; i + 2 * step <= n; i += step, in += step_bytes, out += step * each) expand(in, out);
  while (i < n) {
    const std::size_t count = n - i < step ? n - i : step;
    std::byte codes_left[4 * lanes] = {};
    std::byte expanded[step * each];
    std::memcpy(codes_left, in, (count * Bits + 7) / 8);
    expand(codes_left, expanded);
    std::memcpy(out, expanded, count * each);
    i += count;
    in += step_bytes;
    out += step * each;
  }
}

inline constexpr product_packing packing{
    interleave,
    correct,
    {{expand_codes<4, false>, expand_codes<6, false>, expand_codes<8, false>},
     {expand_codes<4, true>, expand_codes<6, true>, expand_codes<8, true>}}};

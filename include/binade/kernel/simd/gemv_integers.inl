// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of its products.
// Rows of w, a few at a time, times one vector x. Sums of blocks run in lanes, one block a lane.

/// Sums of the products of `lanes` blocks of a few rows, each a block a lane. A block takes
/// `Merged` lanes, or `repeat` times all lanes. Unless `Whole`, the rows may end before the blocks
/// do.
template <row_storage Storage, std::size_t Merged, bool Whole>
class block_group {
 public:
  static constexpr std::size_t x_units = Storage == row_storage::nibbles ? 2 * lanes : lanes;

  BINADE_ALWAYS_INLINE block_group(const row_multiplier<Storage>& multiplier,
                                   const last_merge<Merged>& last, std::size_t repeat) noexcept
      : multiplier_(multiplier), last_(last), repeat_(Merged == lanes ? repeat : 1) {}

  /// The blocks begin where `rows` point, `left` bytes before the ends of these rows.
  BINADE_ALWAYS_INLINE void sum(const std::byte* const (&rows)[rows_at_once],
                                const std::uint32_t* x, std::size_t left, std::size_t ahead,
                                ivec (&out)[rows_at_once]) const noexcept {
    sum_of<Merged>(rows, x, left, ahead, 0, out);
  }

 private:
  template <std::size_t Count>
  BINADE_ALWAYS_INLINE void sum_of(const std::byte* const (&rows)[rows_at_once],
                                   const std::uint32_t* x, std::size_t left, std::size_t ahead,
                                   std::size_t first, ivec (&out)[rows_at_once]) const noexcept {
    if constexpr (Count == 1) {
      BINADE_UNROLL(4)
      for (ivec& sum : out) sum = broadcast_unit(0);
      for (std::size_t i = first * repeat_; i < (first + 1) * repeat_; ++i) {
        const ivec x0 = load_units(x + i * x_units);
        const ivec x1 = load_units(x + (i + 1) * x_units - lanes);
        const std::size_t at = i * row_width;
        BINADE_UNROLL(4)
        for (std::size_t r = 0; r < rows_at_once; ++r) {
          __builtin_prefetch(rows[r] + at + ahead);
          const ivec w = Whole ? load_bytes(rows[r] + at)
                               : load_bytes(rows[r] + at, left > at ? left - at : 0);
          out[r] = multiplier_.add(out[r], w, x0, x1);
        }
      }
    } else {
      ivec a[rows_at_once];
      ivec b[rows_at_once];
      sum_of<Count / 2>(rows, x, left, ahead, first, a);
      sum_of<Count / 2>(rows, x, left, ahead, first + Count / 2, b);
      BINADE_UNROLL(4)
      for (std::size_t r = 0; r < rows_at_once; ++r) {
        if constexpr (Count == Merged) {
          out[r] = last_(a[r], b[r]);
        } else {
          out[r] = merge<Count>(a[r], b[r]);
        }
      }
    }
  }

  const row_multiplier<Storage>& multiplier_;
  const last_merge<Merged>& last_;
  std::size_t repeat_;
};

/// out[r] = multiplier times the 16 partial sums, folded by halves, of
///   p[b mod 16] = fma(float(i), x_scale * w_scale, p[b mod 16])
/// for blocks b ascending, from +0, where i is the block's sum of integer products.
template <row_storage Storage, std::size_t Merged>
void multiply_rows(const block_rows& request) noexcept {
  const block_rows t = request;
  constexpr std::size_t parts = 16 / lanes;
  const row_multiplier<Storage> multiplier(t);
  const last_merge<Merged> last;
  const std::size_t repeat = (t.block_lanes + lanes - 1) / lanes;
  const std::size_t step = row_width * Merged * (Merged == lanes ? repeat : 1);
  const std::size_t x_step = step / row_width * block_group<Storage, Merged, true>::x_units;
  const block_group<Storage, Merged, true> whole(multiplier, last, repeat);
  const block_group<Storage, Merged, false> partial(multiplier, last, repeat);
  for (std::size_t row = 0; row < t.row_count; row += rows_at_once) {
    const std::byte* rows[rows_at_once];
    const float* w_scales[rows_at_once];
    fvec total[rows_at_once][parts];
    BINADE_UNROLL(4)
    for (std::size_t r = 0; r < rows_at_once; ++r) {
      const std::size_t i = row + r < t.row_count ? row + r : row;  // one is read again
      rows[r] = t.rows + i * t.row_bytes;
      w_scales[r] = t.w_scales + i * t.blocks;
      BINADE_UNROLL(2)
      for (fvec& sum : total[r]) sum = zero();
    }
    const std::uint32_t* x = t.x;
    std::size_t left = t.row_bytes;
    for (std::size_t block = 0; block < t.blocks; block += 16) {
      BINADE_UNROLL(2)
      for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t begin = block + part * lanes;
        const fvec x_scale = load_floats(t.x_scales + begin);
        const ivec correction = load_units(t.corrections + begin);
        const bool is_whole = begin + lanes <= t.blocks;
        ivec sums[rows_at_once];
        if (is_whole) {
          whole.sum(rows, x, left, t.ahead, sums);
        } else {
          partial.sum(rows, x, left, t.ahead, sums);
        }
        BINADE_UNROLL(4)
        for (std::size_t r = 0; r < rows_at_once; ++r) {
          const fvec w_scale = is_whole
                                   ? load_floats(w_scales[r] + begin)
                                   : load_floats_then_ones(w_scales[r] + begin,
                                                           t.blocks > begin ? t.blocks - begin : 0);
          total[r][part] =
              fma(to_float(add(sums[r], correction)), multiply(x_scale, w_scale), total[r][part]);
          rows[r] += step;
        }
        x += x_step;
        left = left > step ? left - step : 0;
      }
    }
    for (std::size_t r = 0; r < rows_at_once && row + r < t.row_count; ++r) {
      fold(total[r], t.multiplier, t.out + row + r);
    }
  }
}

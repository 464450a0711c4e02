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

/// The scales of w's rows, `lanes` in the order of the lanes: floats, or codes that become floats
/// by a shift.
template <class Order, bool Coded>
class row_scales;
template <class Order>
class row_scales<Order, false> {
 public:
  explicit row_scales(const block_rows& t) noexcept : t_(t) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE fvec load(std::size_t i) const noexcept {
    return order_.arrange(load_floats(t_.w_scales + i));
  }
  /// At most n, then ones.
  [[nodiscard]] fvec load(std::size_t i, std::size_t n) const noexcept {
    return order_.arrange(load_floats_then_ones(t_.w_scales + i, n));
  }

 private:
  const block_rows& t_;
  Order order_;
};
template <class Order>
class row_scales<Order, true> {
 public:
  explicit row_scales(const block_rows& t) noexcept
      : t_(t), shift_(broadcast_unit(t.scale_shift)) {}
  [[nodiscard]] BINADE_ALWAYS_INLINE fvec load(std::size_t i) const noexcept {
    return as_floats(shift_left(order_.widen_bytes(t_.w_scale_codes + i), shift_));
  }
  /// At most n, then zeros.
  [[nodiscard]] fvec load(std::size_t i, std::size_t n) const noexcept {
    std::byte codes[lanes] = {};
    std::memcpy(codes, t_.w_scale_codes + i, n < lanes ? n : lanes);
    return as_floats(shift_left(order_.widen_bytes(codes), shift_));
  }

 private:
  const block_rows& t_;
  Order order_;
  ivec shift_;
};

/// A few rows while they are multiplied.
struct row_cursor {
  const std::byte* rows[rows_at_once];
  std::size_t scales[rows_at_once];  ///< index of the first
  const std::uint32_t* x;
  std::size_t block = 0;

  BINADE_ALWAYS_INLINE row_cursor(const block_rows& t, std::size_t first) noexcept : x(t.x) {
    BINADE_UNROLL(4)
    for (std::size_t r = 0; r < rows_at_once; ++r) {
      const std::size_t row = first + r < t.row_count ? first + r : first;  // one is read again
      rows[r] = t.rows + row * t.row_bytes;
      scales[r] = row * t.blocks;
    }
  }
};

/// Sums of the products of `lanes` blocks of a few rows as those of block_group, but by lanes from
/// the beginning: the vectors of w are transposed first.
template <row_storage Storage, std::size_t Merged, bool Whole>
class transposed_group {
 public:
  static constexpr std::size_t x_units = 2 * lanes;

  BINADE_ALWAYS_INLINE explicit transposed_group(const row_multiplier<Storage>& multiplier) noexcept
      : multiplier_(multiplier) {}

  /// Adds to `out`.
  BINADE_ALWAYS_INLINE void add(const std::byte* const (&rows)[rows_at_once],
                                const std::uint32_t* x, std::size_t left, std::size_t ahead,
                                ivec (&out)[rows_at_once]) const noexcept {
    ivec w[rows_at_once][Merged];
    BINADE_UNROLL(4)
    for (std::size_t r = 0; r < rows_at_once; ++r) {
      BINADE_UNROLL(4)
      for (std::size_t i = 0; i < Merged; ++i) {
        const std::size_t at = i * row_width;
        if (Whole) __builtin_prefetch(rows[r] + at + ahead);
        w[r][i] =
            Whole ? load_bytes(rows[r] + at) : load_bytes(rows[r] + at, left > at ? left - at : 0);
      }
      transpose(w[r]);
    }
    BINADE_UNROLL(4)
    for (std::size_t i = 0; i < Merged; ++i) {
      const ivec x0 = load_units(x + i * x_units);
      const ivec x1 = load_units(x + i * x_units + lanes);
      BINADE_UNROLL(4)
      for (std::size_t r = 0; r < rows_at_once; ++r) {
        out[r] = multiplier_.add(out[r], w[r][i], x0, x1);
      }
    }
  }

 private:
  const row_multiplier<Storage>& multiplier_;
};

/// Sums in lanes of the products of rows by blocks.
template <row_storage Storage, std::size_t Merged, bool Coded>
class row_products {
 public:
  using order = lane_order<Storage, Merged>;

  BINADE_ALWAYS_INLINE explicit row_products(const block_rows& t) noexcept
      : t_(t),
        multiplier_(t),
        scales_(t),
        repeat_(Merged == lanes ? (t.block_lanes + lanes - 1) / lanes : 1) {}

  /// Adds to the sums of some rows their next `lanes` blocks. Unless `Whole`, the rows may end
  /// before these blocks do.
  template <bool Whole>
  BINADE_ALWAYS_INLINE void add(row_cursor& c, fvec* const (&total)[rows_at_once]) const noexcept {
    using group = block_group<Storage, Merged, Whole>;
    const std::size_t vectors = Merged * repeat_;
    const std::size_t done = c.block / lanes * vectors * row_width;
    const std::size_t left = Whole || t_.row_bytes < done ? 0 : t_.row_bytes - done;
    const ivec correction = load_units(t_.corrections + c.block);
    ivec sums[rows_at_once];
    if constexpr (order::is_transposed) {
      BINADE_UNROLL(4)
      for (ivec& sum : sums) sum = correction;
      transposed_group<Storage, Merged, Whole>(multiplier_).add(c.rows, c.x, left, t_.ahead, sums);
    } else {
      group(multiplier_, last_, repeat_).sum(c.rows, c.x, left, t_.ahead, sums);
      BINADE_UNROLL(4)
      for (ivec& sum : sums) sum = add_units(sum, correction);
    }
    const fvec x_scale = load_floats(t_.x_scales + c.block);
    BINADE_UNROLL(4)
    for (std::size_t r = 0; r < rows_at_once; ++r) {
      const std::size_t i = c.scales[r] + c.block;
      const std::size_t rest = t_.blocks > c.block ? t_.blocks - c.block : 0;
      const fvec w_scale = Whole ? scales_.load(i) : scales_.load(i, rest);
      *total[r] = fma(to_float(sums[r]), multiply(x_scale, w_scale), *total[r]);
      c.rows[r] += vectors * row_width;
    }
    c.x += vectors * group::x_units;
    c.block += lanes;
  }

 private:
  const block_rows& t_;
  row_multiplier<Storage> multiplier_;
  last_merge<Merged> last_;
  row_scales<order, Coded> scales_;
  std::size_t repeat_;
};

/// The blocks behind the last 16 of some rows, added to their sums.
template <row_storage Storage, std::size_t Merged, bool Coded>
BINADE_NOINLINE void add_rest(const block_rows& t, row_cursor c,
                              fvec (*total)[16 / lanes]) noexcept {
  const row_products<Storage, Merged, Coded> products(t);
  for (std::size_t part = 0; part < 16 / lanes; ++part) {
    fvec* sums[rows_at_once];
    for (std::size_t r = 0; r < rows_at_once; ++r) sums[r] = &total[r][part];
    products.template add<false>(c, sums);
  }
}

/// out[r] = multiplier times the 16 partial sums, folded by halves, of
///   p[b mod 16] = fma(float(i), x_scale * w_scale, p[b mod 16])
/// for blocks b ascending, from +0, where i is the block's sum of integer products.
template <row_storage Storage, std::size_t Merged, bool Coded>
void multiply_rows(const block_rows& request) noexcept {
  const block_rows t = request;
  constexpr std::size_t parts = 16 / lanes;
  const row_products<Storage, Merged, Coded> products(t);
  for (std::size_t row = 0; row < t.row_count; row += rows_at_once) {
    row_cursor c(t, row);
    fvec total[rows_at_once][parts];
    BINADE_UNROLL(4)
    for (auto& sums : total) {
      BINADE_UNROLL(2)
      for (fvec& sum : sums) sum = zero();
    }
    while (c.block + 16 <= t.blocks) {
      BINADE_UNROLL(2)
      for (std::size_t part = 0; part < parts; ++part) {
        fvec* sums[rows_at_once];
        BINADE_UNROLL(4)
        for (std::size_t r = 0; r < rows_at_once; ++r) sums[r] = &total[r][part];
        products.template add<true>(c, sums);
      }
    }
    if (c.block < t.blocks) {
      fvec sums[rows_at_once][parts];  // a copy, or `total` would live in memory
      std::memcpy(sums, total, sizeof sums);
      add_rest<Storage, Merged, Coded>(t, c, sums);
      std::memcpy(total, sums, sizeof sums);
    }
    for (std::size_t r = 0; r < rows_at_once && row + r < t.row_count; ++r) {
      lane_order<Storage, Merged>().restore(total[r]);
      fold(total[r], t.multiplier, t.out + row + r);
    }
  }
}

/// What stands for rows of bytes where the target has no byte products: never used.
template <row_storage Storage>
inline constexpr row_storage byte_storage = byte_pair_limit != 0 ? Storage : row_storage::words;

template <row_storage Storage, std::size_t Merged, bool Coded>
inline constexpr block_kernel kernel_of{multiply_rows<Storage, Merged, Coded>,
                                        lane_order<Storage, Merged>::lane_of_block};

/// The kernels for floats or codes as scales of w.
template <bool Coded>
inline constexpr block_kernels block_kernels_of{
    {kernel_of<byte_storage<row_storage::nibbles>, 2, Coded>,
     kernel_of<byte_storage<row_storage::nibbles>, 4, Coded>,
     kernel_of<byte_storage<row_storage::nibbles>, 8, Coded>,
     kernel_of<byte_storage<row_storage::nibbles>, lanes, Coded>},
    {kernel_of<byte_storage<row_storage::bytes>, 2, Coded>,
     kernel_of<byte_storage<row_storage::bytes>, 4, Coded>,
     kernel_of<byte_storage<row_storage::bytes>, 8, Coded>,
     kernel_of<byte_storage<row_storage::bytes>, lanes, Coded>},
    {kernel_of<row_storage::words, 2, Coded>, kernel_of<row_storage::words, 4, Coded>,
     kernel_of<row_storage::words, 8, Coded>, kernel_of<row_storage::words, lanes, Coded>}};

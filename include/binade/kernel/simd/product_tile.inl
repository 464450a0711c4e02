// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define fvec, ivec, lanes and the
// operations on them. A tile is `Rows` rows of x, interleaved, times one panel: 2 * lanes rows of
// w, interleaved.

/// sums[r][j] = fma(x[r][k], w[j][k], sums[r][j]) for k ascending.
template <int Rows>
void multiply_floats(const float_tile& t) noexcept {
  fvec sum[Rows][2];
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    sum[r][0] = load_floats(t.sums + static_cast<std::size_t>(2 * r) * lanes);
    sum[r][1] = load_floats(t.sums + static_cast<std::size_t>(2 * r + 1) * lanes);
  }
  const float* x = t.x;
  const float* w = t.panel;
  for (std::size_t k = 0; k < t.length; ++k, x += Rows, w += 2 * lanes) {
    __builtin_prefetch(x + t.ahead);
    const fvec w0 = load_floats(w);
    const fvec w1 = load_floats(w + lanes);
    BINADE_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      const fvec a = broadcast(x[r]);
      sum[r][0] = fma(a, w0, sum[r][0]);
      sum[r][1] = fma(a, w1, sum[r][1]);
    }
  }
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    store_floats(t.sums + static_cast<std::size_t>(2 * r) * lanes, sum[r][0]);
    store_floats(t.sums + static_cast<std::size_t>(2 * r + 1) * lanes, sum[r][1]);
  }
}

/// sums[r][j] = fma(float(i), x_scale * w_scale, sums[r][j]) for blocks ascending, where i is the
/// block's sum of integer products. `Bytes`: a unit is four bytes (w signed, x with a bias that the
/// corrections take off again), else two words. `Powers`: all scales are powers of two; x's bits
/// lack the exponent's bias, so that the bits of the product are the sum of the factors'.
template <int Rows, bool Bytes, bool Powers>
void multiply_integers(const integer_tile& t) noexcept {
  fvec sum[Rows][2];
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    sum[r][0] = load_floats(t.sums + static_cast<std::size_t>(2 * r) * lanes);
    sum[r][1] = load_floats(t.sums + static_cast<std::size_t>(2 * r + 1) * lanes);
  }
  const std::uint32_t* w = t.panel;
  const std::uint32_t* x = t.x;
  const float* w_scales = t.w_scales;
  const float* x_scales = t.x_scales;
  const std::uint32_t* corrections = t.corrections;
  for (std::size_t block = 0; block < t.blocks; ++block) {
    const ivec first0 = Bytes ? load_units(corrections) : broadcast_unit(0);
    const ivec first1 = Bytes ? load_units(corrections + lanes) : broadcast_unit(0);
    ivec products[Rows][2];
    BINADE_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      products[r][0] = first0;
      products[r][1] = first1;
    }
    for (std::size_t unit = 0; unit < t.units; ++unit, x += Rows, w += 2 * lanes) {
      __builtin_prefetch(x + t.ahead);
      const ivec w0 = load_units(w);
      const ivec w1 = load_units(w + lanes);
      BINADE_UNROLL(16)
      for (int r = 0; r < Rows; ++r) {
        const ivec a = broadcast_unit(x[r]);
        products[r][0] =
            Bytes ? add_bytes(products[r][0], a, w0) : add_words(products[r][0], a, w0);
        products[r][1] =
            Bytes ? add_bytes(products[r][1], a, w1) : add_words(products[r][1], a, w1);
      }
    }
    const fvec scale0 = load_floats(w_scales);
    const fvec scale1 = load_floats(w_scales + lanes);
    BINADE_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      const fvec scale = broadcast(x_scales[r]);
      const fvec both0 = Powers ? add_bits(scale, scale0) : multiply(scale, scale0);
      const fvec both1 = Powers ? add_bits(scale, scale1) : multiply(scale, scale1);
      sum[r][0] = fma(to_float(products[r][0]), both0, sum[r][0]);
      sum[r][1] = fma(to_float(products[r][1]), both1, sum[r][1]);
    }
    w_scales += 2 * lanes;
    x_scales += Rows;
    if (Bytes) corrections += 2 * lanes;
  }
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    store_floats(t.sums + static_cast<std::size_t>(2 * r) * lanes, sum[r][0]);
    store_floats(t.sums + static_cast<std::size_t>(2 * r + 1) * lanes, sum[r][1]);
  }
}

/// out[j] = sums[j] * multiplier, with one NaN for all, for a row of a tile.
inline void finish_row(const float* sums, float multiplier, float* out) noexcept {
  const fvec factor = broadcast(multiplier);
  store_floats(out, one_nan(multiply(load_floats(sums), factor)));
  store_floats(out + lanes, one_nan(multiply(load_floats(sums + lanes), factor)));
}

/// The tiles of a target by their number of rows.
template <bool Bytes, bool Powers>
inline constexpr integer_kernels integer_tiles_of{
    {{integer_rows, multiply_integers<integer_rows, Bytes, Powers>},
     {2, multiply_integers<2, Bytes, Powers>},
     {1, multiply_integers<1, Bytes, Powers>}}};

inline constexpr bool has_bytes = byte_pair_limit != 0;
inline constexpr product_tiles tiles{
    compiled_for,
    2 * lanes,
    byte_pair_limit,
    {{{float_rows, multiply_floats<float_rows>}, {2, multiply_floats<2>}, {1, multiply_floats<1>}}},
    {integer_tiles_of<false, false>, integer_tiles_of<false, true>},
    {integer_tiles_of<has_bytes, false>, integer_tiles_of<has_bytes, true>},
    finish_row,
    packing};

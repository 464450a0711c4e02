// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, which define fvec, ivec, lanes and the
// operations on them. A tile is `Rows` rows of x times one panel: 2 * lanes rows of w, interleaved.

/// out[r][j] = fma(x[r][k], w[j][k], out[r][j]) for k ascending, from +0.
template <int Rows>
void multiply_floats(const float_tile& t) noexcept {
  fvec sum[Rows][2];
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) sum[r][0] = sum[r][1] = zero();
  const float* w = t.panel;
  for (std::size_t k = 0; k < t.length; ++k, w += 2 * lanes) {
    const fvec w0 = load_floats(w);
    const fvec w1 = load_floats(w + lanes);
    BINADE_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      const fvec a = broadcast(t.x[static_cast<std::size_t>(r) * t.x_stride + k]);
      sum[r][0] = fma(a, w0, sum[r][0]);
      sum[r][1] = fma(a, w1, sum[r][1]);
    }
  }
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    store_floats(t.out + static_cast<std::size_t>(2 * r) * lanes, sum[r][0]);
    store_floats(t.out + static_cast<std::size_t>(2 * r + 1) * lanes, sum[r][1]);
  }
}

/// out[r][j] = fma(float(i), x_scale * w_scale, out[r][j]) for blocks ascending, from +0, where i
/// is the block's sum of integer products. `Bytes`: a unit is four bytes (x signed, w with a bias
/// that the corrections take off again), else two words.
template <int Rows, bool Bytes>
void multiply_integers(const integer_tile& t) noexcept {
  fvec sum[Rows][2];
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) sum[r][0] = sum[r][1] = zero();
  const std::uint32_t* w = t.panel;
  const std::uint32_t* x = t.x;
  for (std::size_t block = 0; block < t.blocks; ++block) {
    ivec products[Rows][2];
    BINADE_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      const std::size_t at = static_cast<std::size_t>(r) * t.blocks + block;
      products[r][0] = products[r][1] =
          Bytes ? broadcast_unit(static_cast<std::uint32_t>(t.corrections[at])) : broadcast_unit(0);
    }
    for (std::size_t unit = 0; unit < t.units; ++unit, ++x, w += 2 * lanes) {
      const ivec w0 = load_units(w);
      const ivec w1 = load_units(w + lanes);
      BINADE_UNROLL(16)
      for (int r = 0; r < Rows; ++r) {
        const ivec a = broadcast_unit(x[static_cast<std::size_t>(r) * t.blocks * t.units]);
        products[r][0] =
            Bytes ? add_bytes(products[r][0], w0, a) : add_words(products[r][0], w0, a);
        products[r][1] =
            Bytes ? add_bytes(products[r][1], w1, a) : add_words(products[r][1], w1, a);
      }
    }
    const fvec scale0 = load_floats(t.w_scales + 2 * block * lanes);
    const fvec scale1 = load_floats(t.w_scales + (2 * block + 1) * lanes);
    BINADE_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      const fvec scale = broadcast(t.x_scales[static_cast<std::size_t>(r) * t.blocks + block]);
      sum[r][0] = fma(to_float(products[r][0]), multiply(scale, scale0), sum[r][0]);
      sum[r][1] = fma(to_float(products[r][1]), multiply(scale, scale1), sum[r][1]);
    }
  }
  const fvec factor = broadcast(t.multiplier);
  BINADE_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    BINADE_UNROLL(2)
    for (std::size_t j = 0; j < 2; ++j) {
      store_floats(t.out + (2 * static_cast<std::size_t>(r) + j) * lanes,
                   multiply(sum[r][j], factor));
    }
  }
}

/// The tiles of a target by their number of rows.
inline constexpr product_tiles tiles{
    2 * lanes,
    byte_pair_limit,
    {{float_rows, multiply_floats<float_rows>}, {2, multiply_floats<2>}, {1, multiply_floats<1>}},
    {{integer_rows, multiply_integers<integer_rows, false>},
     {2, multiply_integers<2, false>},
     {1, multiply_integers<1, false>}},
    {{integer_rows, multiply_integers<integer_rows, byte_pair_limit != 0>},
     {2, multiply_integers<2, byte_pair_limit != 0>},
     {1, multiply_integers<1, byte_pair_limit != 0>}}};

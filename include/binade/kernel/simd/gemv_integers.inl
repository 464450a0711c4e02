// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of its products.
// As many rows of w as a vector has lanes times one vector x, so that sums over blocks run in
// lanes.

/// The table's values of t.scale_codes, w_scales[blocks rounded up to 4 * lanes][lanes].
inline void look_up_scales(const scale_columns& t) noexcept {
  const scale_lookup look_up(*t.table);
  const row_pointers rows(t.codes, t.blocks, t.row_count);
  float* out = t.out;
  for (std::size_t at = 0; at < t.blocks; at += row_pointers::width) {
    ivec v[lanes];
    BINADE_UNROLL(16)
    for (std::size_t r = 0; r < lanes; ++r) v[r] = rows.load(r, at, t.blocks - at);
    transpose(v);
    BINADE_UNROLL(16)
    for (std::size_t i = 0; i < lanes; ++i, out += 4 * lanes) look_up.store_four(v[i], out);
  }
}

/// out[r] = fma(float(i), x_scale * w_scale, out[r]) for blocks ascending, from +0, where i is the
/// block's sum of integer products; in the end times the multiplier. Blocks take a multiple of
/// `Merged` lanes, 2, 4 or 8, which are added while rows become columns.
template <row_storage Storage, std::size_t Merged>
void multiply_rows(const block_rows& request) noexcept {
  const block_rows t = request;
  constexpr std::size_t columns = lanes / Merged;
  constexpr std::size_t x_units = Storage == row_storage::nibbles ? 2 * lanes : lanes;
  const row_multiplier<Storage> multiplier(t);
  const row_pointers rows(t.rows, t.row_bytes, t.row_count);
  const std::size_t block_columns = t.block_lanes / Merged;
  fvec total = zero();
  std::size_t block = 0;
  const auto add_block = [&](const ivec& sum) __attribute__((always_inline)) {
    const ivec correction = broadcast_unit(static_cast<std::uint32_t>(t.corrections[block]));
    const fvec w_scale = load_floats(t.w_scales + block * lanes);
    const fvec scale = multiply(broadcast(t.x_scales[block]), w_scale);
    total = fma(to_float(add(sum, correction)), scale, total);
    ++block;
  };
  ivec sum = broadcast_unit(0);  // of the columns of a block that is not complete
  std::size_t summed = 0;
  const auto add_products = [&](std::size_t at, std::size_t left) __attribute__((always_inline)) {
    const std::uint32_t* x = t.x + at / row_pointers::width * x_units;
    const ivec x0 = load_units(x);
    const ivec x1 = load_units(x + (x_units - lanes));
    ivec v[lanes];
    BINADE_UNROLL(16)
    for (std::size_t r = 0; r < lanes; ++r) {
      rows.prefetch(r, at + t.ahead);
      v[r] = multiplier(rows.load(r, at, left), x0, x1);
    }
    add_neighbours<Merged == 2 ? 2 : 4>(v);
    if constexpr (Merged == 8) {
      BINADE_UNROLL(2)
      for (std::size_t i = 0; i < columns; ++i) v[i] = add(v[2 * i], v[2 * i + 1]);
    }
    if (block_columns == 1 && block + columns <= t.blocks) {
      BINADE_UNROLL(8)
      for (std::size_t i = 0; i < columns; ++i) add_block(v[i]);
      return;
    }
    std::uint32_t sums[columns][lanes];
    BINADE_UNROLL(8)
    for (std::size_t i = 0; i < columns; ++i) store_units(sums[i], v[i]);
    for (std::size_t i = 0; i < columns && block < t.blocks; ++i) {
      sum = add(sum, load_units(sums[i]));
      if (++summed < block_columns) continue;
      add_block(sum);
      sum = broadcast_unit(0);
      summed = 0;
    }
  };
  std::size_t at = 0;
  for (; at + row_pointers::width <= t.row_bytes; at += row_pointers::width) {
    add_products(at, row_pointers::width);
  }
  if (at < t.row_bytes) add_products(at, t.row_bytes - at);
  store_floats(t.out, multiply(total, broadcast(t.multiplier)));
}

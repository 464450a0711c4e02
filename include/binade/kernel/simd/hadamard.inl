// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the float primitives: the
// transform of binade/transform/hadamard.hpp.

/// Butterflies between vectors of distance H, 2 H, ..., below Block vectors.
template <std::size_t Block, std::size_t Count, std::size_t H = 1>
BINADE_ALWAYS_INLINE void vector_butterflies(vec (&v)[Count]) noexcept {
  if constexpr (H < Block) {
    BINADE_UNROLL(8)
    for (std::size_t pair = 0; pair < Count / 2; ++pair) {
      const std::size_t i = 2 * pair - pair % H;
      const vec left = v[i];
      v[i] = sum(left, v[i + H]);
      v[i + H] = difference(left, v[i + H]);
    }
    vector_butterflies<Block, Count, 2 * H>(v);
  }
}

/// Count vectors from x to out: the butterflies within blocks of Block vectors, after or before the
/// products with `factors`, those of a block, or without them.
template <hadamard_products Products, std::size_t Block, std::size_t Count>
BINADE_ALWAYS_INLINE void transform_vectors(const float* x, float* out, const vec* factors,
                                            const lane_butterflies& in_lanes,
                                            nan_finder& nans) noexcept {
  vec v[Count];
  BINADE_UNROLL(16)
  for (std::size_t i = 0; i < Count; ++i) {
    v[i] = load(x + i * lanes);
    if constexpr (Products == hadamard_products::first) v[i] = multiply(v[i], factors[i % Block]);
  }
  BINADE_UNROLL(16)
  for (std::size_t i = 0; i < Count; ++i) v[i] = in_lanes(v[i]);
  vector_butterflies<Block>(v);
  BINADE_UNROLL(16)
  for (std::size_t i = 0; i < Count; ++i) {
    if constexpr (Products == hadamard_products::last) v[i] = multiply(v[i], factors[i % Block]);
    store(out + i * lanes, v[i]);
  }
  BINADE_UNROLL(16)
  for (std::size_t i = 0; i < Count; i += 2) nans.look_at(v[i], v[i + (Count > 1 ? 1 : 0)]);
}

/// The rest of a block of Parts groups of held_vectors vectors, in place: the butterflies between
/// groups.
template <hadamard_products Products, std::size_t Parts>
BINADE_ALWAYS_INLINE void transform_parts(float* out, const vec* factors,
                                          nan_finder& nans) noexcept {
  for (std::size_t k = 0; k < held_vectors; ++k) {
    vec v[Parts];
    BINADE_UNROLL(4)
    for (std::size_t i = 0; i < Parts; ++i) v[i] = load(out + (i * held_vectors + k) * lanes);
    vector_butterflies<Parts>(v);
    BINADE_UNROLL(4)
    for (std::size_t i = 0; i < Parts; ++i) {
      if constexpr (Products == hadamard_products::last) {
        v[i] = multiply(v[i], factors[i * held_vectors + k]);
      }
      store(out + (i * held_vectors + k) * lanes, v[i]);
    }
    BINADE_UNROLL(4)
    for (std::size_t i = 0; i < Parts; i += 2) nans.look_at(v[i], v[i + 1]);
  }
}

/// One NaN in place of all.
BINADE_NOINLINE inline void replace_nans(float* x, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, x + i, sizeof bits);
    if ((bits & 0x7fffffffU) <= 0x7f800000U) continue;
    bits = 0x7fc00000U;
    std::memcpy(x + i, &bits, sizeof bits);
  }
}

/// Transforms the blocks of x[n] to out[n], which may be x.
///
/// Needs: n a multiple of Size; factors[Size].
template <hadamard_products Products, std::size_t Size>
inline void transform_blocks(const float* x, float* out, std::size_t n,
                             const float* factors) noexcept {
  constexpr std::size_t block = Size / lanes;
  vec d[block];
  BINADE_UNROLL(16)
  for (std::size_t i = 0; i < block; ++i) d[i] = load(factors + i * lanes);
  const lane_butterflies in_lanes;
  nan_finder nans;
  std::size_t i = 0;
  if constexpr (block <= held_vectors) {
    constexpr std::size_t together = block < 4 ? 4 : block;
    for (; i + together * lanes <= n; i += together * lanes) {
      BINADE_UNROLL(16)
      for (std::size_t k = 0; k < together * lanes; k += 16) fetch(x + i + 1024 + k);
      transform_vectors<Products, block, together>(x + i, out + i, d, in_lanes, nans);
    }
    for (; i < n; i += Size) {
      transform_vectors<Products, block, block>(x + i, out + i, d, in_lanes, nans);
    }
  } else {
    constexpr std::size_t part = held_vectors * lanes;
    constexpr auto within =
        Products == hadamard_products::first ? Products : hadamard_products::none;
    for (; i < n; i += Size) {
      BINADE_UNROLL(16)
      for (std::size_t k = 0; k < Size; k += 16) fetch(x + i + 1024 + k);
      nan_finder unused;
      BINADE_UNROLL(4)
      for (std::size_t p = 0; p < block / held_vectors; ++p) {
        transform_vectors<within, held_vectors, held_vectors>(
            x + i + p * part, out + i + p * part, d + p * held_vectors, in_lanes, unused);
      }
      transform_parts<Products, block / held_vectors>(out + i, d, nans);
    }
  }
  if (nans.found()) replace_nans(out, n);
}

/// This target's kernels; t is its name.
[[nodiscard]] constexpr hadamard_kernels hadamard_kernels_as(target t) noexcept {
  constexpr auto first = hadamard_products::first;
  constexpr auto last = hadamard_products::last;
  return {t,
          {transform_blocks<first, 16>, transform_blocks<first, 32>, transform_blocks<first, 64>,
           transform_blocks<first, 128>, transform_blocks<first, 256>},
          {transform_blocks<last, 16>, transform_blocks<last, 32>, transform_blocks<last, 64>,
           transform_blocks<last, 128>, transform_blocks<last, 256>}};
}

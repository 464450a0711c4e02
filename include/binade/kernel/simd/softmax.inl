// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the float primitives: the row of
// kernel/reference/softmax.hpp. Needs the default floating-point environment.

/// m 2^e in every lane.
struct extended_vec {
  vec m;
  vec e;
};

BINADE_ALWAYS_INLINE extended_vec extended_exp(vec x) noexcept {
  namespace c = reference::softmax_constants;
  x = clamp(x, c::limit);
  const vec e = nearest_integers(multiply(x, splat(c::log2_e)));
  vec t = multiply_add(e, splat(c::minus_ln2_high), x);
  t = multiply_add(e, splat(c::minus_ln2_low), t);
  vec m = multiply_add(splat(c::polynomial[0]), t, splat(c::polynomial[1]));
  m = multiply_add(m, t, splat(c::polynomial[2]));
  m = multiply_add(m, t, splat(c::polynomial[3]));
  m = multiply_add(m, t, splat(c::polynomial[4]));
  return {multiply_add(m, t, splat(c::polynomial[5])), e};
}

/// The sum's small part may be lost: what is below 2^-126 of the other vanishes in rounding.
BINADE_ALWAYS_INLINE extended_vec extended_sum(const extended_vec& a,
                                               const extended_vec& b) noexcept {
  const vec e = larger(a.e, b.e);
  return {
      sum(scale_down_roughly(a.m, difference(a.e, e)), scale_down_roughly(b.m, difference(b.e, e))),
      e};
}

template <bool Shifted>
BINADE_ALWAYS_INLINE vec argument(const float* x, [[maybe_unused]] vec shift) noexcept {
  if constexpr (Shifted) {
    return difference(load(x), shift);
  } else {
    return load(x);
  }
}

/// x[n], n < 64, continued by -infinities.
inline void pad_softmax(const float* x, std::size_t n, float* padded) noexcept {
  for (std::size_t i = 0; i < 64; i += lanes) store(padded + i, splat(std::uint32_t{0xff800000}));
  std::memcpy(padded, x, n * sizeof(float));
}

template <bool Shifted>
inline softmax_total sum_of_exp(const float* x, std::size_t n, float shift_by) noexcept {
  constexpr std::size_t vectors = 64 / lanes;
  const vec shift = splat(shift_by);
  extended_vec partial[vectors];
  infinity_finder specials;
  float padded[64];
  for (std::size_t k = 0; k < n; k += 64) {
    const float* from = x + k;
    if (n - k < 64) {
      pad_softmax(from, n - k, padded);
      from = padded;
    }
    BINADE_UNROLL(8)
    for (std::size_t j = 0; j < vectors; ++j) {
      fetch(from + j * lanes + 1024);
      const vec v = argument<Shifted>(from + j * lanes, shift);
      specials.look_at(v);
      const extended_vec one = extended_exp(v);
      partial[j] = k == 0 ? one : extended_sum(partial[j], one);
    }
  }
  float m[64 + lanes] = {};
  float e[64 + lanes] = {};
  BINADE_UNROLL(8)
  for (std::size_t j = 0; j < vectors; ++j) {
    store(m + j * lanes, partial[j].m);
    store(e + j * lanes, partial[j].e);
  }
  for (std::size_t half = 32; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; j += lanes) {
      const extended_vec folded =
          extended_sum({load(m + j), load(e + j)}, {load(m + j + half), load(e + j + half)});
      store(m + j, folded.m);
      store(e + j, folded.e);
    }
  }
  float inverse[lanes];
  store(inverse, divide(splat(1.0F), splat(m[0])));
  return {inverse[0], e[0], specials.found()};
}

template <bool Shifted>
inline void write_softmax(const float* x, float* y, std::size_t n, float shift_by,
                          const softmax_total& total) noexcept {
  const vec shift = splat(shift_by);
  const vec inverse = splat(total.inverse);
  const vec exponent = splat(total.exponent);
  const auto step = [&](const float* from, float* to) {
    const extended_vec v = extended_exp(argument<Shifted>(from, shift));
    store(to, scale_down(multiply(v.m, inverse), difference(v.e, exponent)));
  };
  std::size_t k = 0;
  for (; k + 2 * lanes <= n; k += 2 * lanes) {
    fetch(x + k + 1024);
    step(x + k, y + k);
    step(x + k + lanes, y + k + lanes);
  }
  for (; k < n; k += lanes) {
    const std::size_t rest = n - k < lanes ? n - k : lanes;
    float padded[64];
    pad_softmax(x + k, rest, padded);
    step(padded, padded);
    std::memcpy(y + k, padded, rest * sizeof(float));
  }
}

/// The largest of x[n], -infinity of none. Needs no NaN.
inline float largest_of(const float* x, std::size_t n) noexcept {
  vec most[4];
  for (vec& v : most) v = splat(std::uint32_t{0xff800000});
  std::size_t k = 0;
  for (; k + 4 * lanes <= n; k += 4 * lanes) {
    BINADE_UNROLL(4)
    for (std::size_t j = 0; j < 4; ++j) {
      fetch(x + k + j * lanes + 1024);
      most[j] = larger(most[j], load(x + k + j * lanes));
    }
  }
  float padded[64];
  for (; k < n; k += lanes) {
    pad_softmax(x + k, n - k < lanes ? n - k : lanes, padded);
    most[0] = larger(most[0], load(padded));
  }
  vec all = larger(larger(most[0], most[1]), larger(most[2], most[3]));
  float each[2 * lanes];
  store(each + lanes, all);
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    store(each, all);
    all = larger(all, load(each + half));
  }
  store(each, all);
  return each[0];
}

/// This target's kernels; t is its name.
[[nodiscard]] constexpr softmax_kernels softmax_kernels_as(target t) noexcept {
  return {t,
          {sum_of_exp<false>, sum_of_exp<true>},
          {write_softmax<false>, write_softmax<true>},
          largest_of};
}

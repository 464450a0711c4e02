// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace, after the primitives of quantization.

/// The codes of 4 vectors under their scales; `Form` is run.form.
template <scale_form Form, class Encoder>
BINADE_ALWAYS_INLINE code_bytes encode_step(const float* x, std::size_t i, const Encoder& e,
                                            const vec& lattice, const vec& largest,
                                            const scaled_run& run, lane_counter& clipped) noexcept {
  vec in[4];
  vec y[4];
  BINADE_UNROLL(4)
  for (std::size_t k = 0; k < 4; ++k) {
    in[k] = load(x + k * lanes);
    if constexpr (Form == scale_form::rounded_quotient) {
      y[k] = divide(in[k], splat(run.scale[(i + k * lanes) >> run.shift]));
      y[k] = if_zero(bit_and(y[k], splat(0x7fffffffU)), splat(0U), y[k]);
    } else {
      y[k] = multiply(in[k], splat(run.inverse[(i + k * lanes) >> run.shift]));
    }
  }
  if constexpr (Form == scale_form::single || Form == scale_form::product) {
    if (!all_clear(y, lattice)) [[unlikely]] {
      BINADE_UNROLL(4)
      for (std::size_t k = 0; k < 4; ++k) {
        y[k] = settle(in[k], y[k], run.scale[(i + k * lanes) >> run.shift], run, lattice);
      }
    }
  }
  if (run.counts_clipped) {
    const vec magnitude = splat(0x7fffffffU);
    BINADE_UNROLL(4)
    for (std::size_t k = 0; k < 4; ++k) clipped.add_above(bit_and(y[k], magnitude), largest);
  }
  vec code[4];
  BINADE_UNROLL(4)
  for (std::size_t k = 0; k < 4; ++k) code[k] = e.encode(y[k]);
  return gather_codes(code);
}

BINADE_ALWAYS_INLINE void store_packed(std::byte* p, const code_bytes& c, int bits) noexcept {
  if (bits == 8) {
    store_bytes(p, c);
  } else if (bits == 4) {
    store_nibbles(p, c);
  } else {
    store_sextets(p, c);
  }
}

template <scale_form Form, class Encoder>
inline run_counts encode_run(const float* x, std::byte* out, std::size_t n, int bits,
                             const scaled_encoder& constants, const scaled_run& scales) noexcept {
  // Copies: the bytes that are written might be anybody's.
  const Encoder e(constants);
  const scaled_run run = scales;
  const std::uint32_t zero = constants.zero;
  constexpr std::size_t step = 4 * lanes;
  const vec lattice = splat(constants.lattice);
  const vec largest = splat(constants.largest);
  const std::size_t step_bytes = step / 8 * static_cast<std::size_t>(bits);
  const float* ahead = run.ahead;
  const std::size_t ahead_step = step / 4 * run.ahead_quarters;
  run_counts counts;
  lane_counter clipped;
  std::size_t i = 0;
  for (; i + step <= n; i += step, out += step_bytes) {
    const code_bytes c = encode_step<Form>(x + i, i, e, lattice, largest, run, clipped);
    counts.zeros += count_zeros(c, zero);
    store_packed(out, c, bits);
    if (ahead != nullptr) {
      for (std::size_t k = 0; k < step; k += 16) fetch(ahead + k);
      ahead += ahead_step;
    }
  }
  if (i < n) {  // the rest through a full buffer: the same code, so the same bits
    float in[step] = {};
    std::byte codes[step];
    std::memcpy(in, x + i, (n - i) * sizeof(float));
    const code_bytes c = encode_step<Form>(in, i, e, lattice, largest, run, clipped);
    counts.zeros += count_zeros(c, zero) - (step - (n - i));
    store_packed(codes, c, bits);
    std::memcpy(out, codes, ((n - i) * static_cast<std::size_t>(bits) + 7) / 8);
  }
  counts.clipped = clipped.total();
  return counts;
}

template <class Encoder>
inline run_counts encode_form(const float* x, std::byte* out, std::size_t n, int bits,
                              const scaled_encoder& constants, const scaled_run& run) noexcept {
  if (run.form == scale_form::power_of_two) {
    return encode_run<scale_form::power_of_two, Encoder>(x, out, n, bits, constants, run);
  }
  return encode_run<scale_form::product, Encoder>(x, out, n, bits, constants, run);
}

template <bool ZeroHasSign>
class scaled_float_encoder : public encoder<ZeroHasSign> {
 public:
  explicit scaled_float_encoder(const scaled_encoder& e) noexcept
      : encoder<ZeroHasSign>(e.floats) {}
};

/// The codes of x[n] under the scales of `run`, packed to `bits` bits: 8, or those of the format if
/// these are 4 or 6. Bits after the last code up to the end of its byte become 0. Needs the default
/// floating-point environment, x without NaN and infinity, and scales with room for 4 more.
inline run_counts encode_scaled_run(const float* x, std::byte* out, std::size_t n, int bits,
                                    const scaled_encoder& constants,
                                    const scaled_run& run) noexcept {
  if (constants.is_integer) {
    return encode_form<integer_encoder>(x, out, n, bits, constants, run);
  }
  if (run.form == scale_form::rounded_quotient) {
    return encode_run<scale_form::rounded_quotient, scaled_float_encoder<true>>(x, out, n, bits,
                                                                                constants, run);
  }
  if (constants.floats.zero_has_sign) {
    return encode_form<scaled_float_encoder<true>>(x, out, n, bits, constants, run);
  }
  return encode_form<scaled_float_encoder<false>>(x, out, n, bits, constants, run);
}

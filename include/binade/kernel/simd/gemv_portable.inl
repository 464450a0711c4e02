// SPDX-License-Identifier: MIT

// What gemv's integer kernels are written in besides the primitives of tiles, in plain loops over
// the lanes: included inside the portable region and namespace. There are no byte products.

inline constexpr std::size_t row_width = 4 * lanes;  ///< bytes of a vector
inline constexpr std::size_t rows_at_once = 2;

inline ivec add_units(const ivec& a, const ivec& b) noexcept {
  ivec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = a.v[i] + b.v[i];
  return r;
}
inline ivec load_bytes(const std::byte* p) noexcept {
  ivec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
/// At most n of them, then zeros.
inline ivec load_bytes(const std::byte* p, std::size_t n) noexcept {
  ivec r{};
  std::memcpy(r.v, p, n < row_width ? n : row_width);
  return r;
}
/// At most n, then ones.
inline fvec load_floats_then_ones(const float* p, std::size_t n) noexcept {
  fvec r = broadcast(1);
  std::memcpy(r.v, p, (n < lanes ? n : lanes) * sizeof(float));
  return r;
}

inline fvec as_floats(const ivec& x) noexcept {
  fvec r;
  std::memcpy(r.v, x.v, sizeof r.v);
  return r;
}
inline ivec shift_left(const ivec& x, const ivec& n) noexcept {
  ivec r;
  for (std::size_t i = 0; i < lanes; ++i) {
    r.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(x.v[i]) << n.v[i]);
  }
  return r;
}
/// A byte a lane.
inline ivec widen_bytes(const std::byte* p) noexcept {
  ivec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = std::to_integer<std::int32_t>(p[i]);
  return r;
}

/// Adds to sums by lanes the products of the integers of a vector of w and those of x.
template <row_storage Storage>
class row_multiplier;
template <>
class row_multiplier<row_storage::words> {
 public:
  explicit row_multiplier(const block_rows&) noexcept {}
  [[nodiscard]] ivec add(const ivec& sum, const ivec& w, const ivec& x,
                         const ivec&) const noexcept {
    return add_words(sum, w, x);
  }
};

/// Adds neighbouring lanes of a, then of b.
template <std::size_t Count>
inline ivec merge(const ivec& a, const ivec& b) noexcept {
  ivec r;
  for (std::size_t i = 0; i < lanes / 2; ++i) {
    r.v[i] = a.v[2 * i] + a.v[2 * i + 1];
    r.v[lanes / 2 + i] = b.v[2 * i] + b.v[2 * i + 1];
  }
  return r;
}
/// The last merge for blocks of `Merged` lanes.
template <std::size_t Merged>
class last_merge {
 public:
  [[nodiscard]] ivec operator()(const ivec& a, const ivec& b) const noexcept {
    return merge<Merged>(a, b);
  }
};

/// Where the sums of blocks stand in lanes: in order.
template <row_storage Storage, std::size_t Merged>
class lane_order {
 public:
  static constexpr bool is_transposed = false;
  static constexpr const std::uint8_t* lane_of_block = nullptr;
  [[nodiscard]] BINADE_ALWAYS_INLINE fvec arrange(const fvec& x) const noexcept { return x; }
  [[nodiscard]] BINADE_ALWAYS_INLINE ivec widen_bytes(const std::byte* p) const noexcept {
    return products::widen_bytes(p);
  }
  static void restore(fvec (&)[16 / lanes]) noexcept {}
};

template <std::size_t Merged>
inline void transpose(ivec (&)[Merged]) noexcept {}

/// *out = the sum of 16 partial sums, folded by halves, times a factor.
inline void fold(const fvec (&p)[2], float factor, float* out) noexcept {
  float sums[16];
  std::memcpy(sums, p, sizeof sums);
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
    asm("" : "+m"(sums));  // or -ffast-math reorders the sums
  }
  *out = sums[0] * factor;
}

/// Whether all codes are between two, unsigned.
inline bool are_between(const std::byte* codes, std::size_t n, std::uint8_t lowest,
                        std::uint8_t highest) noexcept {
  int least = 255;
  int largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const int code = std::to_integer<int>(codes[i]);
    least = code < least ? code : least;
    largest = code > largest ? code : largest;
  }
  return n == 0 || (least >= lowest && largest <= highest);
}

/// out[i] = the value of codes[i].
inline void look_up(const scale_table& table, const std::byte* codes, std::size_t n,
                    float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = table.value[std::to_integer<int>(codes[i])];
}

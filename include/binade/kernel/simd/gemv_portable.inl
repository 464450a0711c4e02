// SPDX-License-Identifier: MIT

// What gemv's integer kernels are written in besides the primitives of tiles, in plain loops over
// the lanes: included inside the portable region and namespace. There are no byte products.

inline ivec add(const ivec& a, const ivec& b) noexcept {
  ivec r;
  for (std::size_t i = 0; i < lanes; ++i) r.v[i] = a.v[i] + b.v[i];
  return r;
}
inline void store_units(std::uint32_t* p, const ivec& v) noexcept {
  std::memcpy(p, v.v, sizeof v.v);
}

/// The beginnings of rows; behind the last one it stands again.
class row_pointers {
 public:
  static constexpr std::size_t width = 4 * lanes;

  row_pointers(const std::byte* first, std::size_t stride, std::size_t count) noexcept {
    for (std::size_t r = 0; r < lanes; ++r) row_[r] = first + (r < count ? r : count - 1) * stride;
  }
  /// The bytes of row r from `at` on, of which `left` are left, then zeros.
  [[nodiscard]] ivec load(std::size_t r, std::size_t at, std::size_t left) const noexcept {
    ivec v{};
    std::memcpy(v.v, row_[r] + at, left < width ? left : width);
    return v;
  }
  void prefetch(std::size_t r, std::size_t at) const noexcept { __builtin_prefetch(row_[r] + at); }

 private:
  const std::byte* row_[lanes];
};

/// Products of the integers of a vector of w and those of x, summed by lanes.
template <row_storage Storage>
class row_multiplier;
template <>
class row_multiplier<row_storage::words> {
 public:
  explicit row_multiplier(const block_rows&) noexcept {}
  [[nodiscard]] ivec operator()(const ivec& w, const ivec& x, const ivec&) const noexcept {
    return add_words(broadcast_unit(0), w, x);
  }
};

/// Rows become columns.
inline void transpose(ivec (&v)[lanes]) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::int32_t other = v[i].v[j];
      v[i].v[j] = v[j].v[i];
      v[j].v[i] = other;
    }
  }
}

/// Adds neighbouring lanes, `Merged` of them; then rows become columns.
template <std::size_t Merged>
inline void add_neighbours(ivec (&v)[lanes]) noexcept {
  transpose(v);
  for (std::size_t i = 0; i < lanes; i += Merged) {
    ivec sum = v[i];
    for (std::size_t j = 1; j < Merged; ++j) sum = add(sum, v[i + j]);
    v[i / Merged] = sum;
  }
}

/// The values of codes.
class scale_lookup {
 public:
  explicit scale_lookup(const scale_table& table) noexcept : values_(table.value) {}
  /// Of the four codes of each lane; out[4][lanes].
  void store_four(const ivec& codes, float* out) const noexcept {
    for (std::size_t i = 0; i < 4 * lanes; ++i) {
      const auto code = static_cast<std::uint32_t>(codes.v[i % lanes]) >> (8 * (i / lanes));
      out[i] = values_[code & 0xffU];
    }
  }

 private:
  const float* values_;
};

// SPDX-License-Identifier: MIT

// Float arithmetic of transforms and softmax in plain loops over the lanes: included inside the
// portable region and namespace, after the primitives of quantization. Needs the default
// floating-point environment. The barriers keep -ffast-math from reordering sums.

inline vec sum(const vec& a, const vec& b) noexcept {
  return opaque(each_lane(
      [&](std::size_t i) { return bit_cast<std::uint32_t>(as_float(a.v[i]) + as_float(b.v[i])); }));
}
inline vec difference(const vec& a, const vec& b) noexcept {
  return opaque(each_lane(
      [&](std::size_t i) { return bit_cast<std::uint32_t>(as_float(a.v[i]) - as_float(b.v[i])); }));
}

/// Whether any of the vectors that it saw holds a NaN.
class nan_finder {
 public:
  void look_at(const vec& a, const vec& b) noexcept {
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint32_t magnitude = 0x7fffffffU;
      const std::uint32_t larger = (a.v[i] & magnitude) > (b.v[i] & magnitude) ? a.v[i] : b.v[i];
      found_ |= (larger & magnitude) > 0x7f800000U ? 1U : 0U;
    }
  }
  [[nodiscard]] bool found() const noexcept { return found_ != 0; }

 private:
  std::uint32_t found_ = 0;
};

/// Vectors of a transform that are worked on together.
inline constexpr std::size_t held_vectors = 16;

/// Butterflies with distances 1, 2, 4 and 8 in every 16 lanes.
class lane_butterflies {
 public:
  [[nodiscard]] vec operator()(const vec& v) const noexcept {
    return of_distance<8>(of_distance<4>(of_distance<2>(of_distance<1>(v))));
  }

 private:
  template <std::size_t Distance>
  [[nodiscard]] static vec of_distance(const vec& v) noexcept {
    return opaque(each_lane([&](std::size_t i) {
      const float partner = as_float(v.v[i ^ Distance]);
      const float sign = (i & Distance) == 0 ? 1.0F : -1.0F;
      return bit_cast<std::uint32_t>(partner + sign * as_float(v.v[i]));
    }));
  }
};

/// a * b + c, rounded once.
inline vec multiply_add(const vec& a, const vec& b, const vec& c) noexcept {
  return each_lane([&](std::size_t i) {
    return bit_cast<std::uint32_t>(
        __builtin_fmaf(as_float(a.v[i]), as_float(b.v[i]), as_float(c.v[i])));
  });
}
/// The order of numbers as that of integers.
inline std::int32_t order(std::uint32_t bits) noexcept {
  const auto magnitude = static_cast<std::int32_t>(bits & 0x7fffffffU);
  return (bits >> 31) != 0 ? -magnitude : magnitude;
}
inline vec larger(const vec& a, const vec& b) noexcept {
  return each_lane([&](std::size_t i) { return order(a.v[i]) < order(b.v[i]) ? b.v[i] : a.v[i]; });
}
/// min(max(x, -limit), limit) of what is no NaN.
inline vec clamp(const vec& x, float limit) noexcept {
  const std::uint32_t most = bit_cast<std::uint32_t>(limit);
  return each_lane([&](std::size_t i) {
    const std::uint32_t magnitude = x.v[i] & 0x7fffffffU;
    return (magnitude < most ? magnitude : most) | (x.v[i] & 0x80000000U);
  });
}
/// The nearest integers, ties to even. Needs |x| < 2^22.
inline vec nearest_integers(const vec& x) noexcept {
  const vec far = splat(0x1.8p23F);
  return difference(sum(x, far), far);
}
/// x 2^d for integers d <= 0; 0 for d <= -127.
inline vec scale_down_roughly(const vec& x, const vec& d) noexcept {
  return multiply(x, each_lane([&](std::size_t i) {
                    const auto exponent = static_cast<std::int32_t>(as_float(d.v[i]));
                    return static_cast<std::uint32_t>(exponent < -127 ? 0 : exponent + 127) << 23;
                  }));
}
/// x 2^d, rounded once, for integers d <= 0 and 2^-40 <= x < 2^40 or x = 0: the first step is
/// exact.
inline vec scale_down(const vec& x, const vec& d) noexcept {
  const vec first = larger(d, splat(-64.0F));
  return scale_down_roughly(opaque(scale_down_roughly(x, first)), difference(d, first));
}

/// Whether all that it saw is below infinity and no NaN.
class infinity_finder {
 public:
  void look_at(const vec& x) noexcept {
    for (std::size_t i = 0; i < lanes; ++i) {
      // +infinity and the NaNs behind it in either sign.
      found_ |= (x.v[i] & 0x7fffffffU) + (x.v[i] >> 31 ^ 1U) > 0x7f800000U ? 1U : 0U;
    }
  }
  [[nodiscard]] bool found() const noexcept { return found_ != 0; }

 private:
  std::uint32_t found_ = 0;
};

// SPDX-License-Identifier: MIT

// Square groups, and copies along rows and columns, on a GPU against the CPU library, byte for
// byte; see quantize.cu.

#include "binade/kernel/cuda/quantize_tile.cuh"
#include "binade/kernel/reference/quantize_cell.hpp"
#include "binade/quantize/both_ways.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/scale/rule.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/view.hpp"
#include "support.cuh"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

namespace cuda = binade::cuda;
namespace rounding = binade::rounding;
using binade::bfloat16;
using binade::float16;
using binade::nvfp4;
using e4m3_groups = cuda::groups<binade::e4m3fn, 128>;

struct shape {
  std::size_t rows, columns, stride;
};
/// Whole tiles; partial ones; rows and columns that end within a block and are not aligned; one
/// element.
constexpr shape shapes[] = {
    {256, 128, 128}, {131, 272, 280}, {37, 1000, 1000}, {5, 77, 79}, {1, 1, 1}};

using byte_vector = std::vector<std::byte>;
byte_vector bytes(std::span<const std::byte> b) { return {b.begin(), b.end()}; }

/// What a packed matrix should hold: codes, and scales row by row.
template <class F>
struct expected_matrix {
  std::size_t rows, columns;  ///< elements
  std::size_t scale_rows, scale_columns;
  byte_vector codes, scales;

  static constexpr std::size_t bits() { return F::element::bit_count; }
  static constexpr std::size_t scale_bytes =
      sizeof(typename cuda::scale_finder<typename F::scale>::stored);

  expected_matrix(std::size_t r, std::size_t c, std::size_t sr, std::size_t sc)
      : rows(r),
        columns(c),
        scale_rows(sr),
        scale_columns(sc),
        codes(r * cuda::row_bytes<F>(c)),
        scales(sr * sc * scale_bytes) {}

  [[nodiscard]] std::uint32_t code(std::size_t r, std::size_t c) const {
    std::uint32_t code = 0;
    const std::size_t at = 8 * r * cuda::row_bytes<F>(columns) + c * bits();
    for (std::size_t i = 0; i < bits(); ++i) {
      code |= (static_cast<std::uint32_t>(codes[(at + i) / 8]) >> (at + i) % 8 & 1) << i;
    }
    return code;
  }
  void set_code(std::size_t r, std::size_t c, std::uint32_t code) {
    const std::size_t at = 8 * r * cuda::row_bytes<F>(columns) + c * bits();
    for (std::size_t i = 0; i < bits(); ++i) {
      codes[(at + i) / 8] |= static_cast<std::byte>((code >> i & 1) << (at + i) % 8);
    }
  }
  /// The same numbers and scales, of the matrix transposed.
  [[nodiscard]] expected_matrix transposed() const {
    expected_matrix t(columns, rows, scale_columns, scale_rows);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) t.set_code(c, r, code(r, c));
    }
    for (std::size_t r = 0; r < scale_rows; ++r) {
      for (std::size_t c = 0; c < scale_columns; ++c) {
        std::memcpy(t.scales.data() + (c * scale_rows + r) * scale_bytes,
                    scales.data() + (r * scale_columns + c) * scale_bytes, scale_bytes);
      }
    }
    return t;
  }
};

/// A matrix of the GPU, and what it should be.
template <class F>
class packed_memory {
 public:
  packed_memory(expected_matrix<F> e, int layout, float tensor_scale)
      : expected_(std::move(e)),
        map_(test::layout(layout, expected_.scale_rows, expected_.scale_columns)),
        codes_(expected_.codes.size()),
        scales_(map_.size() * expected_.scale_bytes),
        tensor_(std::vector<float>{tensor_scale}) {}
  [[nodiscard]] cuda::packed_matrix matrix() const {
    return {codes_.get(), scales_.get(), map_, tensor_.get<float>()};
  }
  void compare(const std::string& name) const {
    test::compare(name + ", codes", codes_.to_host(), expected_.codes);
    test::compare(name + ", scales", scales_.to_host(),
                  test::arranged(expected_.scales, expected_.scale_rows, expected_.scale_columns,
                                 expected_.scale_bytes, map_));
  }

 private:
  expected_matrix<F> expected_;
  binade::scale_map map_;
  test::device_bytes codes_;
  test::device_bytes scales_;
  test::device_bytes tensor_;
};

/// Along rows, or along columns as a matrix transposed.
template <class F, class T, class R>
expected_matrix<F> runs(const std::vector<T>& x, const shape& s, const R& rounding, int axis,
                        float tensor_scale) {
  const auto view = binade::matrix_view(x.data(), s.rows, s.columns);
  const bool along_rows = axis == -1;
  const std::size_t rows = along_rows ? s.rows : s.columns;
  const std::size_t columns = along_rows ? s.columns : s.rows;
  expected_matrix<F> e(rows, columns, rows, cuda::row_scales<F>(columns));
  if constexpr (binade::block_scaled<F>) {
    const auto q = [&] {
      if constexpr (F::has_tensor_scale) {
        return binade::quantize<F>(view, rounding, binade::along_axis{axis},
                                   binade::tensor_scale{tensor_scale});
      } else {
        return binade::quantize<F>(view, rounding, binade::along_axis{axis});
      }
    }();
    e.codes = bytes(q.codes());
    e.scales = bytes(q.scales());
  } else {
    const auto q = binade::quantize<typename F::element>(
        view, rounding, binade::nan::largest{},
        binade::per_group{.axis = axis, .size = F::block_size});
    if (along_rows) {
      e.codes = bytes(q.codes());
      e.scales = bytes(q.scales());
    } else {
      expected_matrix<F> stored(s.rows, s.columns, cuda::row_scales<F>(s.rows), s.columns);
      stored.codes = bytes(q.codes());
      stored.scales = bytes(q.scales());
      e = stored.transposed();
    }
  }
  return e;
}

/// 128x128 blocks by the library; 16x16 blocks of nvfp4 element by element, from its definitions.
template <class F, class T, class R>
expected_matrix<F> squares(const std::vector<T>& x, const shape& s, const R& rounding,
                           float tensor_scale) {
  constexpr std::size_t n = F::block_size;
  if constexpr (!binade::block_scaled<F>) {
    const auto view = binade::matrix_view(x.data(), s.rows, s.columns);
    const auto q = binade::quantize<typename F::element>(view, rounding, binade::nan::largest{},
                                                         binade::per_block{.rows = n, .cols = n});
    expected_matrix<F> e(s.rows, s.columns, (s.rows + n - 1) / n, (s.columns + n - 1) / n);
    e.codes = bytes(q.codes());
    e.scales = bytes(q.scales());
    return e;
  } else {
    using element = typename F::element;
    using scale = typename F::scale;
    expected_matrix<F> e(s.rows, s.columns, s.rows, (s.columns + n - 1) / n);
    const auto format = binade::any_format::of<scale>();
    const auto range = binade::range_of(binade::any_format::of<element>());
    for (std::size_t r0 = 0; r0 < s.rows; r0 += n) {
      for (std::size_t c0 = 0; c0 < s.columns; c0 += n) {
        const std::size_t r1 = std::min(r0 + n, s.rows);
        const std::size_t c1 = std::min(c0 + n, s.columns);
        float amax = 0;
        bool has_nan = false;
        for (std::size_t r = r0; r < r1; ++r) {
          for (std::size_t c = c0; c < c1; ++c) {
            const auto v = static_cast<float>(x[r * s.columns + c]);
            has_nan = has_nan || std::isnan(v);
            amax = std::max(amax, std::min(std::fabs(v), 0x1.fffffep127F));
          }
        }
        std::uint64_t code = cuda::scale_finder<scale>::nan;
        if (!has_nan) {
          const auto relative = binade::divide(binade::unpack(amax), binade::unpack(tensor_scale));
          code = amax == 0
                     ? binade::encode_zero_scale(format)
                     : binade::encode_scale(format, binade::desired_scale({}, range, relative));
        }
        for (std::size_t r = r0; r < r1; ++r) {
          e.scales[r * e.scale_columns + c0 / n] = static_cast<std::byte>(code);
          for (std::size_t c = c0; c < c1 && !has_nan; ++c) {
            const std::size_t i = r * s.columns + c;
            if (x[i] == T(0.0F)) {
              e.set_code(
                  r, c,
                  std::signbit(static_cast<float>(x[i])) ? 1U << (element::bit_count - 1) : 0);
              continue;
            }
            const auto quotient = binade::reference::scaled(
                binade::unpack(x[i]),
                binade::multiply(binade::decode(scale::spec, code), binade::unpack(tensor_scale)));
            e.set_code(r, c,
                       static_cast<std::uint32_t>(
                           binade::encode(element::spec, quotient, rounding.at(i),
                                          binade::default_policies<element>::rules)));
          }
        }
      }
    }
    return e;
  }
}

/// The numbers of squares(x) as those of x transposed.
template <class F>
expected_matrix<F> squares_transposed(const expected_matrix<F>& e) {
  expected_matrix<F> t = e.transposed();
  if constexpr (binade::block_scaled<F>) {  // a scale stands in each row of its block
    t.scale_rows = t.rows;
    t.scale_columns = cuda::row_scales<F>(t.columns);
    t.scales.assign(t.scale_rows * t.scale_columns, std::byte{0});
    for (std::size_t r = 0; r < t.scale_rows; ++r) {
      for (std::size_t c = 0; c < t.scale_columns; ++c) {
        t.scales[r * t.scale_columns + c] =
            e.scales[c * F::block_size * e.scale_columns + r / F::block_size];
      }
    }
  }
  return t;
}

template <class F, class T>
std::string name(const shape& s, int layout, const char* what) {
  std::string text = test::name_of<T>();
  text.append(" -> ").append(F::element::names.name).append(", blocks of ");
  text += std::to_string(F::block_size) + ", " + std::to_string(s.rows) + "x" +
          std::to_string(s.columns) + ", layout " + std::to_string(layout);
  return text + ", " + what;
}

template <class F, class T, class R>
void check_one(const shape& s, int layout, const R& rounding, unsigned seed) {
  const std::vector<T> x = test::hard_numbers<T>(s.rows, s.columns, seed, seed % 2 == 0);
  const test::device_bytes source(test::with_stride(x, s.rows, s.columns, s.stride));
  const cuda::device_matrix<const T> m(source.get<T>(), s.rows, s.columns, s.stride);
  const float tensor = std::ldexp(seed % 3 == 0 ? 1.0F : 1.0F / 2688, static_cast<int>(seed % 5));
  const int other = (layout + 1) % test::layouts;
  {
    const packed_memory<F> rows(runs<F>(x, s, rounding, -1, tensor), layout, tensor);
    const packed_memory<F> columns(runs<F>(x, s, rounding, -2, tensor), other, tensor);
    cuda::quantize_both_ways<F>(nullptr, m, rows.matrix(), columns.matrix(), rounding).check();
    rows.compare(name<F, T>(s, layout, "both ways, rows"));
    columns.compare(name<F, T>(s, other, "both ways, columns"));
  }
  if constexpr (cuda::square_blocks<F>) {
    const expected_matrix<F> expected = squares<F>(x, s, rounding, tensor);
    const packed_memory<F> one(expected, layout, tensor);
    cuda::quantize_squares<F>(nullptr, m, one.matrix(), rounding).check();
    one.compare(name<F, T>(s, layout, "squares"));
    const packed_memory<F> rows(expected, layout, tensor);
    const packed_memory<F> columns(squares_transposed(expected), other, tensor);
    cuda::quantize_squares_both_ways<F>(nullptr, m, rows.matrix(), columns.matrix(), rounding)
        .check();
    rows.compare(name<F, T>(s, layout, "squares both ways, rows"));
    columns.compare(name<F, T>(s, other, "squares both ways, columns"));
  }
}

template <class F, class T, class R>
void check(const R& rounding) {
  unsigned seed = 0;
  for (const shape& s : shapes) {
    for (int layout = 0; layout < test::layouts; ++layout) {
      check_one<F, T>(s, layout, rounding, seed++);
    }
  }
  std::printf("%s: done\n", name<F, T>(shapes[0], 0, "all shapes and layouts").c_str());
}

template <class F, class T>
void check_both() {
  check<F, T>(rounding::ties_to_even{});
  check<F, T>(rounding::stochastic{.seed = 11, .stream = 3, .index = 5});
}

#ifdef BINADE_TEST_ALL_COMBINATIONS
template <class F>
void check_all() {
  check_both<F, bfloat16>();
  check_both<F, float16>();
  check_both<F, float>();
}
void check_combinations() {
  check_all<nvfp4>();
  check_all<e4m3_groups>();
  check_all<cuda::groups<binade::e5m2, 128>>();
  check_all<binade::mxfp8_e4m3>();
  check_all<binade::mxfp8_e5m2>();
  check_all<binade::mxfp6_e2m3>();
  check_all<binade::mxfp6_e3m2>();
  check_all<binade::mxfp4>();
}
#else
void check_combinations() {
  check<nvfp4, bfloat16>(rounding::ties_to_even{});
  check<e4m3_groups, float>(rounding::ties_to_even{});
}
#endif

}  // namespace

int main() {
  if (!test::has_device()) return 0;
  check_combinations();
  std::printf("%d failures\n", test::failures);
  return test::failures == 0 ? 0 : 1;
}

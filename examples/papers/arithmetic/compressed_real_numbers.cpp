// SPDX-License-Identifier: MIT

// Compressed Real Numbers for AI: a case-study using a RISC-V CPU (arXiv:2309.07158). Weights stay
// posits or bfloat16 in memory and caches; a vector kernel decompresses them to binary32 in its
// registers, just before the dot product, and adds in binary32.
//
// Here the kernel is the library's gemv on whatever vectors this CPU has: 8-bit codes are widened
// in registers, 16-bit ones by a vector conversion of 16 rows, which stay in the cache, before
// gemv. Only a RISC-V vector unit shows the paper's own times. Times are printed and judge nothing.

#include "../claim.hpp"
#include "../tensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <span>
#include <vector>

namespace {

using papers::claim, papers::relation;

constexpr claim exact{.text = "numbers of 8- and 16-bit posits and bfloat16 that binary32 rounds",
                      .paper = 0,
                      .reason = "a count: decompression must lose nothing"};
constexpr claim same_bits{
    .text = "outputs of gemv on compressed weights that differ from those on decompressed ones",
    .paper = 0,
    .reason = "a count: only the place of decompression changes"};
constexpr claim traffic_8{.text = "bytes of binary32 weights over those of 8-bit posits",
                          .paper = 4,
                          .reason = "8 bits for 32"};
constexpr claim traffic_16{.text = "bytes of binary32 weights over those of bfloat16",
                           .paper = 2,
                           .reason = "16 bits for 32"};

constexpr std::size_t rows = 4096, cols = 4096;

template <class... Formats>
double not_in_binary32() {
  double count = 0;
  const auto add = [&count](auto v) {
    count += double{static_cast<float>(v)} == static_cast<double>(v) ? 0 : 1;
  };
  (binade::for_each_value<Formats>(add), ...);
  return count;
}

/// CPU seconds of the fastest of five runs.
template <class Run>
double seconds(Run&& run) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    run();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

auto matrix(const std::vector<float>& m) { return binade::matrix_view(m.data(), rows, cols); }

/// y = w x with w compressed to F, decompressed just before it is needed.
template <class F>
class compressed_matrix {
 public:
  explicit compressed_matrix(const std::vector<float>& w) : codes_(w.size()) {
    binade::convert(w, codes_);
    if constexpr (F::bit_count == 8) {  // the same bytes as a packed tensor with scale 1
      packed_ = binade::any_packed_tensor(binade::describe_scaled(
          binade::any_format::of<F>(), matrix(w).shape(), binade::per_tensor{}));
      const auto bytes = packed_.mutable_view();
      std::memcpy(bytes.codes.data(), codes_.data(), bytes.codes.size());
      constexpr float one = 1;
      std::memcpy(bytes.scales.data(), &one, sizeof one);
    }
  }
  void multiply(const std::vector<float>& x, std::vector<float>& y) {
    if constexpr (F::bit_count == 8) return binade::gemv(x, packed_, binade::vector_view(y));
    constexpr std::size_t piece = 16;
    std::vector<float> widened(piece * cols);
    for (std::size_t row = 0; row < rows; row += piece) {
      const std::span<const F> some(&codes_[row * cols], piece * cols);
      binade::convert(some, std::span<float>(widened));
      binade::gemv(x, binade::matrix_view(widened.data(), piece, cols),
                   binade::vector_view(&y[row], piece));
    }
  }
  [[nodiscard]] std::vector<float> decompressed() const {
    std::vector<float> w(rows * cols);
    binade::convert(codes_, w);
    return w;
  }
  [[nodiscard]] double bytes() const { return static_cast<double>(codes_.size() * sizeof(F)); }

 private:
  std::vector<F> codes_;
  binade::any_packed_tensor packed_;
};

struct comparison {
  double differences = 0;  ///< outputs that are not those of decompressed weights
  double lossy = 0;        ///< outputs that are not those of the original weights
  double compression = 0;
};

template <class F>
comparison compress(const char* name, const std::vector<float>& x, const std::vector<float>& w) {
  compressed_matrix<F> m(w);
  std::vector<float> y(rows), expected(rows), original(rows);
  const double time = seconds([&] { m.multiply(x, y); });
  const double reference =
      seconds([&] { binade::gemv(x, matrix(w), binade::vector_view(original)); });
  binade::gemv(x, matrix(m.decompressed()), binade::vector_view(expected));
  std::printf("measured: %s %.2f ms, gemv of binary32 %.2f ms: %.2f times as fast\n", name,
              1e3 * time, 1e3 * reference, reference / time);
  comparison c;
  c.compression = static_cast<double>(w.size() * sizeof(float)) / m.bytes();
  for (std::size_t i = 0; i < rows; ++i) {
    c.differences += y[i] == expected[i] ? 0 : 1;
    c.lossy += y[i] == original[i] ? 0 : 1;
  }
  return c;
}

}  // namespace

int main() {
  using binade::bfloat16, binade::posit, binade::posit16, binade::posit8;
  papers::report report("Compressed Real Numbers", "arXiv:2309.07158");
  report.check(
      exact, {not_in_binary32<posit<8, 0>, posit<8, 1>, posit8, posit<16, 1>, posit16, bfloat16>(),
              not_in_binary32<binade::takum16>(), "takums, which need binary64"});

  const std::vector<float> x = papers::normal(cols, 1), tile = papers::normal(1 << 16, 2);
  std::vector<float> w;
  while (w.size() < rows * cols) w.insert(w.end(), tile.begin(), tile.end());
  const comparison p8 = compress<posit8>("posit<8, 2>", x, w);
  const comparison p16 = compress<posit16>("posit<16, 2>", x, w);
  const comparison bf16 = compress<bfloat16>("bfloat16", x, w);
  report.check(same_bits, {p8.differences + p16.differences + bf16.differences,
                           p8.lossy + p16.lossy + bf16.lossy, "against weights never compressed"});
  report.check(traffic_8, {p8.compression, p16.compression, "16-bit posits"});
  report.check(traffic_16, {bf16.compression, p8.compression, "8-bit posits"});
  return report.status();
}

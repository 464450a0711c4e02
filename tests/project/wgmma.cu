// SPDX-License-Identifier: MIT

// Hopper's FP8 matrix instructions against their model in binade/kernel/reference/tensor_core.hpp,
// bit for bit, for random and adversarial operands. On a machine with an H100 or H200:
//
//   nvcc -std=c++20 -O2 -gencode arch=compute_90a,code=sm_90a -I include tests/project/wgmma.cu
//   ./a.out [tiles [folder]]
//
// It checks `tiles` tiles (default 64) of 512 sums for each kind of operands, pair of formats and
// instruction, fewer of long chains, and ends with 0 if no bit differs. With `folder` it writes
// there the vectors that tests/kernel/reference/tensor_core_test.cpp reads: what the GPU gave, not
// what the model says. The committed ones are those of 8 tiles.

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/reference/tensor_core.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using binade::e4m3fn;
using binade::e5m2;
using binade::reference::tensor_core_factor;

// A tile is one wgmma m64n8k32, or four mma.sync m16n8k32 above each other.
constexpr std::size_t rows = 64;
constexpr std::size_t columns = 8;
constexpr std::size_t sums = rows * columns;
constexpr std::size_t depth = binade::reference::fp8_instruction_depth;
constexpr int block_threads = 128;

enum class instruction { wgmma, mma_sync };

// --- The instructions ----------------------------------------------------------------------------

/// Where a thread's first accumulator lies in the tile; the others are one column and 8 rows on.
__device__ std::size_t first_row() { return threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4; }
__device__ std::size_t first_column() { return threadIdx.x % 4 * 2; }

/// Matrix descriptor of K-major codes in shared memory without swizzle: blocks of 8 rows of 16
/// bytes, 128 bytes apart along k and 256 bytes along the other axis. Source: PTX ISA, "Matrix
/// descriptor format" of wgmma.
__device__ std::uint64_t descriptor(const std::uint8_t* shared) {
  const std::uint64_t address = __cvta_generic_to_shared(shared);
  return (address & 0x3ffff) >> 4 | std::uint64_t{128 >> 4} << 16 | std::uint64_t{256 >> 4} << 32;
}

/// Copies codes[n][stride] to the order that the descriptor describes.
__device__ void to_shared(const std::uint8_t* codes, std::size_t n, std::size_t stride,
                          std::uint8_t* shared) {
  for (std::size_t i = threadIdx.x; i < n * depth; i += block_threads) {
    const std::size_t row = i / depth;
    const std::size_t k = i % depth;
    shared[row / 8 * 256 + k / 16 * 128 + row % 8 * 16 + k % 16] = codes[row * stride + k];
  }
}

// The formats are part of an instruction's name, so each pair has its own statement.
template <class A, class B>
__device__ void wgmma(float (&d)[4], std::uint64_t a, std::uint64_t b, int add_to_d) {
#define BINADE_TEST_WGMMA(FORMATS)                                                                \
  asm volatile(                                                                                   \
      "{.reg .pred p; setp.ne.b32 p, %6, 0;"                                                      \
      "wgmma.mma_async.sync.aligned.m64n8k32.f32." FORMATS " {%0, %1, %2, %3}, %4, %5, p, 1, 1;}" \
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                            \
      : "l"(a), "l"(b), "r"(add_to_d))
  if constexpr (std::same_as<A, e4m3fn> && std::same_as<B, e4m3fn>) {
    BINADE_TEST_WGMMA("e4m3.e4m3");
  } else if constexpr (std::same_as<A, e4m3fn>) {
    BINADE_TEST_WGMMA("e4m3.e5m2");
  } else if constexpr (std::same_as<B, e4m3fn>) {
    BINADE_TEST_WGMMA("e5m2.e4m3");
  } else {
    BINADE_TEST_WGMMA("e5m2.e5m2");
  }
#undef BINADE_TEST_WGMMA
}

template <class A, class B>
__device__ void mma_sync(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
#define BINADE_TEST_MMA(FORMATS)                                                      \
  asm volatile("mma.sync.aligned.m16n8k32.row.col.f32." FORMATS                       \
               ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                       \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
  if constexpr (std::same_as<A, e4m3fn> && std::same_as<B, e4m3fn>) {
    BINADE_TEST_MMA("e4m3.e4m3");
  } else if constexpr (std::same_as<A, e4m3fn>) {
    BINADE_TEST_MMA("e4m3.e5m2");
  } else if constexpr (std::same_as<B, e4m3fn>) {
    BINADE_TEST_MMA("e5m2.e4m3");
  } else {
    BINADE_TEST_MMA("e5m2.e5m2");
  }
#undef BINADE_TEST_MMA
}

__device__ std::uint32_t four_codes(const std::uint8_t* codes) {
  return codes[0] | codes[1] << 8 | codes[2] << 16 | static_cast<std::uint32_t>(codes[3]) << 24;
}

/// d += a[64, 32] b[8, 32]^T, or d = that product alone; rows lie `stride` codes apart.
template <instruction I, class A, class B>
__device__ void multiply(float (&d)[4], const std::uint8_t* a, const std::uint8_t* b,
                         std::size_t stride, bool add_to_d) {
  if constexpr (I == instruction::wgmma) {
    __shared__ alignas(128) std::uint8_t a_shared[rows * depth];
    __shared__ alignas(128) std::uint8_t b_shared[columns * depth];
    to_shared(a, rows, stride, a_shared);
    to_shared(b, columns, stride, b_shared);
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    wgmma<A, B>(d, descriptor(a_shared), descriptor(b_shared), add_to_d ? 1 : 0);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    __syncthreads();
  } else {
    const std::uint8_t* row = a + first_row() * stride + threadIdx.x % 4 * 4;
    const std::uint8_t* column = b + threadIdx.x % 32 / 4 * stride + threadIdx.x % 4 * 4;
    const std::uint32_t a_codes[4] = {four_codes(row), four_codes(row + 8 * stride),
                                      four_codes(row + 16), four_codes(row + 8 * stride + 16)};
    const std::uint32_t b_codes[2] = {four_codes(column), four_codes(column + 16)};
    mma_sync<A, B>(d, a_codes, b_codes);
  }
}

// --- The model -----------------------------------------------------------------------------------

/// The factors of all codes of a format.
template <instruction I, class F>
__host__ __device__ tensor_core_factor factor_of(std::uint8_t code) {
  const int least = I == instruction::wgmma ? binade::detail::min_exponent(F::spec) : -14;
  return binade::reference::make_tensor_core_factor(unpack(F::from_bits(code)), least);
}

/// The bits that the model gives for one sum of `steps` instructions.
template <instruction I>
__host__ __device__ std::uint32_t model(const std::uint8_t* a, const tensor_core_factor* a_factors,
                                        const std::uint8_t* b, const tensor_core_factor* b_factors,
                                        std::size_t steps, std::uint32_t c) {
  for (std::size_t step = 0; step < steps; ++step) {
    tensor_core_factor x[depth];
    tensor_core_factor y[depth];
    for (std::size_t k = 0; k < depth; ++k) {
      x[k] = a_factors[a[step * depth + k]];
      y[k] = b_factors[b[step * depth + k]];
    }
    c = I == instruction::wgmma ? binade::reference::hopper_wgmma_fp8(x, y, c)
                                : binade::reference::hopper_mma_sync_fp8(x, y, c);
  }
  return c;
}

/// One tile a block: its sums to `d`, and how many of them are not the model's added to `wrong`.
template <instruction I, class A, class B>
__global__ void kernel(const std::uint8_t* a, const std::uint8_t* b, const std::uint32_t* c,
                       std::uint32_t* d, std::size_t steps, bool add_to_c, int* wrong) {
  const std::size_t stride = steps * depth;
  a += blockIdx.x * rows * stride;
  b += blockIdx.x * columns * stride;
  c += blockIdx.x * sums;
  d += blockIdx.x * sums;
  __shared__ tensor_core_factor a_factors[256];
  __shared__ tensor_core_factor b_factors[256];
  for (int code = static_cast<int>(threadIdx.x); code < 256; code += block_threads) {
    a_factors[code] = factor_of<I, A>(static_cast<std::uint8_t>(code));
    b_factors[code] = factor_of<I, B>(static_cast<std::uint8_t>(code));
  }
  std::size_t row[4];
  std::size_t column[4];
  float sum[4];
  for (std::size_t i = 0; i < 4; ++i) {
    row[i] = first_row() + i / 2 * 8;
    column[i] = first_column() + i % 2;
    sum[i] = __uint_as_float(c[row[i] * columns + column[i]]);
  }
  for (std::size_t step = 0; step < steps; ++step) {
    multiply<I, A, B>(sum, a + step * depth, b + step * depth, stride, step != 0 || add_to_c);
  }
  __syncthreads();
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t at = row[i] * columns + column[i];
    const std::uint32_t expected = model<I>(a + row[i] * stride, a_factors, b + column[i] * stride,
                                            b_factors, steps, add_to_c ? c[at] : 0);
    d[at] = __float_as_uint(sum[i]);
    if (d[at] != expected) atomicAdd(wrong, 1);
  }
}

// --- Operands ------------------------------------------------------------------------------------

/// What is special about a tile's operands.
enum class kind {
  any,               ///< all codes, accumulators of all bits
  finite,            ///< all finite codes, accumulator 0
  accumulated,       ///< all finite codes, accumulators of 80 binades around 1
  positive,          ///< no negative product: every cut adds to the error
  sparse,            ///< one to five products of a row, the rest zeros of both signs
  one_huge,          ///< one product far above the others
  subnormal,         ///< two thirds of the codes subnormal
  unnormalized,      ///< subnormal times anything: exponents above their products' magnitudes
  zero_times_large,  ///< zeros against large values, which must not set the alignment
  bare_accumulator,  ///< zeros of both signs, accumulators of every exponent, special ones included
  every_exponent,    ///< all finite codes, accumulators of every exponent
  cancelling,        ///< pairs of opposite products
  border,            ///< powers of two within two places of where terms are cut
  special,           ///< now and then NaN, infinity, -0, in operands and accumulators
};
constexpr const char* kind_names[] = {"any",
                                      "finite",
                                      "accumulated",
                                      "positive",
                                      "sparse",
                                      "one_huge",
                                      "subnormal",
                                      "unnormalized",
                                      "zero_times_large",
                                      "bare_accumulator",
                                      "every_exponent",
                                      "cancelling",
                                      "border",
                                      "special"};
constexpr int kinds = static_cast<int>(std::size(kind_names));

/// Random codes of one FP8 format.
class codes {
 public:
  codes(std::mt19937_64& random, bool is_e4m3) : random_(random), is_e4m3_(is_e4m3) {}

  [[nodiscard]] std::uint8_t any() { return static_cast<std::uint8_t>(random_()); }
  [[nodiscard]] std::uint8_t zero() { return any() & 0x80; }
  [[nodiscard]] std::uint8_t finite() {
    std::uint8_t code = any();
    while ((code & 0x7f) > (is_e4m3_ ? 0x7e : 0x7b)) code = any();
    return code;
  }
  /// Exponent fields are those of E4M3; a binade of it is one of E5M2 too, 8 fields further.
  [[nodiscard]] std::uint8_t in_binades(int low, int high) {
    const int field = low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
    const int code = is_e4m3_ ? field << 3 | (any() & 7) : (field + 8) << 2 | (any() & 3);
    return static_cast<std::uint8_t>(code) | zero();
  }
  [[nodiscard]] std::uint8_t power_of_two(int low, int high) {
    return in_binades(low, high) & (is_e4m3_ ? 0xf8 : 0xfc);
  }
  [[nodiscard]] std::uint8_t subnormal() { return (any() & (is_e4m3_ ? 7 : 3)) | zero(); }
  [[nodiscard]] std::uint8_t smallest_binades() {
    return static_cast<std::uint8_t>(any() % (is_e4m3_ ? 24 : 12)) | zero();
  }
  [[nodiscard]] std::uint8_t special() {
    if (any() % 4 == 0) return zero();
    return (is_e4m3_ ? 0x7f : 0x7c + (any() % 3 == 0 ? any() % 4 : 0)) | zero();
  }

 private:
  std::mt19937_64& random_;
  bool is_e4m3_;
};

/// Bits of a float with an exponent field in [low, high].
std::uint32_t float_in(std::mt19937_64& random, std::uint32_t low, std::uint32_t high) {
  const std::uint32_t field = low + static_cast<std::uint32_t>(random() % (high - low + 1));
  return static_cast<std::uint32_t>(random() & 0x807fffff) | field << 23;
}

/// Operands of one kind and what the GPU made of them.
struct tile_set {
  kind what;
  instruction made_by;
  bool a_is_e4m3;
  bool b_is_e4m3;
  bool add_to_c;  ///< false: the first instruction ignores c
  std::size_t steps;
  std::size_t tiles;
  std::vector<std::uint8_t> a;   // [tiles, rows, steps * depth]
  std::vector<std::uint8_t> b;   // [tiles, columns, steps * depth]
  std::vector<std::uint32_t> c;  // [tiles, rows, columns]
  std::vector<std::uint32_t> d;

  [[nodiscard]] std::string name() const {
    return std::string(made_by == instruction::wgmma ? "wgmma" : "mma_sync") + " " +
           kind_names[static_cast<int>(what)] + " " + (a_is_e4m3 ? "e4m3fn" : "e5m2") + " " +
           (b_is_e4m3 ? "e4m3fn" : "e5m2") + " " + std::to_string(steps);
  }
  void fill(std::uint64_t seed);
};

void tile_set::fill(std::uint64_t seed) {
  const std::size_t stride = steps * depth;
  a.resize(tiles * rows * stride);
  b.resize(tiles * columns * stride);
  c.assign(tiles * sums, 0);
  d.assign(tiles * sums, 0);
  std::mt19937_64 random(seed);
  codes xs(random, a_is_e4m3);
  codes ys(random, b_is_e4m3);
  const auto change_a = [&](auto&& f) { std::generate(a.begin(), a.end(), f); };
  const auto change_b = [&](auto&& f) { std::generate(b.begin(), b.end(), f); };
  change_a([&] { return xs.finite(); });
  change_b([&] { return ys.finite(); });
  const auto change_half_of_c = [&](std::uint32_t low, std::uint32_t high) {
    for (std::uint32_t& x : c) {
      if (random() % 2 != 0) x = float_in(random, low, high);
    }
  };
  switch (what) {
    case kind::any:
      change_a([&] { return xs.any(); });
      change_b([&] { return ys.any(); });
      for (std::uint32_t& x : c) x = static_cast<std::uint32_t>(random());
      break;
    case kind::finite:
      break;
    case kind::accumulated:
      for (std::uint32_t& x : c) x = float_in(random, 87, 166);
      break;
    case kind::positive:
      change_a([&] { return xs.in_binades(4, 8) & 0x7f; });
      change_b([&] { return ys.in_binades(4, 8) & 0x7f; });
      for (std::uint32_t& x : c) x = float_in(random, 117, 144) & 0x7fffffff;
      break;
    case kind::sparse:
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (random() % 11 != 0) a[i] = xs.zero();
      }
      change_half_of_c(87, 156);
      break;
    case kind::one_huge:
      change_a([&] { return xs.in_binades(2, 6); });
      change_b([&] { return ys.in_binades(2, 6); });
      for (std::size_t i = 0; i < a.size(); i += depth) {
        a[i + random() % depth] = xs.in_binades(12, 14);
      }
      change_half_of_c(111, 150);
      break;
    case kind::subnormal:
      change_a([&] { return random() % 3 != 0 ? xs.subnormal() : xs.smallest_binades(); });
      change_b([&] { return random() % 3 != 0 ? ys.subnormal() : ys.smallest_binades(); });
      change_half_of_c(83, 122);
      break;
    case kind::unnormalized:
      change_a([&] { return xs.subnormal(); });
      change_half_of_c(97, 136);
      break;
    case kind::zero_times_large:
      change_a([&] { return random() % 8 != 0 ? xs.zero() : xs.smallest_binades(); });
      change_b([&] { return random() % 2 != 0 ? ys.in_binades(10, 14) : ys.smallest_binades(); });
      change_half_of_c(97, 126);
      break;
    case kind::bare_accumulator:
      change_a([&] { return xs.zero(); });
      [[fallthrough]];
    case kind::every_exponent:
      for (std::size_t i = 0; i < c.size(); ++i) {
        // A quarter each: any fraction, a short one, the 24-bit fractions' ends, subnormals' ends.
        const auto field = static_cast<std::uint32_t>(i / 4 % 256);
        const std::uint32_t masks[4] = {0x807fffff, 0x807ffc00, 0x80000fff, 0x80000401};
        c[i] = (static_cast<std::uint32_t>(random()) & masks[i % 4]) | field << 23;
      }
      break;
    case kind::cancelling:
      change_a([&] { return xs.in_binades(1, 14); });
      for (std::size_t i = 0; i < b.size(); i += 2) b[i + 1] = b[i];
      for (std::size_t i = 0; i < a.size(); i += 2) {
        if (random() % 8 != 0) a[i + 1] = a[i] ^ 0x80;
      }
      change_half_of_c(107, 140);
      break;
    case kind::border:
      // Products from 2^-12 to 2^-8, accumulators from 1/2 to 64: cut from 2^-14 to 2^-8.
      change_a([&] { return xs.power_of_two(1, 3); });
      change_b([&] { return ys.power_of_two(1, 3); });
      change_half_of_c(126, 132);
      break;
    case kind::special:
      for (std::uint8_t& x : a) {
        if (random() % 64 == 0) x = xs.special();
      }
      for (std::uint8_t& y : b) {
        if (random() % 64 == 0) y = ys.special();
      }
      for (std::uint32_t& x : c) {
        const std::uint32_t choices[8] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc00000,
                                          0x7f800001, 0x80000000, 0x3f800000, 0xbf800001};
        x = choices[random() % 8];
      }
      break;
  }
}

// --- Runs ----------------------------------------------------------------------------------------

void require(cudaError_t status, const std::string& what) {
  if (status == cudaSuccess) return;
  std::printf("%s: %s\n", what.c_str(), cudaGetErrorString(status));
  std::exit(2);
}

/// Device memory with a copy of a vector.
template <class T>
class on_device {
 public:
  explicit on_device(const std::vector<T>& x) {
    require(cudaMalloc(&data_, x.size() * sizeof(T)), "cudaMalloc");
    require(cudaMemcpy(data_, x.data(), x.size() * sizeof(T), cudaMemcpyHostToDevice), "copy in");
  }
  on_device(const on_device&) = delete;
  on_device& operator=(const on_device&) = delete;
  ~on_device() { cudaFree(data_); }
  [[nodiscard]] T* data() const { return data_; }

 private:
  T* data_ = nullptr;
};

template <class T>
void read(const on_device<T>& memory, std::vector<T>& x) {
  require(cudaMemcpy(x.data(), memory.data(), x.size() * sizeof(T), cudaMemcpyDeviceToHost),
          "copy out");
}

/// Runs a set on the GPU; returns how many sums the model gets wrong: all sums computed on the
/// device, those of the first tile on the host too.
template <instruction I, class A, class B>
int run(tile_set& set) {
  const on_device a(set.a);
  const on_device b(set.b);
  const on_device c(set.c);
  const on_device d(set.d);
  std::vector<int> wrong(1);
  const on_device wrong_count(wrong);
  kernel<I, A, B><<<static_cast<unsigned>(set.tiles), block_threads>>>(
      a.data(), b.data(), c.data(), d.data(), set.steps, set.add_to_c, wrong_count.data());
  require(cudaGetLastError(), set.name());
  read(d, set.d);
  read(wrong_count, wrong);

  tensor_core_factor a_factors[256];
  tensor_core_factor b_factors[256];
  for (int code = 0; code < 256; ++code) {
    a_factors[code] = factor_of<I, A>(static_cast<std::uint8_t>(code));
    b_factors[code] = factor_of<I, B>(static_cast<std::uint8_t>(code));
  }
  const std::size_t stride = set.steps * depth;
  for (std::size_t i = 0; i < sums; ++i) {
    const std::uint32_t expected = model<I>(set.a.data() + i / columns * stride, a_factors,
                                            set.b.data() + i % columns * stride, b_factors,
                                            set.steps, set.add_to_c ? set.c[i] : 0);
    if (expected == set.d[i]) continue;
    std::printf("%s, sum %zu: from %08x got %08x, expected %08x\n", set.name().c_str(), i, set.c[i],
                set.d[i], expected);
    ++wrong[0];
  }
  return wrong[0];
}

template <instruction I>
int run(tile_set& set) {
  if (set.a_is_e4m3) {
    return set.b_is_e4m3 ? run<I, e4m3fn, e4m3fn>(set) : run<I, e4m3fn, e5m2>(set);
  }
  return set.b_is_e4m3 ? run<I, e5m2, e4m3fn>(set) : run<I, e5m2, e5m2>(set);
}

/// The kinds of which chains are written: those with effects that grow with the length.
bool is_chained(kind what) {
  return what == kind::accumulated || what == kind::positive || what == kind::one_huge ||
         what == kind::cancelling;
}

/// Appends the first 8 rows of a set's first tile: a title, then operands and sums row by row.
void write(const tile_set& set, std::FILE* file) {
  const std::size_t stride = set.steps * depth;
  std::fprintf(file, "%s\n", set.name().c_str());
  const auto write_codes = [&](const std::vector<std::uint8_t>& x) {
    for (std::size_t i = 0; i < 8 * stride; ++i) {
      std::fprintf(file, "%02x%s", x[i], i % stride == stride - 1 ? "\n" : "");
    }
  };
  const auto write_sums = [&](const std::vector<std::uint32_t>& x) {
    for (std::size_t i = 0; i < 8 * columns; ++i) {
      std::fprintf(file, "%08x%s", x[i], i % columns == columns - 1 ? "\n" : " ");
    }
  };
  write_codes(set.a);
  write_codes(set.b);
  write_sums(set.c);
  write_sums(set.d);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t tiles = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 64;
  int count = 0;
  require(cudaGetDeviceCount(&count), "no GPU");
  cudaDeviceProp device{};
  require(cudaGetDeviceProperties(&device, 0), "cudaGetDeviceProperties");
  int driver = 0;
  require(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  std::FILE* file = nullptr;
  if (argc > 2) {
    file = std::fopen((std::string(argv[2]) + "/instructions.txt").c_str(), "w");
    if (file == nullptr) {
      std::printf("cannot write into %s\n", argv[2]);
      return 2;
    }
    std::fprintf(
        file,
        "# Made by tests/project/wgmma.cu on %s; CUDA runtime %d, driver %d.\n"
        "# Blocks of lines: a title (instruction, kind of operands, formats of a and b,\n"
        "# instructions in the chain), a[8][32 * chain], b[8][32 * chain] (codes in hex),\n"
        "# c[8][8], d[8][8] (bits of floats in hex): d = c + a b^T.\n",
        device.name, CUDART_VERSION, driver);
  }
  std::uint64_t seed = 0;
  std::size_t checked = 0;
  int wrong = 0;
  for (const instruction i : {instruction::wgmma, instruction::mma_sync}) {
    for (int k = 0; k < kinds; ++k) {
      for (int formats = 0; formats < 4; ++formats) {
        for (const std::size_t steps : {1U, 2U, 5U, 64U}) {
          for (const bool add_to_c : {true, false}) {
            if (!add_to_c && i == instruction::mma_sync) continue;  // which has no such option
            tile_set set{static_cast<kind>(k),
                         i,
                         formats < 2,
                         formats % 2 == 0,
                         add_to_c,
                         steps,
                         (tiles + steps - 1) / steps,
                         {},
                         {},
                         {},
                         {}};
            set.fill(++seed);
            const int now = i == instruction::wgmma ? run<instruction::wgmma>(set)
                                                    : run<instruction::mma_sync>(set);
            if (now != 0) std::printf("%s: %d sums differ\n", set.name().c_str(), now);
            wrong += now;
            checked += set.d.size() * steps;
            // Every pair of formats for wgmma and some chains, one in turn for mma.sync.
            const bool chosen = steps == 1 ? i == instruction::wgmma || k % 4 == formats
                                           : i == instruction::wgmma && steps == 2 &&
                                                 k % 4 == formats && is_chained(set.what);
            if (file != nullptr && chosen && add_to_c) write(set, file);
          }
        }
      }
    }
  }
  if (file != nullptr) std::fclose(file);
  std::printf("%s: %zu sums of 32 products, %d differ from the model\n", device.name, checked,
              wrong);
  return wrong == 0 ? 0 : 1;
}

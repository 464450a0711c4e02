// SPDX-License-Identifier: MIT

#include "support/limits.hpp"

#include "binade/core/config.hpp"
#include "binade/kernel/simd/dispatch.hpp"  // is_available
#include "support/inputs.hpp"
#include "support/machine.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#if BINADE_ARCH_X86_64
#include <immintrin.h>
#endif

namespace bench {
namespace {

struct move_function {
  void (*run)(const std::byte*, std::byte*, std::size_t) = nullptr;
  int vectors_read = 0;
  int vectors_written = 0;
  std::size_t vector_bytes = 0;
};

}  // namespace
}  // namespace bench

BINADE_BEGIN_TARGET_PORTABLE
namespace bench {
namespace {
namespace portable {
struct vec {
  std::uint64_t v[4];
};
inline vec load(const std::byte* p) {
  vec r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
inline void store(std::byte* p, const vec& x) { std::memcpy(p, x.v, sizeof x.v); }
inline void stream(std::byte* p, const vec& x) { store(p, x); }
inline void fence() {}
inline vec merge(const vec& a, const vec& b, const vec& c) {
  vec r;
  for (int i = 0; i < 4; ++i) r.v[i] = a.v[i] | b.v[i] | c.v[i];
  return r;
}
inline vec spread(float x) {
  vec r;
  for (int i = 0; i < 8; ++i) std::memcpy(reinterpret_cast<char*>(r.v) + 4 * i, &x, sizeof x);
  return r;
}
inline vec multiply_add(const vec& a, const vec& f) {
  float x[8];
  float y[8];
  std::memcpy(x, a.v, sizeof x);
  std::memcpy(y, f.v, sizeof y);
  for (int i = 0; i < 8; ++i) x[i] = x[i] * y[i] + y[i];
  vec r;
  std::memcpy(r.v, x, sizeof x);
  return r;
}
#include "support/limit_loops.inl"
}  // namespace portable
}  // namespace
}  // namespace bench
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace bench {
namespace {
namespace avx2 {
using vec = __m256i;
inline vec load(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(std::byte* p, vec x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
inline void stream(std::byte* p, vec x) { _mm256_stream_si256(reinterpret_cast<__m256i*>(p), x); }
inline void fence() { _mm_sfence(); }
inline vec merge(vec a, vec b, vec c) { return _mm256_or_si256(a, _mm256_or_si256(b, c)); }
inline vec spread(float x) { return _mm256_castps_si256(_mm256_set1_ps(x)); }
inline vec multiply_add(vec a, vec f) {
  const __m256 y = _mm256_castsi256_ps(f);
  return _mm256_castps_si256(_mm256_fmadd_ps(_mm256_castsi256_ps(a), y, y));
}
#include "support/limit_loops.inl"
}  // namespace avx2
}  // namespace
}  // namespace bench
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace bench {
namespace {
namespace avx512 {
using vec = __m512i;
inline vec load(const std::byte* p) { return _mm512_loadu_si512(p); }
inline void store(std::byte* p, vec x) { _mm512_storeu_si512(p, x); }
inline void stream(std::byte* p, vec x) { _mm512_stream_si512(reinterpret_cast<__m512i*>(p), x); }
inline void fence() { _mm_sfence(); }
inline vec merge(vec a, vec b, vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0xfe); }
inline vec spread(float x) { return _mm512_castps_si512(_mm512_set1_ps(x)); }
inline vec multiply_add(vec a, vec f) {
  const __m512 y = _mm512_castsi512_ps(f);
  return _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(a), y, y));
}
#include "support/limit_loops.inl"
}  // namespace avx512
}  // namespace
}  // namespace bench
BINADE_END_TARGET
#endif

namespace bench {
namespace {

struct limit_loops {
  move_function (*find_move)(int, int, bool);
  void (*multiply_add)(std::size_t, float*);
  double multiply_adds_a_step;
};

limit_loops widest_loops() {
#if BINADE_ARCH_X86_64
  using binade::simd::target;
  if (binade::simd::is_available(target::avx512)) {
    return {&avx512::find_move, &avx512::multiply_add_loop, avx512::multiply_adds_a_step};
  }
  if (binade::simd::is_available(target::avx2)) {
    return {&avx2::find_move, &avx2::multiply_add_loop, avx2::multiply_adds_a_step};
  }
#endif
  return {&portable::find_move, &portable::multiply_add_loop, portable::multiply_adds_a_step};
}

std::string bytes_of(int bits) {
  constexpr const char* quarters[] = {"", ".25", ".5", ".75"};
  return std::to_string(bits / 8) + quarters[bits % 8 / 2];
}

/// A limit loop and its memory.
struct move_work {
  move_function move;
  const std::byte* in = nullptr;
  std::byte* out = nullptr;
  std::size_t steps = 0;
  double bytes = 0;

  void run(std::size_t first, std::size_t count) const {
    const auto offset = [&](int vectors) {
      return first * static_cast<std::size_t>(vectors) * move.vector_bytes;
    };
    move.run(in + offset(move.vectors_read), out + offset(move.vectors_written), count);
  }
};

move_work make_work(std::size_t elements, int read, int written, stores how) {
  move_work work;
  work.move = widest_loops().find_move(read, written, how == stores::streamed);
  if (work.move.run == nullptr) {
    throw std::invalid_argument("move_limit: no loop reads " + bytes_of(read) + " and writes " +
                                bytes_of(written) + " bytes an element");
  }
  const std::size_t bytes_read = elements * static_cast<std::size_t>(read) / 8;
  const std::size_t bytes_written = elements * static_cast<std::size_t>(written) / 8;
  work.in = std::as_bytes(normal_floats((bytes_read + 3) / 4)).data();
  work.out = output(bytes_written + work.move.vector_bytes).data();
  work.steps =
      bytes_read / (static_cast<std::size_t>(work.move.vectors_read) * work.move.vector_bytes);
  work.bytes = static_cast<double>(bytes_read + bytes_written);
  return work;
}

}  // namespace

contender move_limit(std::size_t elements, int read, int written, stores how) {
  const move_work work = make_work(elements, read, written, how);
  contender c;
  c.items = static_cast<double>(elements);
  c.bytes = work.bytes;
  c.run = [=] { work.run(0, work.steps); };
  return c;
}

contender move_limit_of_threads(std::size_t elements, int read, int written,
                                const std::shared_ptr<binade::threads>& pool) {
  const move_work work = make_work(elements, read, written, stores::ordinary);
  contender c;
  c.items = static_cast<double>(elements);
  c.bytes = work.bytes;
  c.run = [=] {
    const std::size_t share = work.steps / pool->size();
    pool->execute(pool->size(), [&](std::size_t i) { work.run(i * share, share); });
  };
  return c;
}

contender read_limit(std::size_t bytes, double items) {
  contender c = move_limit(bytes, 8, 0);
  c.items = items;
  return c;
}

contender multiply_add_limit(double items) {
  const limit_loops loops = widest_loops();
  const auto steps = static_cast<std::size_t>(items / loops.multiply_adds_a_step) + 1;
  auto* out = reinterpret_cast<float*>(output(4096).data());
  contender c;
  c.items = static_cast<double>(steps) * loops.multiply_adds_a_step;
  c.run = [=] { loops.multiply_add(steps, out); };
  return c;
}

contender clock_cycles() {
  constexpr std::uint64_t multiplications = 1 << 18;
  contender c;
  c.items = 3.0 * multiplications;
  c.run = [] {
    std::uint64_t x = 3;
    for (std::uint64_t i = 0; i < multiplications; i += 4) {
      for (int j = 0; j < 4; ++j) {
        x *= x;
        asm volatile("" : "+r"(x));
      }
    }
  };
  return c;
}

void empty_caches() {
  static const contender read = read_limit(std::size_t{512} << 20, 1);
  read.run();
}

case_list limit_cases() {
  case_list cases;
  const auto add = [&cases](int read, int written) {
    const std::string name = "limit/read" + bytes_of(read) + "/write" + bytes_of(written);
    const auto with = [read, written](stores how) {
      return [=](place where) { return move_limit(elements_at(where), read, written, how); };
    };
    benchmark_case c;
    c.name = name;
    c.places = {place::l1, place::l2, place::memory};
    c.make = with(stores::ordinary);
    cases.push_back(c);
    if (written == 0) return;
    c.name = name + "/streamed";
    c.make = with(stores::streamed);
    cases.push_back(std::move(c));
  };
  for (const auto& [read, written] : {std::pair{32, 8},
                                      {32, 16},
                                      {32, 4},
                                      {16, 8},
                                      {16, 4},
                                      {8, 32},
                                      {8, 16},
                                      {4, 32},
                                      {32, 0}}) {
    add(read, written);
  }
  benchmark_case clock;
  clock.name = "limit/cycles";
  clock.places = {place::l1};
  clock.make = [](place) { return clock_cycles(); };
  cases.push_back(std::move(clock));
  return cases;
}

}  // namespace bench

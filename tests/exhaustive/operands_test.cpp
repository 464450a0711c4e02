// SPDX-License-Identifier: MIT

// + - * / and fma of every format of at most 16 bits against the exact result rounded once: all
// pairs and, in the full form, all triples of at most 8 bits; all pairs of 256 chosen codes and
// seeded pairs and triples of the wider ones, 2^28 pairs in the full form.
//
// The expected code comes from binary64 arithmetic of the processor and the sign of its rounding
// error, found exactly (oracle::arithmetic_detail::nearby_result says why), and from a table of the
// format's boundaries. On infinities, NaNs, signed zeros and division by zero binary64 obeys the
// same rules of IEEE 754 as the formats do, but for x / 0 where a format calls that NaN.

#include "binade/format/catalog.hpp"
#include "exhaustive/support.hpp"
#include "format/contract_support.hpp"
#include "oracle/arithmetic.hpp"
#include "oracle/cells.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using oracle::code_type;
using oracle::operation;

using codes = std::vector<std::uint16_t>;

/// Operations of the library's on arrays of codes; the third array is for fma.
struct calls {
  const char* name;
  int bits;
  void (*apply[5])(const codes&, const codes&, const codes&, codes&);
};
constexpr operation operations[] = {operation::add, operation::subtract, operation::multiply,
                                    operation::divide, operation::fused_multiply_add};
constexpr const char* signs[] = {" + ", " - ", " * ", " / ", " * "};
constexpr std::size_t fma_index = 4;

template <class F, operation Op>
[[gnu::flatten]] void apply(const codes& a, const codes& b, const codes& c, codes& out) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const F x = F::from_bits(a[i]);
    const F y = F::from_bits(b[i]);
    if constexpr (Op == operation::add) out[i] = (x + y).bits();
    if constexpr (Op == operation::subtract) out[i] = (x - y).bits();
    if constexpr (Op == operation::multiply) out[i] = (x * y).bits();
    if constexpr (Op == operation::divide) out[i] = (x / y).bits();
    if constexpr (Op == operation::fused_multiply_add) {
      out[i] = fma(x, y, F::from_bits(c[i])).bits();
    }
  }
}

std::vector<calls> table() {
  std::vector<calls> list;
  binade::for_each_type(binade::all_formats{}, [&list]<class F>() {
    if constexpr (F::bit_count <= 16) {
      list.push_back(
          {F::names.name,
           F::bit_count,
           {apply<F, operation::add>, apply<F, operation::subtract>, apply<F, operation::multiply>,
            apply<F, operation::divide>, apply<F, operation::fused_multiply_add>}});
    }
  });
  return list;
}

/// What the results of one format must be.
class expectation {
 public:
  explicit expectation(const oracle::format& f) : f_(f) {
    // Codebooks, whose values have too many bits for a table, are searched.
    try {
      table_.emplace(f, default_rounding(f), policy());
    } catch (const std::invalid_argument&) {
    }
  }

  [[nodiscard]] code_type result(operation op, code_type a, code_type b, code_type c) const {
    const double x = f_.codes[a].value;
    const double y = f_.codes[b].value;
    if (op == operation::divide && y == 0 && f_.division_by_zero_is_nan) return nan_result(f_, 0);
    const oracle::nearby exact =
        oracle::arithmetic_detail::nearby_result(op, x, y, f_.codes[c].value);
    return table_ ? table_->code(exact) : encode(f_, exact, default_rounding(f_), policy());
  }
  [[nodiscard]] bool same(code_type got, code_type wanted) const {
    return got == wanted || (is_nan(got) && is_nan(wanted));  // allowed difference 1
  }
  [[nodiscard]] const oracle::format& format() const { return f_; }

 private:
  /// Arithmetic keeps infinities in narrow formats.
  [[nodiscard]] oracle::saturation policy() const {
    return f_.bits <= 8 ? oracle::saturation::propagate : oracle::saturation::none;
  }
  [[nodiscard]] bool is_nan(code_type code) const {
    return code < f_.codes.size() && f_.codes[code].kind == oracle::code_kind::nan;
  }

  const oracle::format& f_;
  std::optional<oracle::cell_table> table_;
};

/// Applies operation number `op` to the operands and compares.
void check(const calls& t, const expectation& e, std::size_t op, const codes& a, const codes& b,
           const codes& c, exhaustive::tally& row) {
  thread_local codes got;
  const exhaustive::stopwatch watch;
  got.resize(a.size());
  t.apply[op](a, b, c, got);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const code_type wanted = e.result(operations[op], a[i], b[i], c[i]);
    if (e.same(got[i], wanted)) continue;
    row.add_mismatch([&] {
      std::string text = exhaustive::shown_code(e.format(), a[i]) + signs[op] +
                         exhaustive::shown_code(e.format(), b[i]);
      if (op == fma_index) text += " + " + exhaustive::shown_code(e.format(), c[i]);
      return text + " gives " + exhaustive::shown_code(e.format(), got[i]) + ", expected " +
             exhaustive::shown_code(e.format(), wanted);
    });
  }
  row.add(a.size(), watch.seconds());
}

/// Each of `list` with each of it in the four operations.
void check_all_pairs(const calls& t, const expectation& e, const codes& list,
                     exhaustive::tally& row) {
  exhaustive::for_each_index(list.size(), [&](std::size_t i) {
    const codes a(list.size(), list[i]);
    for (std::size_t op = 0; op < fma_index; ++op) check(t, e, op, a, list, list, row);
  });
}

/// 256 codes: those around 0, the ends of the range, the infinities and NaN, the least normal
/// number and some small ones, of both signs, and others evenly spread.
codes chosen_codes(const oracle::format& f) {
  const auto count = static_cast<code_type>(f.code_count());
  std::vector<std::uint16_t> chosen;
  const auto choose = [&](code_type code) {
    const auto c = static_cast<std::uint16_t>(code % count);
    if (std::find(chosen.begin(), chosen.end(), c) == chosen.end() && chosen.size() < 256) {
      chosen.push_back(c);
    }
  };
  for (const double x : {0.0, 1.0, 2.0, 0.5, 3.0, 1.0 / 3, std::ldexp(1.0, -14),
                         std::ldexp(1.0, -126), f.extreme(false).value}) {
    for (const double sign : {1.0, -1.0}) {
      const code_type code = encode(f, sign * x, oracle::mode::ties_to_even, {});
      for (code_type i = 0; i < 7; ++i) choose(code + count + i - 3);
    }
  }
  for (const auto& special : {f.nan, f.positive_infinity, f.negative_infinity, f.negative_zero}) {
    if (special) choose(*special);
  }
  for (code_type code = 0; chosen.size() < 256; code += 257) choose(code);
  return chosen;
}

/// Random codes for chunk `chunk`: a multiplicative mix of its number (splitmix64), so that a chunk
/// does not depend on who computes it.
void fill(codes& list, std::uint64_t chunk, std::size_t size, code_type count) {
  std::uint64_t state = chunk * 0x9E3779B97F4A7C15U;
  list.resize(size);
  for (std::uint16_t& code : list) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    code = static_cast<std::uint16_t>((z ^ (z >> 31)) % count);
  }
}

/// `n` seeded pairs in each of the four operations, or n triples in fma.
void check_seeded(const calls& t, const expectation& e, std::uint64_t n, bool triples,
                  exhaustive::tally& row) {
  constexpr std::size_t size = 1 << 14;
  const auto count = static_cast<code_type>(e.format().code_count());
  exhaustive::for_each_index((n + size - 1) / size, [&](std::size_t chunk) {
    thread_local codes operands[3];
    for (std::size_t i = 0; i < 3; ++i) {
      fill(operands[i], (chunk * 3 + i) * size, size, count);
    }
    const auto run = [&](std::size_t op) {
      check(t, e, op, operands[0], operands[1], operands[2], row);
    };
    if (triples) {
      run(fma_index);
    } else {
      for (std::size_t op = 0; op < fma_index; ++op) run(op);
    }
  });
}

class operands : public ::testing::TestWithParam<calls> {
 protected:
  const calls& t = GetParam();
  const expectation e{contract::oracle_of(contract::format_named(t.name))};
  const std::uint64_t count = e.format().code_count();

  [[nodiscard]] codes all_codes() const {
    codes list;
    for (std::uint64_t code = 0; code < count; ++code) {
      list.push_back(static_cast<std::uint16_t>(code));
    }
    return list;
  }
};

TEST_P(operands, pairs_are_rounded_once) {
  exhaustive::tally row(std::string(t.name) + ", pairs");
  if (t.bits <= (exhaustive::full() ? 12 : 8)) {
    check_all_pairs(t, e, all_codes(), row);
    row.report(count * count * 4);
    return;
  }
  const std::uint64_t seeded = std::uint64_t{1} << (exhaustive::full() ? 28 : 20);
  check_all_pairs(t, e, chosen_codes(e.format()), row);
  check_seeded(t, e, seeded, false, row);
  row.report((65536 + seeded) * 4);
}

TEST_P(operands, fma_is_rounded_once) {
  exhaustive::tally row(std::string(t.name) + ", triples");
  if (t.bits <= (exhaustive::full() ? 8 : 5)) {
    const codes list = all_codes();
    exhaustive::for_each_index(list.size() * list.size(), [&](std::size_t i) {
      const codes a(list.size(), list[i / list.size()]);
      const codes b(list.size(), list[i % list.size()]);
      check(t, e, fma_index, a, b, list, row);
    });
    row.report(count * count * count);
    return;
  }
  const std::uint64_t seeded = std::uint64_t{1} << (exhaustive::full() ? 28 : 17);
  check_seeded(t, e, seeded, true, row);
  row.report(seeded);
}

void PrintTo(const calls& t, std::ostream* out) { *out << t.name; }
std::string name_of(const ::testing::TestParamInfo<calls>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(all, operands, ::testing::ValuesIn(table()), name_of);

}  // namespace

// SPDX-License-Identifier: MIT

// Conversions that a sweep over floats in one mode does not reach, for every format: every exponent
// of binary32 and binary64 in every mode and policy, all float16 and bfloat16 inputs likewise, and
// the doubles that are rounded wrongly by whoever rounds twice. The boundaries with their
// neighbours, in every mode, policy and source type, are in tests/format/format_contract_*.

#include "binade/format/convert.hpp"
#include "exhaustive/support.hpp"
#include "format/contract_support.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using contract::code_type;
using contract::input;

/// A format on both sides, and convert<F>(double) of the type itself.
struct subject {
  binade::any_format ours;
  const oracle::format* expected;
  std::uint32_t (*from_double)(double);
};

const std::vector<subject>& subjects() {
  static const std::vector<subject> all = [] {
    std::vector<subject> list;
    binade::for_each_type(binade::all_formats{}, [&list]<class F>() {
      const binade::any_format f = binade::any_format::of<F>();
      list.push_back({f, &contract::oracle_of(f),
                      [](double x) -> std::uint32_t { return binade::convert<F>(x).bits(); }});
    });
    return list;
  }();
  return all;
}

/// Tries an input in one mode and policy, given where it lies among the values.
void check_one(const subject& s, const input& x, std::size_t at, std::size_t m, std::size_t p,
               exhaustive::tally& row) {
  const contract::mode_pair& mode = contract::modes[m];
  const contract::saturation_pair& policy = contract::saturations[p];
  const code_type wanted = encode_at(*s.expected, x.exact, at, mode.theirs, policy.theirs);
  const std::uint64_t got = s.ours.encode(x.ours, mode.ours, {.saturation = policy.ours});
  if (got == wanted) return;
  row.add_mismatch([&] {
    return contract::shown(x.exact) + " in " + mode.name + ", " + policy.name + " gives " +
           exhaustive::shown_code(*s.expected, got) + ", expected " +
           exhaustive::shown_code(*s.expected, wanted);
  });
}

/// The same in all modes and policies, or the sampled form: in one of the 18, each in turn.
std::size_t check(const subject& s, const input& x, std::size_t turn, exhaustive::tally& row) {
  const std::size_t at = std::isfinite(x.exact.value) ? find_stop(*s.expected, x.exact) : 0;
  if (!exhaustive::full()) {
    check_one(s, x, at, turn % 6, turn / 6 % 3, row);
    return 1;
  }
  for (std::size_t m = 0; m < 6; ++m) {
    for (std::size_t p = 0; p < 3; ++p) check_one(s, x, at, m, p, row);
  }
  return 18;
}

/// Tries a double in the format's own mode and policy, through the type.
void check_typed(const subject& s, double x, exhaustive::tally& row) {
  const oracle::format& f = *s.expected;
  const code_type wanted = encode(f, x, default_rounding(f), default_saturation(f));
  const std::uint32_t got = s.from_double(x);
  if (got == wanted) return;
  row.add_mismatch([&] {
    return contract::shown(x) + " gives " + exhaustive::shown_code(f, got) + ", expected " +
           exhaustive::shown_code(f, wanted);
  });
}

/// Mantissas of n bits where something can go wrong: 0, all ones, each bit alone, its neighbours,
/// and ones from each bit up.
std::vector<std::uint64_t> mantissas(int n) {
  const std::uint64_t end = std::uint64_t{1} << n;
  std::vector<std::uint64_t> list = {0, end - 1};
  for (int k = 0; k < n; ++k) {
    const std::uint64_t bit = std::uint64_t{1} << k;
    for (const std::uint64_t m : {bit - 1, bit, bit + 1, end - bit}) list.push_back(m % end);
  }
  return list;
}

/// Runs `inputs(row)` for each format on some processor, which returns how many it tried; reports.
template <class Inputs>
void for_each_subject(const std::string& what, std::uint64_t least, Inputs inputs) {
  std::vector<std::unique_ptr<exhaustive::tally>> rows;
  for (const subject& s : subjects()) {
    rows.push_back(std::make_unique<exhaustive::tally>(std::string(s.ours.name()) + ", " + what));
  }
  exhaustive::for_each_index(rows.size(), [&](std::size_t i) {
    const exhaustive::stopwatch watch;
    const std::uint64_t tried = inputs(subjects()[i], *rows[i]);
    rows[i]->add(tried, watch.seconds());
  });
  for (const auto& row : rows) row->report(least);
}

TEST(sources, floats_of_every_exponent) {
  const std::vector<std::uint64_t> list = mantissas(23);
  const std::uint64_t modes = exhaustive::full() ? 18 : 1;
  for_each_subject("floats", 2 * 256 * list.size() * modes, [&](const subject& s, auto& row) {
    std::uint64_t tried = 0;
    for (std::uint32_t top = 0; top < 512; ++top) {  // sign and exponent
      for (std::size_t i = 0; i < list.size(); ++i) {
        const std::uint32_t bits = top << 23 | static_cast<std::uint32_t>(list[i]);
        tried += check(s, contract::from_float(oracle::float_of(bits)), top + i, row);
      }
    }
    return tried;
  });
}

TEST(sources, doubles_of_every_exponent) {
  const std::vector<std::uint64_t> list = mantissas(52);
  // The sampled form tries every eighth mantissa, others at each exponent.
  const std::size_t step = exhaustive::full() ? 1 : 8;
  const std::uint64_t least = 2 * 2048 * (list.size() / step) * (exhaustive::full() ? 19 : 2);
  for_each_subject("doubles", least, [&](const subject& s, auto& row) {
    std::uint64_t tried = 0;
    for (std::uint64_t top = 0; top < 4096; ++top) {
      for (std::size_t i = top % step; i < list.size(); i += step) {
        const std::uint64_t bits = top << 52 | list[i];
        double x = 0;
        std::memcpy(&x, &bits, sizeof x);
        tried += check(s, contract::from_double(x), top / step + i, row);
        check_typed(s, x, row);
        ++tried;
      }
    }
    return tried;
  });
}

TEST(sources, every_float16_and_bfloat16) {
  const std::array<const char*, 2> names = {"float16", "bfloat16"};
  const std::uint64_t least = std::uint64_t{2} * 65536 * (exhaustive::full() ? 18 : 1);
  for_each_subject("16-bit floats", least, [&](const subject& s, auto& row) {
    std::uint64_t tried = 0;
    for (const char* name : names) {
      const binade::any_format& source = contract::format_named(name);
      const oracle::format& values = oracle::by_name(name);
      for (code_type code = 0; code < 65536; ++code) {
        // The turn changes with the high bits too, so that no exponent has one mode.
        tried += check(s, contract::from_code(source, values, code), code + (code >> 8), row);
      }
    }
    return tried;
  });
}

/// At each landmark x the doubles x +- 2^(exponent of x - k), k = 1..52: whoever first rounds to
/// k - 1 bits or so (to binary32, bfloat16, float16 or anything else) arrives at x itself and then
/// takes a tie, or a value, that there is not.
TEST(sources, doubles_that_must_not_be_rounded_twice) {
  constexpr int bits = 52;
  // Of the wider formats' landmarks the sampled form tries every 61st.
  const auto step_of = [](std::size_t landmarks) -> std::size_t {
    return exhaustive::full() || landmarks <= 1100 ? 1 : 61;
  };
  for_each_subject("twice rounded", 1, [&](const subject& s, auto& row) {
    std::uint64_t tried = 0;
    const std::vector<double> landmarks = oracle::landmarks(*s.expected);
    const std::size_t step = step_of(landmarks.size());
    std::size_t used = 0;
    for (std::size_t i = 0; i < landmarks.size(); i += step) {
      const double x = landmarks[i];
      if (x == 0) continue;
      ++used;
      for (int k = 1; k <= bits; ++k) {
        for (const double sign : {1.0, -1.0}) {
          const double y = x + sign * std::ldexp(1.0, std::ilogb(x) - k);
          check_typed(s, y, row);
          ++tried;
          tried += check(s, contract::from_double(y), i / step + static_cast<std::size_t>(k), row);
        }
      }
    }
    // V finite values and V - 1 boundaries, but for zero.
    const std::size_t values = contract::finite_values(s.ours);
    EXPECT_GE(used, (2 * values - 1) / step - 1) << s.ours.name();
    EXPECT_GE(tried, used * bits * 2 * (exhaustive::full() ? 19U : 2U)) << s.ours.name();
    return tried;
  });
}

}  // namespace

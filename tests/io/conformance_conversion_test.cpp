// SPDX-License-Identifier: MIT
#include "binade/io/conformance_conversion.hpp"

#include "binade/format/catalog.hpp"
#include "binade/format/convert.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace {

using binade::any_format;
using binade::conformance_sources;
using binade::conversion_case;
using binade::conversion_inputs;
using binade::saturation_mode;
namespace rounding = binade::rounding;

const std::vector<rounding::any> monotone_roundings = {
    rounding::ties_to_even{}, rounding::ties_to_away{}, rounding::toward_positive{},
    rounding::to_odd{}};
constexpr saturation_mode saturations[] = {saturation_mode::finite, saturation_mode::propagate,
                                           saturation_mode::none};

template <class... Fs>
std::vector<any_format> formats() {
  return {any_format::of<Fs>()...};
}

std::string describe(const conversion_case& c) {
  return std::string(c.source.name) + " to " + c.format.name() + ", " + to_string(c.saturation) +
         ", " + binade::to_string(c.rounding.mode);
}

// The float16 and bfloat16 numbers are few: each step of the code is found by trying all of them.
TEST(conversion_inputs, have_both_sides_of_every_step_of_a_narrow_format) {
  for (const any_format& f : formats<binade::e4m3fn, binade::e5m2, binade::e8m0fnu, binade::ue4m3,
                                     binade::hif8, binade::posit8, binade::int8, binade::nf4>()) {
    for (const std::size_t source : {2U, 3U}) {
      for (const rounding::any& r : monotone_roundings) {
        for (const saturation_mode s : saturations) {
          const conversion_case c{f, conformance_sources[source], r, s};
          const auto inputs = conversion_inputs(c, {1, 0});
          const std::set<std::uint64_t> known(inputs.begin(), inputs.end());
          const std::uint64_t infinity = source == 2 ? 0x7c00 : 0x7f80;
          for (std::uint64_t x = 0; x < infinity; ++x) {
            for (const std::uint64_t sign : {0U, 0x8000U}) {
              if (convert_code(c, sign | x, 0) == convert_code(c, sign | (x + 1), 0)) continue;
              ASSERT_TRUE(known.count(sign | x) == 1 && known.count(sign | (x + 1)) == 1)
                  << describe(c) << ": the code changes behind " << std::hex << (sign | x);
            }
          }
        }
      }
    }
  }
}

TEST(conversion_inputs, have_ties_and_their_neighbours) {
  conversion_case c;
  c.format = any_format::of<binade::e2m1fn>();
  const auto inputs = conversion_inputs(c);
  const std::set<std::uint64_t> known(inputs.begin(), inputs.end());
  for (const float tie : {0.25F, 0.75F, 1.25F, 1.75F, 2.5F, 3.5F, 5.0F}) {
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
      const std::uint32_t x = binade::bit_cast<std::uint32_t>(tie) | sign;
      for (const std::uint32_t input : {x - 1, x, x + 1}) {
        EXPECT_EQ(known.count(input), 1U) << tie << " " << std::hex << input;
      }
    }
  }
}

TEST(conversion_inputs, have_specials_of_every_source_and_nothing_twice) {
  for (const auto& source : conformance_sources) {
    for (const any_format& f : formats<binade::e4m3fn, binade::bfloat16, binade::posit16>()) {
      conversion_case c;
      c.format = f;
      c.source = source;
      const auto inputs = conversion_inputs(c);
      const std::set<std::uint64_t> known(inputs.begin(), inputs.end());
      EXPECT_EQ(known.size(), inputs.size());
      int nans = 0;
      int infinities = 0;
      int subnormals = 0;
      int zeros = 0;
      for (const std::uint64_t x : inputs) {
        ASSERT_TRUE(source.bits == 64 || x >> source.bits == 0) << std::hex << x;
        const binade::unpacked u = decode(source.spec, x);
        nans += u.kind == binade::value_class::nan;
        infinities += u.kind == binade::value_class::infinity;
        zeros += u.kind == binade::value_class::zero;
        subnormals += u.kind == binade::value_class::finite && u.exponent < 1 - source.spec.bias;
      }
      EXPECT_GE(nans, 10) << describe(c);
      EXPECT_EQ(infinities, 2) << describe(c);
      EXPECT_EQ(zeros, 2) << describe(c);
      EXPECT_GE(subnormals, 6) << describe(c);
    }
  }
}

TEST(conversion_inputs, follow_the_seed) {
  const conversion_case c;
  EXPECT_EQ(conversion_inputs(c, {5, 100}), conversion_inputs(c, {5, 100}));
  EXPECT_NE(conversion_inputs(c, {5, 100}), conversion_inputs(c, {6, 100}));
  EXPECT_LT(conversion_inputs(c, {5, 0}).size(), conversion_inputs(c, {5, 100}).size());
}

// The wider formats have too many steps for all of them.
TEST(conversion_inputs, of_wide_formats_have_the_ends_of_the_range) {
  conversion_case c;
  c.format = any_format::of<binade::float16>();
  c.saturation = saturation_mode::none;
  const auto inputs = conversion_inputs(c);
  const std::set<std::uint64_t> known(inputs.begin(), inputs.end());
  // 65519.996 is the last float that rounds to 65504, 65520 the first one beyond; 2^-25 the last
  // one that rounds to zero.
  for (const std::uint64_t x : {0x477fefffU, 0x477ff000U, 0x33000000U, 0x33000001U}) {
    EXPECT_EQ(known.count(x), 1U) << std::hex << x;
    EXPECT_EQ(known.count(x | 0x80000000U), 1U) << std::hex << x;
  }
}

template <class F, class From>
void expect_same_as_convert(const rounding::any& r, const binade::conformance_source& source) {
  for (const saturation_mode s : saturations) {
    const conversion_case c{any_format::of<F>(), source, r, s};
    const binade::conformance_vectors made = make_vectors(c, {3, 64});
    std::uint64_t index = 0;
    for (const auto& v : made.vectors) {
      using bits = std::conditional_t<sizeof(From) == 8, std::uint64_t, std::uint32_t>;
      From x{};
      if constexpr (binade::format<From>) {
        x = From::from_bits(static_cast<std::uint32_t>(v.inputs.at(0).code));
      } else {
        x = binade::bit_cast<From>(static_cast<bits>(v.inputs.at(0).code));
      }
      const rounding::any at = r.at(index++);
      const F expected = s == saturation_mode::finite
                             ? binade::convert<F>(x, at, binade::saturation::finite{})
                         : s == saturation_mode::propagate
                             ? binade::convert<F>(x, at, binade::saturation::propagate{})
                             : binade::convert<F>(x, at, binade::saturation::none{});
      ASSERT_EQ(to_string(v.outputs.at(0)),
                to_string(binade::make_word(expected.bits(), describe(F::spec).code_bits)))
          << describe(c) << " " << to_string(v);
    }
  }
}

TEST(make_vectors, gives_what_convert_gives) {
  const rounding::any random = rounding::stochastic{
      .seed = 9, .stream = 4, .bits = 16, .variant = rounding::stochastic_variant::centered};
  expect_same_as_convert<binade::e4m3fn, float>(rounding::ties_to_even{}, conformance_sources[0]);
  expect_same_as_convert<binade::e5m2, double>(rounding::to_odd{}, conformance_sources[1]);
  expect_same_as_convert<binade::e2m1fn, binade::float16>(random, conformance_sources[2]);
  expect_same_as_convert<binade::e4m3fn, binade::bfloat16>(random, conformance_sources[3]);
  expect_same_as_convert<binade::hif8, float>(rounding::hif8_hybrid{}, conformance_sources[0]);
  expect_same_as_convert<binade::hif8, binade::float16>(rounding::hif8_hybrid{.guard = false},
                                                        conformance_sources[2]);
  expect_same_as_convert<binade::bfloat16, double>(rounding::ties_to_even{},
                                                   conformance_sources[1]);
}

TEST(make_subject, tells_codes_in_decimal) {
  conversion_case c;
  c.source = conformance_sources[1];
  const auto subject = make_subject(c);
  EXPECT_EQ(subject.input_text(0, 0x3ff8000000000000U), "1.5");
  EXPECT_EQ(subject.input_text(0, 0x7ff8000000000000U), "nan");
  EXPECT_EQ(subject.output_text(0, 0x80), "-0");
  EXPECT_EQ(subject.output_text(0, 0x7e), "448");
  EXPECT_TRUE(subject.is_nan(0, 0xff));
  EXPECT_FALSE(subject.is_nan(0, 0x7e));
  EXPECT_EQ(subject.input_fault(std::vector{binade::make_word(0, 64)}), "");
  EXPECT_EQ(subject.input_fault(std::vector{binade::make_word(0, 32)}),
            "an input from float64 is one word of 16 digits");
}

TEST(facts_of, describe_the_format) {
  using header = binade::conformance_header;
  EXPECT_EQ(facts_of(any_format::of<binade::e5m2>()), (header{{"code_bits", "8"},
                                                              {"signed", "yes"},
                                                              {"largest", "57344"},
                                                              {"smallest", "1.52587890625e-05"},
                                                              {"nan", "7f"},
                                                              {"infinity", "7c"}}));
  EXPECT_EQ(facts_of(any_format::of<binade::uint4>()), (header{{"code_bits", "4"},
                                                               {"signed", "no"},
                                                               {"largest", "15"},
                                                               {"smallest", "1"},
                                                               {"nan", "none"},
                                                               {"infinity", "none"}}));
}

}  // namespace

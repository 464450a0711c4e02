// SPDX-License-Identifier: MIT
#include "binade/io/conformance_subject.hpp"

#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using binade::conformance_header;
using binade::conformance_vectors;
using binade::conversion_case;

/// A file with these keys, in lines 2, 3, ...
conformance_vectors file_with(conformance_header header) {
  std::size_t line = 2;
  for (auto& entry : header) entry.line = line++;
  return {"theirs.txt", std::move(header), {}};
}

const conformance_header plain = {{"format", "e4m3fn"},
                                  {"source", "float32"},
                                  {"rounding", "ties_to_even"},
                                  {"saturation", "finite"}};

conformance_header with(conformance_header header, const conformance_header& changes) {
  for (const auto& change : changes) {
    bool known = false;
    for (auto& entry : header) {
      if (entry.key == change.key) {
        entry = change;
        known = true;
      }
    }
    if (!known) header.push_back(change);
  }
  return header;
}

TEST(conversion_of, is_the_inverse_of_header_of) {
  namespace r = binade::rounding;
  std::vector<conversion_case> cases;
  for (const r::any& rounding :
       {r::any(r::ties_to_even{}), r::any(r::ties_to_even_significand{}), r::any(r::ties_to_away{}),
        r::any(r::toward_zero{}), r::any(r::toward_positive{}), r::any(r::toward_negative{}),
        r::any(r::to_odd{}),
        r::any(r::stochastic{.seed = ~std::uint64_t{0}, .stream = 7, .bits = 32}),
        r::any(r::stochastic{.variant = r::stochastic_variant::centered}),
        r::any(r::stochastic{.variant = r::stochastic_variant::round_then_add}),
        r::any(r::hif8_hybrid{}), r::any(r::hif8_hybrid{.guard = false})}) {
    for (const auto& source : binade::conformance_sources) {
      for (const auto s : {binade::saturation_mode::finite, binade::saturation_mode::propagate,
                           binade::saturation_mode::none}) {
        cases.push_back({binade::any_format::of<binade::hif8>(), source, rounding, s});
      }
    }
  }
  for (const conversion_case& c : cases) {
    const conversion_case back = conversion_of(file_with(header_of(c)));
    EXPECT_EQ(header_of(back), header_of(c));
    EXPECT_EQ(back.format, c.format);
    EXPECT_STREQ(back.source.name, c.source.name);
    EXPECT_EQ(back.rounding.mode, c.rounding.mode);
    EXPECT_EQ(back.rounding.guard, c.rounding.guard);
    EXPECT_EQ(back.rounding.random.seed, c.rounding.random.seed);
    EXPECT_EQ(back.rounding.random.stream, c.rounding.random.stream);
    EXPECT_EQ(back.rounding.random.bits, c.rounding.random.bits);
    EXPECT_EQ(back.rounding.random.variant, c.rounding.random.variant);
    EXPECT_EQ(back.saturation, c.saturation);
  }
}

TEST(conversion_of, knows_the_names_of_other_stacks) {
  for (const char* name : {"E4M3FN", "torch.float8_e4m3fn", "FLOAT8E4M3FN", "F8_E4M3"}) {
    EXPECT_EQ(conversion_of(file_with(with(plain, {{"format", name}}))).format,
              binade::any_format::of<binade::e4m3fn>())
        << name;
  }
  const auto spelled = with(plain, {{"rounding", "Toward Zero"}, {"source", "BFloat16"}});
  EXPECT_EQ(conversion_of(file_with(spelled)).rounding.mode, binade::rounding::mode::toward_zero);
}

void expect_error(const conformance_header& header, const std::string& start,
                  const std::string& part = "") {
  try {
    (void)subject_of(file_with(header));
    ADD_FAILURE() << "no error; expected " << start << part;
  } catch (const binade::error& e) {
    const std::string message = e.what();
    EXPECT_EQ(message.substr(0, start.size()), start);
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_LT(message.size(), 2000U);
  }
}

TEST(subject_of, names_file_line_and_what_is_allowed) {
  conformance_header none = plain;
  none.erase(none.begin());
  expect_error(none, "theirs.txt: the header has no \"format\"");
  none = plain;
  none.pop_back();
  expect_error(none, "theirs.txt: the header has no \"saturation\"");
  expect_error(with(plain, {{"format", "e4m3fnn"}}), "theirs.txt:2: ", "did you mean e4m3fn");
  expect_error(with(plain, {{"format", std::string(100000, 'x')}}), "theirs.txt:2: ", "too long");
  expect_error(with(plain, {{"source", "float8"}}), "theirs.txt:3: ", "source");
  expect_error(with(plain, {{"rounding", "ties_to_evn"}}),
               "theirs.txt:4: ", "did you mean ties_to_even");
  expect_error(with(plain, {{"rounding", "hif8_hybrid"}, {"hif8_guard", "yes"}}),
               "theirs.txt:4: ", "hif8");
  expect_error(with(plain, {{"rounding", "stochastic"}}),
               "theirs.txt: the header has no \"stochastic_seed\"");
  expect_error(with(plain, {{"saturation", ""}}), "theirs.txt:5: ", "finite");
  const conformance_header random = with(plain, {{"rounding", "stochastic"},
                                                 {"stochastic_seed", "1"},
                                                 {"stochastic_stream", "0"},
                                                 {"stochastic_bits", "8"},
                                                 {"stochastic_variant", "centered"}});
  EXPECT_NO_THROW((void)subject_of(file_with(random)));
  expect_error(with(random, {{"stochastic_seed", "-1"}}), "theirs.txt:6: ", "integers");
  expect_error(with(random, {{"stochastic_seed", "18446744073709551616"}}), "theirs.txt:6: ");
  expect_error(with(random, {{"stochastic_bits", "7"}}), "theirs.txt:8: ", "1, 2, 4, 8, 16");
  expect_error(with(random, {{"stochastic_variant", "x"}}), "theirs.txt:9: ", "centered");
}

TEST(subject_of, refuses_keys_and_facts_that_do_not_fit) {
  EXPECT_NO_THROW((void)subject_of(file_with(with(plain, {{"generator", "somebody's script"},
                                                          {"comment", ""},
                                                          {"largest", "448"},
                                                          {"infinity", "none"}}))));
  expect_error(with(plain, {{"generater", "x"}}), "theirs.txt:6: ", "did you mean generator");
  expect_error(with(plain, {{"hif8_guard", "yes"}}), "theirs.txt:6: ", "hif8_guard");
  expect_error(with(plain, {{"largest", "240"}}),
               "theirs.txt:6: largest is \"240\" but ours is \"448\"");
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/io/check_conformance.hpp"

#include "binade/core/error.hpp"
#include "binade/io/read_conformance.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using binade::check_vectors;
using binade::nan_comparison;

binade::conformance_vectors file_with(const std::string& vectors) {
  return binade::parse_conformance(
      "format: float8_e4m3fn\nsource: float32\nrounding: ties_to_even\n"
      "saturation: propagate\n" +
          vectors,
      "theirs.txt");
}

TEST(check_vectors, finds_nothing_in_our_own) {
  const auto made = make_vectors(binade::conversion_case{});
  const auto result = check_vectors(made);
  EXPECT_EQ(result.vectors, made.vectors.size());
  EXPECT_EQ(result.different, 0U);
  EXPECT_FALSE(result.first);
}

TEST(check_vectors, says_where_the_first_difference_is) {
  const auto result = check_vectors(
      file_with("3f800000 -> 38\n# a tie\n3f880000 -> 39\n3f800000 -> 38\nbf880000 -> b9\n"));
  EXPECT_EQ(result.vectors, 4U);
  EXPECT_EQ(result.different, 2U);
  ASSERT_TRUE(result.first);
  EXPECT_EQ(result.first->vector, 1U);
  EXPECT_EQ(result.first->line, 7U);
  EXPECT_EQ(result.first->output, 0U);
  EXPECT_EQ(result.first->theirs, binade::make_word(0x39, 8));
  EXPECT_EQ(result.first->ours, binade::make_word(0x38, 8));
  EXPECT_EQ(result.first->text,
            "theirs.txt:7: input 3f880000 (1.0625): theirs 39 (1.125), ours 38 (1)");
}

TEST(check_vectors, takes_the_sign_of_nan_for_a_difference_unless_told_otherwise) {
  const auto file = file_with("7fc00000 -> ff\n7f800000 -> 7f\n");
  EXPECT_EQ(check_vectors(file).different, 1U);
  EXPECT_EQ(check_vectors(file, nan_comparison::any_nan).different, 0U);
  EXPECT_EQ(check_vectors(file_with("7fc00000 -> 7e\n"), nan_comparison::any_nan).different, 1U);
}

TEST(check_vectors, knows_the_place_of_a_stochastic_element) {
  binade::conversion_case c;
  c.rounding = binade::rounding::stochastic{.seed = 5};
  auto made = make_vectors(c);
  EXPECT_EQ(check_vectors(made).different, 0U);
  made.vectors.erase(made.vectors.begin());
  EXPECT_GT(check_vectors(made).different, 0U);
}

TEST(check_vectors, checks_any_function) {
  binade::conformance_subject sum;
  sum.input_fault = [](auto inputs) -> std::string {
    return inputs.size() == 6 ? "" : "six inputs are needed";
  };
  sum.apply = [](auto inputs, std::uint64_t) {
    std::uint64_t s = 0;
    for (const auto& w : inputs) s += w.code;
    return std::vector{binade::make_word(s, 8), binade::make_word(0, 4)};
  };
  sum.input_text = [](std::size_t i, std::uint64_t) { return "x" + std::to_string(i); };
  sum.output_text = [](std::size_t i, std::uint64_t) { return "y" + std::to_string(i); };
  sum.is_nan = [](std::size_t, std::uint64_t) { return false; };
  const auto check = [&](const std::string& text) {
    return check_vectors(binade::parse_conformance(text, "sums"), sum);
  };
  EXPECT_EQ(check("1 2 3 4 5 6 -> 15 0\n").different, 0U);
  const auto result = check("1 2 3 4 5 6 -> 15 1\n");
  ASSERT_TRUE(result.first);
  EXPECT_EQ(result.first->output, 1U);
  EXPECT_EQ(result.first->text,
            "sums:1: input 1 (x0), 2 (x1), 3 (x2), 4 (x3), ... of 6: theirs 1 (y1), ours 0 (y1)");
  EXPECT_THROW((void)check("1 -> 1 0\n"), binade::error);
}

TEST(check_vectors, refuses_vectors_of_another_form) {
  const auto expect_error = [](const std::string& vectors, const std::string& message) {
    try {
      (void)check_vectors(file_with(vectors));
      ADD_FAILURE() << vectors << ": no error";
    } catch (const binade::error& e) {
      EXPECT_EQ(std::string(e.what()), message);
    }
  };
  expect_error("3f80 -> 38\n",
               "theirs.txt:5: \"3f80 -> 38\": an input from float32 is one word of 8"
               " digits");
  expect_error("3f800000 3f800000 -> 38\n",
               "theirs.txt:5: \"3f800000 3f800000 -> 38\": an input from float32 is one word of 8"
               " digits");
  expect_error("3f800000 -> 038\n",
               "theirs.txt:5: the outputs \"038\" have another form than \"38\"");
  expect_error("3f800000 -> 38 38\n",
               "theirs.txt:5: the outputs \"38 38\" have another form than \"38\"");
}

}  // namespace

// SPDX-License-Identifier: MIT

// The program embeddings from outside, on a small random encoder.

#include "programs/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using ::testing::HasSubstr;

const std::string folder = "examples/embeddings/fixture/";
const std::string tiny = " 2 " + folder + "tiny_tokens.txt " + folder + "tiny.safetensors ";

outcome run(const std::string& arguments) { return run_program("EMBEDDINGS", arguments); }

std::vector<double> numbers_of(std::istream& text) {
  std::vector<double> numbers;
  for (double x = 0; text >> x;) numbers.push_back(x);
  return numbers;
}

// The expected ones are numpy's in binary64 (examples/embeddings/make_fixture.py).
TEST(embeddings_program, embeds_as_numpy_does) {
  const outcome o = run(tiny);
  ASSERT_EQ(o.status, 0) << o.output;
  std::istringstream printed(o.output);
  std::ifstream file(folder + "tiny_expected.txt");
  const std::vector<double> got = numbers_of(printed);
  const std::vector<double> expected = numbers_of(file);
  ASSERT_EQ(expected.size(), 3U * 32);
  ASSERT_EQ(got.size(), expected.size());
  // Of rows of length at most 8 and weights of length at most 2, with at most 48 products a sum,
  // each rounded twice: 16 * 96 * 2^-24 < 1e-4 a sum, and 10 of them follow on each other; norms
  // bring rows back to their length. One head instead of two changes numbers by 0.08.
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 10 * 1e-4) << i;
}

TEST(embeddings_program, compares_checkpoints) {
  const outcome same = run(tiny + folder + "tiny.safetensors");
  EXPECT_EQ(same.status, 0);
  EXPECT_EQ(same.output, "1.000000 1.000000 " + folder + "tiny.safetensors\n");
}

TEST(embeddings_program, says_what_is_wrong) {
  const auto fails = [](const std::string& arguments, const std::string& message) {
    const outcome o = run(arguments);
    EXPECT_EQ(o.status, 2) << arguments;
    EXPECT_THAT(o.output, HasSubstr(message)) << arguments;
  };
  fails("2", "usage");
  fails("2 none.txt " + folder + "tiny.safetensors", "none.txt cannot be opened");
  fails("3 " + folder + "tiny_tokens.txt " + folder + "tiny.safetensors", "3 heads");
  fails("2 README.md " + folder + "tiny.safetensors", "no numbers");
  fails("2 " + folder + "tiny_tokens.txt tests/io/fixtures/one.safetensors",
        "no tensor is called \"embeddings.word_embeddings.weight\"");
  fails("2 examples/embeddings/tokens.txt " + folder + "tiny.safetensors", "tokens");
}

}  // namespace

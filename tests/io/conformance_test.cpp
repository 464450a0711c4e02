// SPDX-License-Identifier: MIT
#include "binade/io/conformance.hpp"

#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::conformance_header;
using binade::conformance_subject;
using binade::conformance_vector;
using binade::conformance_vectors;
using binade::conformance_word;
using binade::make_word;

TEST(conformance_word, has_a_digit_for_each_four_bits) {
  EXPECT_EQ(to_string(make_word(0x3f800000, 32)), "3f800000");
  EXPECT_EQ(to_string(make_word(0x7, 4)), "7");
  EXPECT_EQ(to_string(make_word(0x7, 5)), "07");
  EXPECT_EQ(to_string(make_word(0, 6)), "00");
  EXPECT_EQ(to_string(make_word(0x1234, 19)), "01234");
  EXPECT_EQ(to_string(make_word(~std::uint64_t{0}, 64)), "ffffffffffffffff");
}

TEST(conformance_vector, is_written_as_a_line) {
  const conformance_vector v{{make_word(1, 32), make_word(2, 32)}, {make_word(0xab, 8)}, 7};
  EXPECT_EQ(to_string(v), "00000001 00000002 -> ab");
}

TEST(conformance_vector, is_equal_wherever_it_stands) {
  const conformance_vector v{{make_word(1, 8)}, {make_word(2, 8)}, 7};
  conformance_vector other = v;
  other.line = 8;
  EXPECT_EQ(v, other);
  other.outputs[0].digits = 3;
  EXPECT_FALSE(v == other);
}

TEST(hash_of, is_that_of_the_lines) {
  const std::vector<conformance_vector> vectors = {{{make_word(1, 8)}, {make_word(2, 8)}, 0},
                                                   {{make_word(3, 8)}, {make_word(4, 8)}, 9}};
  EXPECT_EQ(hash_of(vectors), binade::fnv1a{}.add_text("01 -> 02\n03 -> 04\n").value());
}

TEST(find_entry, gives_the_entry_or_null) {
  const conformance_header header = {{"a", "1", 2}, {"b", "2", 3}};
  ASSERT_NE(find_entry(header, "b"), nullptr);
  EXPECT_EQ(find_entry(header, "b")->line, 3U);
  EXPECT_EQ(find_entry(header, "c"), nullptr);
}

/// A function of somebody's own: both nibbles of a byte, which changes with the index.
conformance_subject nibbles() {
  conformance_subject s;
  s.header = {{"function", "nibbles"}};
  s.facts = {{"outputs", "2"}};
  s.input_fault = [](std::span<const conformance_word> inputs) -> std::string {
    return inputs.size() == 1 && inputs[0].digits == 2 ? "" : "an input is one byte";
  };
  s.apply = [](std::span<const conformance_word> inputs, std::uint64_t index) {
    const std::uint64_t x = inputs[0].code + index;
    return std::vector{make_word(x >> 4 & 15, 4), make_word(x & 15, 4)};
  };
  return s;
}

TEST(make_vectors, applies_any_function_to_inputs_and_their_index) {
  const std::vector<std::vector<conformance_word>> inputs = {{make_word(0x12, 8)},
                                                             {make_word(0x34, 8)}};
  const conformance_vectors made = make_vectors(nibbles(), inputs);
  EXPECT_EQ(made.header, (conformance_header{{"function", "nibbles"}, {"outputs", "2"}}));
  ASSERT_EQ(made.vectors.size(), 2U);
  EXPECT_EQ(to_string(made.vectors[0]), "12 -> 1 2");
  EXPECT_EQ(to_string(made.vectors[1]), "34 -> 3 5");
}

TEST(make_vectors, refuses_inputs_that_are_not_the_functions) {
  const std::vector<std::vector<conformance_word>> inputs = {{make_word(0x12, 8)},
                                                             {make_word(0x3, 4)}};
  try {
    (void)make_vectors(nibbles(), inputs);
    ADD_FAILURE() << "no error";
  } catch (const binade::error& e) {
    EXPECT_STREQ(e.what(), "make_vectors: inputs[1]: an input is one byte");
  }
}

}  // namespace

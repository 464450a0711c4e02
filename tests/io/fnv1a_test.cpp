// SPDX-License-Identifier: MIT
#include "binade/io/fnv1a.hpp"

#include <gtest/gtest.h>

namespace {

using binade::fnv1a;

// From the test vectors of draft-eastlake-fnv.
TEST(fnv1a, gives_the_published_hashes) {
  EXPECT_EQ(fnv1a{}.value(), 0xcbf29ce484222325U);
  EXPECT_EQ(fnv1a{}.add_text("a").value(), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(fnv1a{}.add_text("foobar").value(), 0x85944171f73967e8U);
}

TEST(fnv1a, takes_words_from_their_low_byte_on) {
  EXPECT_EQ(fnv1a{}.add_word(0x6f6f66, 3).add_word(0x726162, 3).value(), 0x85944171f73967e8U);
  EXPECT_EQ(fnv1a{}.add_word(0xffffff61, 1).value(), fnv1a{}.add_byte(0x61).value());
  EXPECT_EQ(fnv1a{}.add_word(0, 0).value(), fnv1a{}.value());
}

TEST(fnv1a, is_usable_in_constant_expressions) {
  static_assert(fnv1a{}.add_text("a").value() == 0xaf63dc4c8601ec8cU);
}

}  // namespace

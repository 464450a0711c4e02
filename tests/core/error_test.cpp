// SPDX-License-Identifier: MIT
// Also compiled with -fno-exceptions -fno-rtti, where BINADE_THROW ends in on_error.
#include "binade/core/error.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

namespace {

static_assert(std::is_base_of_v<std::runtime_error, binade::error>);
static_assert(!std::is_convertible_v<std::string, binade::error>, "only by name");

int half(int x) {
  if (x % 2 != 0) {
    BINADE_THROW(binade::error{"half: x is odd, was " + std::to_string(x) + "; it must be even"});
  }
  return x / 2;
}

TEST(Error, keeps_its_message) {
  EXPECT_STREQ(binade::error(std::string("a: b")).what(), "a: b");
  EXPECT_STREQ(binade::error("a: b").what(), "a: b");
}

TEST(Throw, lets_good_calls_pass) { EXPECT_EQ(half(42), 21); }

#if defined(__cpp_exceptions)
TEST(Throw, throws_its_argument) {
  try {
    half(7);
    FAIL() << "half(7) returned";
  } catch (const std::runtime_error& e) {  // as a caller who knows the standard library alone
    EXPECT_STREQ(e.what(), "half: x is odd, was 7; it must be even");
  }
  EXPECT_THROW(half(7), binade::error);
}

TEST(Throw, takes_commas) {
  EXPECT_THROW(BINADE_THROW(binade::error{std::string(2, 'x')}), binade::error);
}
#else
void exit_with_42(const char* message) {
  std::fprintf(stderr, "handled: %s\n", message);
  std::_Exit(42);
}

TEST(ThrowDeathTest, calls_the_handler_with_the_message) {
  EXPECT_EXIT(
      {
        binade::set_error_handler(exit_with_42);
        half(7);
      },
      testing::ExitedWithCode(42), "handled: half: x is odd, was 7; it must be even");
}

TEST(ThrowDeathTest, terminates_without_a_handler) {
  EXPECT_EXIT(half(7), testing::KilledBySignal(SIGABRT), "");
}
#endif

void print(const char* message) { std::fprintf(stderr, "seen: %s\n", message); }
void ignore(const char*) {}

TEST(OnErrorDeathTest, terminates_by_default) {
  EXPECT_EXIT(binade::on_error("gemm: no"), testing::KilledBySignal(SIGABRT), "");
}

TEST(OnErrorDeathTest, terminates_after_a_handler_that_returns) {
  EXPECT_EXIT(
      {
        binade::set_error_handler(print);
        binade::on_error("gemm: no");
      },
      testing::KilledBySignal(SIGABRT), "seen: gemm: no");
}

TEST(OnErrorDeathTest, null_restores_the_default) {
  EXPECT_EXIT(
      {
        binade::set_error_handler([](const char*) { std::_Exit(3); });
        binade::set_error_handler(nullptr);
        binade::on_error("gemm: no");
      },
      testing::KilledBySignal(SIGABRT), "");
}

TEST(SetErrorHandler, returns_the_former_one) {
  EXPECT_EQ(binade::set_error_handler(print), nullptr);
  EXPECT_EQ(binade::set_error_handler(ignore), &print);
  EXPECT_EQ(binade::set_error_handler(nullptr), &ignore);
  EXPECT_EQ(binade::set_error_handler(nullptr), nullptr);
}

}  // namespace

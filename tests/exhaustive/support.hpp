// SPDX-License-Identifier: MIT
#pragma once

// What the exhaustive tests share: which form runs, the processors, and a tally for each format,
// which is a row of the table that the full form prints.
//
// Each program has two forms. The sampled one, which plain ctest runs, tries every place where a
// code begins and a sample of the rest. The full one, which BINADE_EXHAUSTIVE=full in the
// environment asks for, and `ctest -C exhaustive -L exhaustive` with it, tries everything that it
// names; only the narrower SIMD targets of a machine are sampled still, unless it says whole.
//
// Allowed differences. The library must give the oracle's code exactly, with one exception:
//
//   1. A NaN that an arithmetic operation produces may have either sign: results are compared as
//      NaNs. (A NaN that is converted keeps its sign, and that is compared.)
//
// Whatever else differs is a failure.

#include "oracle/format.hpp"
#include "oracle/round.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <time.h>
#include <vector>

namespace exhaustive {

/// Whether BINADE_EXHAUSTIVE in the environment asks for a form.
inline bool asked_for(std::string_view form) {
  const char* value = std::getenv("BINADE_EXHAUSTIVE");
  return value != nullptr && value == form;
}
inline bool whole() {
  static const bool result = asked_for("whole");
  return result;
}
inline bool full() {
  static const bool result = whole() || asked_for("full");
  return result;
}

/// Calls task(i) for each i in [0, n), spread over the processors.
template <class Task>
void for_each_index(std::size_t n, Task task) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < n; i = next++) task(i);
  };
  std::vector<std::thread> others;
  const unsigned processors = std::thread::hardware_concurrency();
  for (unsigned t = 1; t < processors; ++t) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
}

/// Results so far of one row: safe to add to from several threads.
class tally {
 public:
  explicit tally(std::string what) : what_(std::move(what)) {}

  void add(std::uint64_t inputs, double seconds) {
    const std::lock_guard<std::mutex> guard(lock_);
    inputs_ += inputs;
    seconds_ += seconds;
  }
  /// One input whose code is wrong; `describe()` is called for the first few.
  template <class Describe>
  void add_mismatch(Describe&& describe) {
    const std::lock_guard<std::mutex> guard(lock_);
    if (++mismatches_ <= shown) examples_.push_back(describe());
  }
  [[nodiscard]] std::uint64_t inputs() const { return inputs_; }
  [[nodiscard]] std::uint64_t mismatches() const { return mismatches_; }

  /// Prints the row in the full form, fails if there are mismatches or fewer than `least` inputs.
  void report(std::uint64_t least) const {
    if (full()) {
      std::printf("%-32s %14llu inputs %6llu mismatches %9.2f s\n", what_.c_str(),
                  static_cast<unsigned long long>(inputs_),
                  static_cast<unsigned long long>(mismatches_), seconds_);
      std::fflush(stdout);
    }
    EXPECT_GE(inputs_, least) << what_;
    for (const std::string& example : examples_) ADD_FAILURE() << what_ << ": " << example;
    EXPECT_EQ(mismatches_, 0U) << what_ << ", of " << inputs_ << " inputs";
  }

 private:
  static constexpr std::uint64_t shown = 4;
  std::string what_;
  std::mutex lock_;
  std::uint64_t inputs_ = 0;
  std::uint64_t mismatches_ = 0;
  double seconds_ = 0;  ///< of processor time, comparing included
  std::vector<std::string> examples_;
};

/// Processor time of this thread since its construction: other work on the machine does not count.
class stopwatch {
 public:
  [[nodiscard]] double seconds() const { return now() - start_; }

 private:
  static double now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
  double start_ = now();
};

/// A code for failure messages: bits and value.
inline std::string shown_code(const oracle::format& f, std::uint64_t code) {
  if (code >= f.codes.size()) return "code " + std::to_string(code) + ", which the format lacks";
  char value[40];
  std::snprintf(value, sizeof value, "%.17g", f.codes[code].value);
  return oracle::bit_text(static_cast<oracle::code_type>(code), f.bits) + " = " + value;
}

inline const char* shown_policy(oracle::saturation policy) {
  switch (policy) {
    case oracle::saturation::finite:
      return "finite";
    case oracle::saturation::propagate:
      return "propagate";
    case oracle::saturation::none:
      break;
  }
  return "none";
}

}  // namespace exhaustive

// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <unistd.h>  // isatty

namespace compare_tool {

/// A bar on standard error, if that is a terminal.
class progress {
 public:
  progress() : shown_(isatty(STDERR_FILENO) != 0) {}
  void show(std::size_t done, std::size_t all, const std::string& what) const {
    if (!shown_) return;
    constexpr std::size_t width = 30;
    const std::size_t full = all == 0 ? width : width * done / all;
    fmt::print(stderr, "\r\x1b[K[{}{}] {}/{} {}", std::string(full, '#'),
               std::string(width - full, '.'), done, all, what);
    std::fflush(stderr);
  }
  ~progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

 private:
  bool shown_;
};

}  // namespace compare_tool

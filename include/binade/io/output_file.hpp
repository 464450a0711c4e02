// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#if __has_include(<unistd.h>)
#include <sys/types.h>
#endif

namespace binade::inline v0 {

/// A file that gets its name when it is complete.
///
/// It is written under the name with ".part" at the end, and `commit` renames it: a file of the
/// final name, which may be the very one that the data comes from, stays as it is until then. The
/// destructor deletes what was not committed, so neither a full disk nor an exception leaves half a
/// file. A program that a signal ends leaves the ".part" file; `unfinished` tells its name.
class output_file {
 public:
  /// Creates the unfinished file; one of the same name is overwritten. `function` begins messages.
  ///
  /// Throws: error naming the file and the system's reason.
  explicit output_file(std::filesystem::path path, std::string function = "output_file")
      : path_(std::move(path)), unfinished_(path_), function_(std::move(function)) {
    unfinished_ += ".part";
    file_ = std::fopen(unfinished_.string().c_str(), "wb");
    if (file_ == nullptr) fail("cannot be created", errno);
  }
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  ~output_file() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    remove();
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The name of the file while it is not complete.
  [[nodiscard]] const std::filesystem::path& unfinished() const noexcept { return unfinished_; }

  /// Writes `bytes` from byte `position` on. What is never written, before the last byte that is,
  /// is zeros.
  ///
  /// Throws: error naming the file and the system's reason, or if the file is committed.
  void write_at(std::uint64_t position, std::span<const std::byte> bytes) {
    if (file_ == nullptr) fail("is committed; nothing can be written behind that", 0);
    if (bytes.empty()) return;
    if (position != position_ && !seek(position)) fail("cannot be written", errno);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
      fail("cannot be written", errno);
    }
    position_ = position + bytes.size();
  }

  /// Gives the file its name; nothing can be written afterwards.
  ///
  /// Throws: error naming the file and the system's reason; the unfinished file is deleted then.
  void commit() {
    if (file_ == nullptr) fail("is committed already", 0);
    const int code = std::fclose(std::exchange(file_, nullptr)) == 0 ? 0 : errno;
    std::error_code problem(code, std::generic_category());
    if (code == 0) std::filesystem::rename(unfinished_, path_, problem);
    if (!problem) return;
    remove();
    fail("cannot be written", problem.value());
  }

 private:
#if __has_include(<unistd.h>)
  using offset = ::off_t;
  static int seek_to(std::FILE* file, offset to) { return ::fseeko(file, to, SEEK_SET); }
#else
  using offset = long;
  static int seek_to(std::FILE* file, offset to) { return std::fseek(file, to, SEEK_SET); }
#endif

  bool seek(std::uint64_t position) noexcept {
    errno = EFBIG;
    return position <= static_cast<std::uint64_t>(std::numeric_limits<offset>::max()) &&
           seek_to(file_, static_cast<offset>(position)) == 0;
  }
  void remove() const noexcept {
    std::error_code ignored;
    std::filesystem::remove(unfinished_, ignored);
  }
  [[noreturn]] void fail(const char* what, int code) const {
    BINADE_THROW(error{function_ + ": " + path_.string() + ": " + what +
                       (code == 0 ? "" : ": " + std::generic_category().message(code))});
  }

  std::filesystem::path path_;
  std::filesystem::path unfinished_;
  std::string function_;
  std::FILE* file_ = nullptr;
  std::uint64_t position_ = 0;
};

}  // namespace binade::inline v0

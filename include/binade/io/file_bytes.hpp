// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#if __has_include(<sys/mman.h>)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace binade::inline v0 {

/// The bytes of a file: mapped on POSIX, read into memory elsewhere, or borrowed from the caller.
///
/// A mapped file must not shrink: the system answers a read behind its new end with a signal, not
/// with an error. Moving the object keeps the bytes where they are.
class file_bytes {
 public:
  /// Refers to memory that outlives this object.
  explicit file_bytes(std::span<const std::byte> borrowed) noexcept : bytes_(borrowed) {}

  /// Opens a regular file; an empty one has no bytes.
  ///
  /// Throws: error naming the file and the system's reason.
  /// Cost:   no copy where files can be mapped.
  explicit file_bytes(const std::filesystem::path& path) {
#if __has_include(<sys/mman.h>)
    // A FIFO would otherwise block the call until somebody writes.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail(path, "cannot be opened: ", errno);
    struct ::stat status = {};
    int code = ::fstat(file, &status) == 0 ? 0 : errno;
    const bool regular = S_ISREG(status.st_mode);
    if (code == 0 && regular && status.st_size > 0) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
      mapped_ = memory != MAP_FAILED;
      if (mapped_) bytes_ = {static_cast<const std::byte*>(memory), size};
      if (!mapped_) code = errno;
    }
    ::close(file);
    if (code != 0) fail(path, "cannot be mapped: ", code);
    if (!regular) fail(path, "is not a regular file", 0);
#else
    std::FILE* const file = std::fopen(path.string().c_str(), "rb");
    if (file == nullptr) fail(path, "cannot be opened: ", errno);
    std::array<std::byte, 65536> chunk;
    for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), file)) > 0;) {
      owned_.insert(owned_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(n));
    }
    const bool broken = std::ferror(file) != 0;
    std::fclose(file);
    if (broken) fail(path, "cannot be read: ", EIO);
    bytes_ = owned_;
#endif
  }

  file_bytes(file_bytes&& other) noexcept { swap(other); }
  file_bytes& operator=(file_bytes&& other) noexcept {
    file_bytes(std::move(other)).swap(*this);
    return *this;
  }
  ~file_bytes() {
#if __has_include(<sys/mman.h>)
    if (mapped_) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
#endif
  }

  [[nodiscard]] std::span<const std::byte> get() const noexcept { return bytes_; }

 private:
  void swap(file_bytes& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(owned_, other.owned_);
    std::swap(mapped_, other.mapped_);
  }
  [[noreturn]] static void fail(const std::filesystem::path& path, const char* what, int code) {
    BINADE_THROW(error{"file_bytes: " + path.string() + " " + what +
                       (code != 0 ? std::generic_category().message(code) : "")});
  }

  std::span<const std::byte> bytes_;
  std::vector<std::byte> owned_;  // only where files cannot be mapped
  bool mapped_ = false;
};

}  // namespace binade::inline v0

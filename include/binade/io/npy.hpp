// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/byte_reader.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/detail/npy_header.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/npy_array.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace binade::inline v0 {

/// A file of one array as numpy saves it (.npy, header versions 1 to 3), opened and checked as a
/// whole; the array refers to the mapped memory.
///
/// Checked before anything is handed out: magic and version, the header's length, its dictionary
/// with exactly the keys that numpy writes, at most 64 dimensions, products that do not overflow,
/// and that the data are as long as shape and type say: what follows a first array is an error.
/// Element types are numbers of one size and raw bytes; structures, strings, dates and Python
/// objects are refused, so nothing in a file is ever executed.
///
/// The file must not shrink while it is mapped; see file_bytes.
/// Cost:   the header's memory; data is read when it is touched.
/// Source: numpy's documentation of numpy.lib.format.
class npy_file {
 public:
  /// Opens and checks a file.
  ///
  /// Throws: error naming file, byte offset, what was given and what is allowed.
  [[nodiscard]] static npy_file open(const std::filesystem::path& path) {
    return npy_file(file_bytes(path), path.string());
  }

  /// Checks a file that is already in memory and outlives the result; `label` names it in messages.
  ///
  /// Throws: as open.
  [[nodiscard]] static npy_file from_bytes(std::span<const std::byte> bytes,
                                           const std::string& label = "memory") {
    return npy_file(file_bytes(bytes), label);
  }

  [[nodiscard]] const npy_array& array() const noexcept { return array_; }

 private:
  npy_file(file_bytes bytes, const std::string& label) : bytes_(std::move(bytes)) {
    detail::byte_reader in(bytes_.get(), "npy_file", label);
    if (detail::text_of(in.take(6, "the magic")) != detail::npy_magic) {
      in.fail_at(0, "the file does not start with \"\\x93NUMPY\"");
    }
    const auto major = in.read<std::uint8_t>("the version");
    const auto minor = in.read<std::uint8_t>("the version");
    if (major < 1 || major > 3 || minor != 0) {
      in.fail_at(6, "version " + std::to_string(major) + "." + std::to_string(minor) +
                        "; allowed are 1.0, 2.0 and 3.0");
    }
    const std::uint64_t length = major == 1 ? in.read<std::uint16_t>("the header's length")
                                            : in.read<std::uint32_t>("the header's length");
    const std::uint64_t begin = in.position();
    detail::npy_header_reader header(detail::text_of(in.take(length, "the header")));
    if (!header.read(array_)) in.fail_at(begin + header.position(), header.problem());
    const auto data = bytes_.get().subspan(static_cast<std::size_t>(in.position()));
    const auto needed = detail::npy_bytes(array_);
    if (!needed || *needed != data.size()) {
      in.fail(std::to_string(data.size()) + " bytes of data follow; " + array_.descr + " " +
              detail::shape_text(array_.shape) +
              (needed ? " takes " + std::to_string(*needed) : " overflows 64 bits"));
    }
    array_.data = data;
  }

  file_bytes bytes_;
  npy_array array_;
};

}  // namespace binade::inline v0

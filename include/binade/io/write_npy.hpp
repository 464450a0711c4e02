// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/detail/npy_header.hpp"
#include "binade/io/npy_array.hpp"
#include "binade/io/output_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace binade::inline v0 {

namespace detail {

/// Magic, version, length and dictionary, byte by byte as numpy pads them.
inline std::string npy_header(const npy_array& array) {
  const bool fortran = array.order == npy_order::fortran;
  std::string text = "{'descr': '" + array.descr + "', 'fortran_order': ";
  text += fortran ? "True" : "False";
  text += ", 'shape': (";
  for (std::size_t i = 0; i < array.shape.size(); ++i) {
    text += (i == 0 ? "" : " ") + std::to_string(array.shape[i]);
    text += i + 1 < array.shape.size() || i == 0 ? "," : "";
  }
  text += "), }";
  if (!array.shape.empty()) {
    // numpy leaves room for the growing axis to become 21 digits long.
    const std::uint64_t growing = fortran ? array.shape.back() : array.shape.front();
    text.append(21 - std::to_string(growing).size(), ' ');
  }
  // 64 dimensions of 20 digits are shorter than what version 1 can have.
  const std::size_t before = npy_magic.size() + 4;
  text.append((64 - (before + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string header(npy_magic);
  header +=
      {'\1', '\0', static_cast<char>(text.size() & 255U), static_cast<char>(text.size() >> 8U)};
  return header + text;
}

}  // namespace detail

/// Writes an array with a header of version 1, byte by byte as numpy does.
///
/// Codes of small formats go out as "|u1", which everybody reads, with their format's name kept
/// elsewhere; or under a name of ml_dtypes such as "float8_e4m3fn" as descr, which numpy reads
/// after `import ml_dtypes`. The file gets its name when it is complete.
/// Throws: error if the array has more than 64 dimensions, its type is not one that npy_array
///         allows, its bytes do not fit its shape, or the system cannot write.
inline void write_npy(const std::filesystem::path& path, const npy_array& array) {
  detail::check_size("write_npy", array);
  if (array.shape.size() > detail::npy_max_rank) {
    BINADE_THROW(error{"write_npy: " + path.string() + ": the array has " +
                       std::to_string(array.shape.size()) + " dimensions; at most 64 are allowed"});
  }
  const std::string header = detail::npy_header(array);
  output_file file(path, "write_npy");
  file.write_at(0, std::as_bytes(std::span(header)));
  file.write_at(header.size(), array.data);
  file.commit();
}

}  // namespace binade::inline v0

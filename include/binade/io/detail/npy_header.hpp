// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/npy_array.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace binade::inline v0::detail {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// Reads the header of a .npy file: a Python dictionary of a string, a bool and a tuple of
/// integers. Nothing else of the language is understood.
class npy_header_reader {
 public:
  explicit npy_header_reader(std::string_view text) : text_(text) {}

  /// Whether the header is right; otherwise `problem` is at `position`.
  [[nodiscard]] bool read(npy_array& array) {
    if (!expect('{')) return false;
    unsigned seen = 0;
    while (!accept('}')) {
      static constexpr std::array<std::string_view, 3> keys{"descr", "fortran_order", "shape"};
      const std::size_t at = at_;
      std::string_view key;
      if (!string(key)) return false;
      const auto found = std::find(keys.begin(), keys.end(), key);
      if (found == keys.end()) {
        return fail_at(at, "key " + in_quotes(key) + "; allowed are descr, fortran_order, shape");
      }
      const auto which = static_cast<unsigned>(found - keys.begin());
      if ((seen >> which & 1U) != 0) return fail_at(at, "duplicate key " + in_quotes(key));
      seen |= 1U << which;
      if (!expect(':')) return false;
      if (!(which == 0 ? descr(array) : which == 1 ? order(array) : shape(array))) return false;
      if (!accept(',') && !next_is('}')) return expect('}');
    }
    if (seen != 7U) return fail("the header must have descr, fortran_order and shape");
    skip();
    if (at_ != text_.size()) return fail("only spaces and a newline may follow the dictionary");
    return true;
  }
  [[nodiscard]] std::uint64_t position() const noexcept { return problem_at_; }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  void skip() noexcept {
    while (at_ < text_.size() &&
           std::string_view(" \n\t\r").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }
  bool next_is(char c) noexcept {
    skip();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool accept(char c) noexcept {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  bool expect(char c) { return accept(c) || fail(std::string("'") + c + "' must follow here"); }
  bool accept_word(std::string_view word) noexcept {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  /// A string without escapes, as all that numpy writes here.
  bool string(std::string_view& value) {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const auto end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : text_.npos;
    if (end == text_.npos) return fail("a string must follow here");
    value = text_.substr(at_ + 1, end - at_ - 1);
    if (value.find('\\') != text_.npos) return fail("a string with a backslash; none is allowed");
    at_ = end + 1;
    return true;
  }
  bool descr(npy_array& array) {
    skip();
    const std::size_t at = at_;
    if (next_is('[') || next_is('(')) {
      return fail("a structured type; only numbers and bytes are allowed");
    }
    std::string_view value;
    if (!string(value)) return false;
    if (!parse_npy_type(value)) {
      return fail_at(at, "descr " + in_quotes(value) +
                             "; allowed are b1, i1 to i8, u1 to u8, f1 "
                             "to f16, c8 to c32 and V with <, > or | before it, and names of "
                             "ml_dtypes");
    }
    array.descr = value;
    return true;
  }
  bool order(npy_array& array) {
    if (accept_word("True")) {
      array.order = npy_order::fortran;
    } else if (accept_word("False")) {
      array.order = npy_order::c;
    } else {
      return fail("fortran_order must be True or False");
    }
    return true;
  }
  bool shape(npy_array& array) {
    if (!expect('(')) return false;
    while (!accept(')')) {
      if (array.shape.size() == npy_max_rank) return fail("more than 64 dimensions");
      std::uint64_t extent = 0;
      skip();
      const char* const begin = text_.data() + at_;
      const auto [last, code] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (code != std::errc{}) return fail("a dimension must be an integer in 0..2^64 - 1");
      at_ += static_cast<std::size_t>(last - begin);
      accept('L');  // as Python 2 wrote long integers
      array.shape.push_back(extent);
      if (accept(',')) continue;
      if (array.shape.size() == 1) return fail("a comma must follow in a tuple of one");
      if (!next_is(')')) return expect(')');
    }
    return true;
  }
  bool fail(std::string what) { return fail_at(at_, std::move(what)); }
  bool fail_at(std::size_t at, std::string what) {
    problem_ = std::move(what);
    problem_at_ = at;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
  std::uint64_t problem_at_ = 0;
};

}  // namespace binade::inline v0::detail

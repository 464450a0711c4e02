// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/byte_reader.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The key-value pairs of a GGUF file. A value stays as it is encoded: a file's values are read
// where they lie, and are written elsewhere byte by byte.

namespace binade::inline v0 {

/// The types of metadata, by the numbers that stand in files.
enum class gguf_type : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

namespace detail {

struct gguf_type_row {
  std::string_view name;
  std::size_t bytes;  // of a value; 0 where values differ
};
// Indexed by gguf_type.
inline constexpr auto gguf_types = std::to_array<gguf_type_row>({{"u8", 1},
                                                                 {"i8", 1},
                                                                 {"u16", 2},
                                                                 {"i16", 2},
                                                                 {"u32", 4},
                                                                 {"i32", 4},
                                                                 {"f32", 4},
                                                                 {"bool", 1},
                                                                 {"string", 0},
                                                                 {"array", 0},
                                                                 {"u64", 8},
                                                                 {"i64", 8},
                                                                 {"f64", 8}});

inline constexpr int gguf_max_depth = 4;  // ours, of arrays of arrays; ggml reads none

constexpr std::size_t gguf_fixed_bytes(gguf_type type) noexcept {
  return gguf_types[static_cast<std::size_t>(type)].bytes;
}

template <class T>
inline constexpr int gguf_number_of = std::same_as<T, std::uint8_t>    ? 0
                                      : std::same_as<T, std::int8_t>   ? 1
                                      : std::same_as<T, std::uint16_t> ? 2
                                      : std::same_as<T, std::int16_t>  ? 3
                                      : std::same_as<T, std::uint32_t> ? 4
                                      : std::same_as<T, std::int32_t>  ? 5
                                      : std::same_as<T, float>         ? 6
                                      : std::same_as<T, bool>          ? 7
                                      : std::same_as<T, std::uint64_t> ? 10
                                      : std::same_as<T, std::int64_t>  ? 11
                                      : std::same_as<T, double>        ? 12
                                                                       : -1;

}  // namespace detail

/// The name of a type, such as "u32".
[[nodiscard]] constexpr std::string_view name_of(gguf_type type) noexcept {
  return detail::gguf_types[static_cast<std::size_t>(type)].name;
}

/// A C++ type that metadata holds as a number.
template <class T>
concept gguf_number = detail::gguf_number_of<T> >= 0;

/// A value as it is encoded; refers to the memory of a file or of a `gguf_metadata`.
class gguf_value {
 public:
  /// A value whose encoding has been checked: for an array its elements, without type and count.
  gguf_value(gguf_type type, gguf_type element_type, std::uint64_t size,
             std::span<const std::byte> bytes) noexcept
      : type_(type), element_type_(element_type), size_(size), bytes_(bytes) {}

  [[nodiscard]] gguf_type type() const noexcept { return type_; }
  /// The type of an array's elements; otherwise the value's own.
  [[nodiscard]] gguf_type element_type() const noexcept { return element_type_; }
  /// Elements of an array; otherwise 1.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// As it lies in the file: a number's bytes, a string with its length, an array's elements.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// The text of a string, in whatever encoding the file has (it should be UTF-8).
  ///
  /// Throws: error if it is no string.
  [[nodiscard]] std::string_view as_string() const {
    if (type_ != gguf_type::string) fail("a string");
    return detail::text_of(bytes_.subspan(8));
  }
  /// Any integer that is not negative, and is at most 2^64 - 1.
  ///
  /// Throws: error if it is no such integer.
  [[nodiscard]] std::uint64_t as_unsigned() const {
    const auto bits = integer_bits("an integer that is not negative");
    if (is_signed(type_) && static_cast<std::int64_t>(bits) < 0) {
      fail("an integer that is not negative");
    }
    return bits;
  }
  /// Any integer in [-2^63, 2^63 - 1].
  ///
  /// Throws: error if it is no such integer.
  [[nodiscard]] std::int64_t as_signed() const {
    const auto bits = integer_bits("an integer below 2^63");
    if (!is_signed(type_) && bits >> 63U != 0) fail("an integer below 2^63");
    return static_cast<std::int64_t>(bits);
  }
  /// f32 or f64.
  ///
  /// Error:  exact.
  /// Throws: error if it is neither.
  [[nodiscard]] double as_float() const {
    if (type_ == gguf_type::f32) return static_cast<double>(detail::load_little<float>(bytes_));
    if (type_ == gguf_type::f64) return detail::load_little<double>(bytes_);
    fail("f32 or f64");
  }
  /// A bool: whether its byte is not 0.
  ///
  /// Throws: error if it is no bool.
  [[nodiscard]] bool as_bool() const {
    if (type_ != gguf_type::boolean) fail("a bool");
    return bytes_[0] != std::byte{0};
  }

  /// Calls f(gguf_value) for each element of an array, in order.
  ///
  /// Throws: error if it is no array; what f throws.
  template <class Function>
  void for_each(Function&& f) const {
    if (type_ != gguf_type::array) fail("an array");
    std::span<const std::byte> rest = bytes_;
    for (std::uint64_t i = 0; i < size_; ++i) {
      const gguf_value element = first_of(rest, element_type_);
      f(element);
      rest = rest.subspan(
          static_cast<std::size_t>(element.bytes_.data() + element.bytes_.size() - rest.data()));
    }
  }

 private:
  static constexpr bool is_signed(gguf_type type) noexcept {
    return type == gguf_type::i8 || type == gguf_type::i16 || type == gguf_type::i32 ||
           type == gguf_type::i64;
  }
  /// The integer, its sign extended to 64 bits.
  [[nodiscard]] std::uint64_t integer_bits(const char* wanted) const {
    switch (type_) {
      case gguf_type::u8:
        return detail::load_little<std::uint8_t>(bytes_);
      case gguf_type::i8:
        return static_cast<std::uint64_t>(detail::load_little<std::int8_t>(bytes_));
      case gguf_type::u16:
        return detail::load_little<std::uint16_t>(bytes_);
      case gguf_type::i16:
        return static_cast<std::uint64_t>(detail::load_little<std::int16_t>(bytes_));
      case gguf_type::u32:
        return detail::load_little<std::uint32_t>(bytes_);
      case gguf_type::i32:
        return static_cast<std::uint64_t>(detail::load_little<std::int32_t>(bytes_));
      case gguf_type::u64:
      case gguf_type::i64:
        return detail::load_little<std::uint64_t>(bytes_);
      default:
        fail(wanted);
    }
  }
  /// The first value of bytes that have been checked.
  static gguf_value first_of(std::span<const std::byte> bytes, gguf_type type) {
    if (const std::size_t n = detail::gguf_fixed_bytes(type); n != 0) {
      return {type, type, 1, bytes.first(n)};
    }
    if (type == gguf_type::string) {
      const auto n = detail::load_little<std::uint64_t>(bytes);
      return {type, type, 1, bytes.first(static_cast<std::size_t>(8 + n))};
    }
    const auto element = static_cast<gguf_type>(detail::load_little<std::uint32_t>(bytes));
    const auto n = detail::load_little<std::uint64_t>(bytes.subspan(4));
    gguf_value array{type, element, n, bytes.subspan(12)};
    std::size_t size = 0;
    array.for_each([&size, &array](const gguf_value& e) {
      size = static_cast<std::size_t>(e.bytes_.data() + e.bytes_.size() - array.bytes_.data());
    });
    array.bytes_ = array.bytes_.first(size);
    return array;
  }
  [[noreturn]] void fail(const char* wanted) const {
    BINADE_THROW(error{std::string("gguf_value: ") + wanted + " is asked for, but the value is " +
                       std::string(name_of(type_))});
  }

  gguf_type type_;
  gguf_type element_type_;
  std::uint64_t size_;
  std::span<const std::byte> bytes_;
};

/// A key with its value.
struct gguf_key_value {
  std::string key;
  gguf_value value;
};

/// Metadata that is made here: it owns what its values refer to.
///
/// Keys keep their order, which is that of the file. ggml wants "general.architecture" to be among
/// them; "general.alignment", of type u32, changes the alignment of the data from 32.
class gguf_metadata {
 public:
  gguf_metadata() = default;
  gguf_metadata(const gguf_metadata&) = delete;
  gguf_metadata& operator=(const gguf_metadata&) = delete;
  gguf_metadata(gguf_metadata&&) = default;
  gguf_metadata& operator=(gguf_metadata&&) = default;

  [[nodiscard]] const std::vector<gguf_key_value>& entries() const noexcept { return entries_; }

  /// Appends a number, of the type that corresponds to T.
  template <gguf_number T>
  void add(std::string key, T value) {
    const gguf_type type = static_cast<gguf_type>(detail::gguf_number_of<T>);
    store(std::move(key), type, type, 1, std::as_bytes(std::span(&value, 1)));
  }
  /// Appends a string.
  void add(std::string key, std::string_view text) {
    std::vector<std::byte> bytes;
    append_string(bytes, text);
    store(std::move(key), gguf_type::string, gguf_type::string, 1, bytes);
  }
  /// Appends an array of numbers.
  template <gguf_number T>
  void add(std::string key, std::span<const T> values) {
    store(std::move(key), gguf_type::array, static_cast<gguf_type>(detail::gguf_number_of<T>),
          values.size(), std::as_bytes(values));
  }
  /// Appends an array of strings.
  void add(std::string key, std::span<const std::string> texts) {
    std::vector<std::byte> bytes;
    for (const std::string& text : texts) append_string(bytes, text);
    store(std::move(key), gguf_type::array, gguf_type::string, texts.size(), bytes);
  }
  /// Appends a copy of a value of any type, as of another file.
  void add(std::string key, const gguf_value& value) {
    store(std::move(key), value.type(), value.element_type(), value.size(), value.bytes());
  }

 private:
  static void append_string(std::vector<std::byte>& bytes, std::string_view text) {
    const std::uint64_t size = text.size();
    const auto head = std::as_bytes(std::span(&size, 1));
    bytes.insert(bytes.end(), head.begin(), head.end());
    const auto body = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), body.begin(), body.end());
  }
  void store(std::string key, gguf_type type, gguf_type element_type, std::uint64_t size,
             std::span<const std::byte> bytes) {
    const auto& kept = storage_.emplace_back(bytes.begin(), bytes.end());
    entries_.push_back({std::move(key), gguf_value(type, element_type, size, kept)});
  }

  std::deque<std::vector<std::byte>> storage_;  // whose elements stay where they are
  std::vector<gguf_key_value> entries_;
};

namespace detail {

/// Reads one value of a type, checks all of it.
inline gguf_value read_gguf_value(byte_reader& in, gguf_type type, int depth = 0);

inline gguf_type read_gguf_type(byte_reader& in) {
  const std::uint64_t at = in.position();
  const auto number = in.read<std::uint32_t>("a metadata type");
  if (number >= gguf_types.size()) {
    in.fail_at(at, "metadata type " + std::to_string(number) + "; allowed are 0 to 12");
  }
  return static_cast<gguf_type>(number);
}

inline gguf_value read_gguf_array(byte_reader& in, int depth) {
  if (depth == gguf_max_depth) {
    in.fail("arrays are nested deeper than " + std::to_string(gguf_max_depth) + " levels");
  }
  const gguf_type element = read_gguf_type(in);
  const auto n = in.read<std::uint64_t>("an array's length");
  const std::uint64_t begin = in.position();
  const std::size_t fixed = gguf_fixed_bytes(element);
  if (fixed != 0) {
    if (n > in.remaining() / fixed) {
      in.fail("an array of " + std::to_string(n) + " values of type " +
              std::string(name_of(element)) + " does not fit in the " +
              std::to_string(in.remaining()) + " bytes that are left");
    }
    return {gguf_type::array, element, n, in.take(n * fixed, "an array")};
  }
  for (std::uint64_t i = 0; i < n; ++i) read_gguf_value(in, element, depth + 1);
  return {gguf_type::array, element, n,
          in.all().subspan(static_cast<std::size_t>(begin),
                           static_cast<std::size_t>(in.position() - begin))};
}

inline gguf_value read_gguf_value(byte_reader& in, gguf_type type, int depth) {
  if (type == gguf_type::array) return read_gguf_array(in, depth);
  if (type != gguf_type::string) {
    return {type, type, 1, in.take(gguf_fixed_bytes(type), "a metadata value")};
  }
  const std::uint64_t begin = in.position();
  const auto n = in.read<std::uint64_t>("a string's length");
  in.take(n, "a string");
  return {type, type, 1,
          in.all().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(8 + n))};
}

}  // namespace detail

}  // namespace binade::inline v0

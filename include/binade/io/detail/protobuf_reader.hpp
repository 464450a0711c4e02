// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/detail/byte_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace binade::inline v0::detail {

/// A field of a protobuf message.
struct protobuf_field {
  enum class wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  std::uint32_t number = 0;
  wire type = wire::varint;
  std::uint64_t value = 0;             // of a varint or a fixed field
  std::span<const std::byte> payload;  // of bytes
  std::uint64_t position = 0;          // in the file, of the field
};

/// Walks over the fields of a message that lies in [begin, end) of a file. It neither recurses nor
/// allocates.
///
/// Source: protobuf's description of its wire format.
class protobuf_reader {
 public:
  protobuf_reader(const byte_reader& file, std::uint64_t begin, std::uint64_t end)
      : file_(&file), at_(begin), end_(end) {}
  protobuf_reader(const byte_reader& file, std::span<const std::byte> message)
      : protobuf_reader(file, offset_of(file, message), offset_of(file, message) + message.size()) {
  }

  /// The next field; nothing at the end of the message.
  std::optional<protobuf_field> next() {
    if (at_ == end_) return std::nullopt;
    protobuf_field field;
    field.position = at_;
    const std::uint64_t key = varint();
    if (key >> 3 == 0 || key >> 32 != 0) fail(field.position, "a field without a valid number");
    field.number = static_cast<std::uint32_t>(key >> 3);
    field.type = static_cast<protobuf_field::wire>(key & 7);
    switch (field.type) {
      case protobuf_field::wire::varint:
        field.value = varint();
        break;
      case protobuf_field::wire::fixed64:
        field.value = load_little<std::uint64_t>(take(8));
        break;
      case protobuf_field::wire::fixed32:
        field.value = load_little<std::uint32_t>(take(4));
        break;
      case protobuf_field::wire::bytes:
        field.payload = take(varint());
        break;
      default:
        fail(field.position,
             "wire type " + std::to_string(key & 7) + "; allowed are 0, 1, 2 and 5");
    }
    return field;
  }

  [[nodiscard]] bool done() const noexcept { return at_ == end_; }

  /// A number of up to 64 bits, seven in a byte.
  std::uint64_t varint() {
    const std::uint64_t begin = at_;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    fail(begin, "a number of more than 64 bits");
  }
  std::span<const std::byte> take(std::uint64_t n) {
    if (n > end_ - at_) {
      fail(at_, "the message ends here: " + std::to_string(n) + " bytes are needed, " +
                    std::to_string(end_ - at_) + " are left");
    }
    const auto taken =
        file_->all().subspan(static_cast<std::size_t>(at_), static_cast<std::size_t>(n));
    at_ += n;
    return taken;
  }
  [[noreturn]] void fail(std::uint64_t position, const std::string& what) const {
    file_->fail_at(position, what);
  }

 private:
  static std::uint64_t offset_of(const byte_reader& file, std::span<const std::byte> message) {
    return message.empty() ? 0 : static_cast<std::uint64_t>(message.data() - file.all().data());
  }

  const byte_reader* file_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace binade::inline v0::detail

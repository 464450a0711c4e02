// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/detail/byte_reader.hpp"
#include "binade/io/detail/in_quotes.hpp"
#include "binade/io/detail/no_such_tensor.hpp"
#include "binade/io/detail/protobuf_reader.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/onnx_tensor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// The initializers of an ONNX model, opened and checked; tensors refer to the mapped memory.
///
/// Read are the initializers of the model's main graph, not those of subgraphs, functions and
/// sparse tensors. Data are taken from raw_data as they lie, from files beside the model (external
/// data, which are mapped too), and from the typed fields, which are decoded into memory that this
/// object owns. Checked before anything is handed out: the wire format, element types, dimensions
/// that are not negative, products that do not overflow, the number of bytes or elements, that data
/// come from one place, no duplicate names, and that external files have relative names without
/// "..".
///
/// The files must not shrink while they are mapped; see file_bytes.
/// Cost:   memory of the names and shapes, and of the data in typed fields.
/// Source: onnx.proto in the onnx package.
class onnx_file {
 public:
  /// Opens and checks a model with its external data.
  ///
  /// Throws: error naming file, byte offset, what was given and what is allowed.
  [[nodiscard]] static onnx_file open(const std::filesystem::path& path) {
    return onnx_file(file_bytes(path), path.string(), path.parent_path());
  }

  /// Checks a model that is already in memory and outlives the result; `label` names it in
  /// messages. External data are refused.
  ///
  /// Throws: as open.
  [[nodiscard]] static onnx_file from_bytes(std::span<const std::byte> bytes,
                                            const std::string& label = "memory") {
    return onnx_file(file_bytes(bytes), label, std::nullopt);
  }

  /// All initializers, in the order of the file.
  [[nodiscard]] const std::vector<onnx_tensor>& tensors() const noexcept { return tensors_; }

  /// The initializer of that name.
  ///
  /// Throws: error with the nearest names if there is none.
  [[nodiscard]] const onnx_tensor& find(std::string_view name) const {
    if (const auto found = index_.find(name); found != index_.end()) return tensors_[found->second];
    BINADE_THROW(error{"onnx_file: " + label_ + ": " + detail::no_such_tensor(name, tensors_)});
  }

 private:
  using field = detail::protobuf_field;
  using bytes = std::span<const std::byte>;

  // Field numbers of onnx.proto.
  static constexpr std::uint32_t model_graph = 7;
  static constexpr std::uint32_t graph_initializer = 5;
  enum : std::uint32_t {
    tensor_dims = 1,
    tensor_data_type = 2,
    tensor_segment = 3,
    tensor_float_data = 4,
    tensor_int32_data = 5,
    tensor_string_data = 6,
    tensor_int64_data = 7,
    tensor_name = 8,
    tensor_raw_data = 9,
    tensor_double_data = 10,
    tensor_uint64_data = 11,
    tensor_external_data = 13,
    tensor_data_location = 14,
  };

  /// What a TensorProto says, but for the elements in typed fields.
  struct parsed {
    onnx_tensor tensor;
    std::optional<bytes> raw;
    bool has_type = false;
    bool is_external = false;
    std::uint32_t typed = 0;  // the field that has elements; 0 if none
    std::map<std::string, std::string, std::less<>> external;
    std::uint64_t position = 0;
  };

  onnx_file(file_bytes file, std::string label, std::optional<std::filesystem::path> folder)
      : bytes_(std::move(file)), label_(std::move(label)), folder_(std::move(folder)) {
    const detail::byte_reader in(bytes_.get(), "onnx_file", label_);
    detail::protobuf_reader model(in, 0, bytes_.get().size());
    bool has_graph = false;
    while (const auto part = model.next()) {
      if (part->number != model_graph) continue;
      has_graph = true;
      detail::protobuf_reader graph(in, want_bytes(in, *part));
      while (const auto item = graph.next()) {
        if (item->number == graph_initializer) read(in, want_bytes(in, *item), item->position);
      }
    }
    if (!has_graph) in.fail_at(0, "the file has no graph; it is no ONNX model");
  }

  static bytes want_bytes(const detail::byte_reader& in, const field& f) {
    if (f.type != field::wire::bytes) {
      in.fail_at(f.position, "field " + std::to_string(f.number) + " must hold bytes");
    }
    return f.payload;
  }
  static std::uint64_t want_varint(const detail::byte_reader& in, const field& f) {
    if (f.type != field::wire::varint) {
      in.fail_at(f.position, "field " + std::to_string(f.number) + " must hold a number");
    }
    return f.value;
  }
  static std::string text_of(bytes b) { return std::string(detail::text_of(b)); }

  void read(const detail::byte_reader& in, bytes message, std::uint64_t position) {
    parsed p;
    p.position = position;
    detail::protobuf_reader reader(in, message);
    while (const auto f = reader.next()) read_field(in, *f, p);
    const auto who = [&p] { return "tensor " + detail::in_quotes(p.tensor.name) + " "; };
    if (!p.has_type) in.fail_at(position, who() + "has no data type");
    if (!index_.try_emplace(p.tensor.name, tensors_.size()).second) {
      in.fail_at(position, "duplicate tensor name " + detail::in_quotes(p.tensor.name));
    }
    if ((p.raw ? 1 : 0) + (p.typed != 0 ? 1 : 0) + (p.is_external ? 1 : 0) > 1) {
      in.fail_at(position, who() + "has data in several places; one is allowed");
    }
    if (p.tensor.type != onnx_type::string) {
      if (p.is_external) p.tensor.data = external(in, p);
      if (p.raw) p.tensor.data = *p.raw;
      if (p.typed != 0) p.tensor.data = decode(in, message, p);
      const auto size = detail::onnx_bytes(bits_of(p.tensor.type), p.tensor.shape);
      if (size != p.tensor.data.size()) {
        in.fail_at(position, who() + "has " + std::to_string(p.tensor.data.size()) + " bytes; " +
                                 std::string(name_of(p.tensor.type)) +
                                 detail::shape_text(p.tensor.shape) +
                                 (size ? " takes " + std::to_string(*size) : " overflows 64 bits"));
      }
    }
    tensors_.push_back(std::move(p.tensor));
  }

  static void add_dimension(const detail::byte_reader& in, std::uint64_t extent,
                            std::uint64_t position, parsed& p) {
    if (extent >> 63U != 0) {
      in.fail_at(position, "a dimension of " + std::to_string(static_cast<std::int64_t>(extent)) +
                               "; it must not be negative");
    }
    if (p.tensor.shape.size() == 64) {
      in.fail_at(position, "more than 64 dimensions; at most 64 are allowed");
    }
    p.tensor.shape.push_back(extent);
  }

  static void read_field(const detail::byte_reader& in, const field& f, parsed& p) {
    switch (f.number) {
      case tensor_dims:
        if (f.type != field::wire::bytes) {
          return add_dimension(in, want_varint(in, f), f.position, p);
        }
        for (detail::protobuf_reader packed(in, f.payload); !packed.done();) {
          add_dimension(in, packed.varint(), f.position, p);
        }
        return;
      case tensor_data_type: {
        const std::uint64_t number = want_varint(in, f);
        if (number == 0 || number >= detail::onnx_types.size()) {
          in.fail_at(f.position, "data type " + std::to_string(number) + "; allowed are 1 to 26");
        }
        p.tensor.type = static_cast<onnx_type>(number);
        p.has_type = true;
        return;
      }
      case tensor_segment:
        in.fail_at(f.position, "a tensor in segments, which nobody writes and this does not read");
      case tensor_float_data:
      case tensor_int32_data:
      case tensor_int64_data:
      case tensor_double_data:
      case tensor_uint64_data:
        if (p.typed != 0 && p.typed != f.number) {
          in.fail_at(f.position, "data in two typed fields; one is allowed");
        }
        if (f.type != field::wire::bytes || !f.payload.empty()) p.typed = f.number;
        return;
      case tensor_name:
        p.tensor.name = text_of(want_bytes(in, f));
        return;
      case tensor_raw_data:
        p.raw = want_bytes(in, f);
        return;
      case tensor_external_data:
        return read_external(in, want_bytes(in, f), p);
      case tensor_data_location: {
        const std::uint64_t where = want_varint(in, f);
        if (where > 1) {
          in.fail_at(f.position,
                     "data location " + std::to_string(where) + "; allowed are 0 and 1");
        }
        p.is_external = where == 1;
        return;
      }
      default:
        return;
    }
  }

  static void read_external(const detail::byte_reader& in, bytes message, parsed& p) {
    std::string key;
    std::string value;
    detail::protobuf_reader entry(in, message);
    while (const auto f = entry.next()) {
      if (f->number == 1) key = text_of(want_bytes(in, *f));
      if (f->number == 2) value = text_of(want_bytes(in, *f));
    }
    p.external.insert_or_assign(std::move(key), std::move(value));
  }

  /// The bytes of external data.
  bytes external(const detail::byte_reader& in, const parsed& p) {
    const auto fail = [&](const std::string& what) {
      in.fail_at(p.position, "tensor " + detail::in_quotes(p.tensor.name) + ": " + what);
    };
    if (!folder_) fail("external data; a model in memory may have none");
    const auto number = [&](const char* key) -> std::optional<std::uint64_t> {
      const auto found = p.external.find(key);
      if (found == p.external.end()) return std::nullopt;
      const std::string& text = found->second;
      std::uint64_t n = 0;
      const auto [last, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
      if (problem != std::errc{} || last != text.data() + text.size()) {
        fail(std::string(key) + " " + detail::in_quotes(text) + "; it must be an integer");
      }
      return n;
    };
    const auto location = p.external.find("location");
    if (location == p.external.end()) fail("external data without a location");
    const std::string& name = location->second;
    const std::filesystem::path relative(name);
    bool allowed = !name.empty() && relative.is_relative() && name.find('\0') == name.npos &&
                   name.find('\\') == name.npos;
    for (const auto& part : relative) allowed = allowed && part != "..";
    if (!allowed) {
      fail("external data in " + detail::in_quotes(name) +
           "; it must be in the model's folder or below it");
    }
    auto file = external_.find(name);
    if (file == external_.end()) {
      file = external_.emplace(name, file_bytes(*folder_ / relative)).first;
    }
    const bytes all = file->second.get();
    const std::uint64_t offset = number("offset").value_or(0);
    const std::uint64_t length =
        number("length").value_or(all.size() - std::min<std::uint64_t>(offset, all.size()));
    if (offset > all.size() || length > all.size() - offset) {
      fail(std::to_string(length) + " bytes from " + std::to_string(offset) + " on do not lie in " +
           detail::in_quotes(name) + ", which has " + std::to_string(all.size()));
    }
    return all.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  }

  /// Bytes that an element of a typed field becomes: a packed byte where several share one.
  static std::size_t stored_bytes(onnx_type type) noexcept {
    const int bits = bits_of(type);
    // Complex numbers are two floats each.
    if (type == onnx_type::complex64 || type == onnx_type::complex128) {
      return static_cast<std::size_t>(bits) / 16;
    }
    return bits < 8 ? 1 : static_cast<std::size_t>(bits) / 8;
  }
  /// The field that has a type's elements.
  static std::uint32_t field_of(onnx_type type) noexcept {
    switch (type) {
      case onnx_type::float32:
      case onnx_type::complex64:
        return tensor_float_data;
      case onnx_type::float64:
      case onnx_type::complex128:
        return tensor_double_data;
      case onnx_type::int64:
        return tensor_int64_data;
      case onnx_type::uint32:
      case onnx_type::uint64:
        return tensor_uint64_data;
      default:
        return tensor_int32_data;
    }
  }

  /// The elements of the typed field of a message, as bytes that this object owns.
  bytes decode(const detail::byte_reader& in, bytes message, const parsed& p) {
    if (p.typed != field_of(p.tensor.type)) {
      in.fail_at(p.position, "tensor " + detail::in_quotes(p.tensor.name) + " of " +
                                 std::string(name_of(p.tensor.type)) + " has its data in field " +
                                 std::to_string(p.typed) + "; it must be field " +
                                 std::to_string(field_of(p.tensor.type)));
    }
    std::vector<std::byte>& out = owned_.emplace_back();
    const std::size_t n = stored_bytes(p.tensor.type);
    const auto put = [&out, n](std::uint64_t value) {
      std::array<std::byte, 8> raw;
      std::memcpy(raw.data(), &value, 8);
      out.insert(out.end(), raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(n));
    };
    const bool fixed = p.typed == tensor_float_data || p.typed == tensor_double_data;
    const auto element = n == 4 ? field::wire::fixed32 : field::wire::fixed64;
    detail::protobuf_reader reader(in, message);
    while (const auto f = reader.next()) {
      if (f->number != p.typed) continue;
      if (f->type == (fixed ? element : field::wire::varint)) {
        put(f->value);
      } else if (f->type != field::wire::bytes) {
        in.fail_at(f->position, "field " + std::to_string(p.typed) + " of another wire type");
      } else if (fixed) {
        out.insert(out.end(), f->payload.begin(), f->payload.end());
      } else {
        for (detail::protobuf_reader packed(in, f->payload); !packed.done();) put(packed.varint());
      }
    }
    return out;
  }

  file_bytes bytes_;
  std::string label_;
  std::optional<std::filesystem::path> folder_;
  std::map<std::string, file_bytes, std::less<>> external_;
  std::deque<std::vector<std::byte>> owned_;  // whose elements stay where they are
  std::vector<onnx_tensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace binade::inline v0

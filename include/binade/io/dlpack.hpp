// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/format/format_id.hpp"
#include "binade/io/dlpack_abi.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace binade::inline v0 {

/// The DLPack type of a format's codes; nothing for formats that DLPack does not have.
[[nodiscard]] constexpr std::optional<dlpack::data_type> dlpack_type_of(format_id format) {
  const format_information& info = format_info(format);
  if (info.names.dlpack_code < 0) return std::nullopt;
  return dlpack::data_type{static_cast<std::uint8_t>(info.names.dlpack_code),
                           static_cast<std::uint8_t>(info.bit_count), 1};
}

/// The format of a DLPack type; nothing for wide numbers, several lanes, and what is no format.
[[nodiscard]] constexpr std::optional<format_id> format_of(dlpack::data_type type) {
  for (const format_id format : all_format_ids()) {
    if (const auto known = dlpack_type_of(format); known && *known == type) return format;
  }
  return std::nullopt;
}

namespace detail {

/// Whether DLPack's code has elements of that many bits.
constexpr bool is_dlpack_type(dlpack::data_type type) noexcept {
  const int bits = type.bits;
  const bool whole = bits == 8 || bits == 16 || bits == 32 || bits == 64;
  switch (static_cast<dlpack::type_code>(type.code)) {
    case dlpack::type_code::signed_integer:
    case dlpack::type_code::unsigned_integer:
      return whole || bits == 1 || bits == 2 || bits == 4;
    case dlpack::type_code::floating:
      return bits == 16 || bits == 32 || bits == 64;
    case dlpack::type_code::bfloat:
      return bits == 16;
    case dlpack::type_code::complex:
      return bits == 32 || bits == 64 || bits == 128;
    case dlpack::type_code::boolean:
      return bits == 8;
    case dlpack::type_code::opaque_handle:
      return false;
    case dlpack::type_code::float6_e2m3fn:
    case dlpack::type_code::float6_e3m2fn:
      return bits == 6;
    case dlpack::type_code::float4_e2m1fn:
      return bits == 4;
    default:
      return type.code <= static_cast<std::uint8_t>(dlpack::type_code::float8_e8m0fnu) && bits == 8;
  }
}

inline std::string dlpack_type_text(dlpack::data_type type) {
  return "code " + std::to_string(type.code) + ", " + std::to_string(type.bits) + " bits, " +
         std::to_string(type.lanes) + " lanes";
}

/// What an exported tensor refers to.
template <class Managed>
struct dlpack_export {
  Managed managed{};
  std::shared_ptr<const void> owner;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;

  static void release(Managed* managed) {
    delete static_cast<dlpack_export*>(managed->manager_context);
  }
};

/// Row-major strides in elements; nothing if the product overflows.
inline std::optional<std::vector<std::int64_t>> dlpack_strides(
    std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t n = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = n;
    if (__builtin_mul_overflow(n, std::max<std::int64_t>(shape[i], 1), &n)) return std::nullopt;
  }
  return strides;
}

/// Bytes of a compact tensor; nothing if the product overflows.
inline std::optional<std::uint64_t> dlpack_bytes(dlpack::data_type type, bool padded,
                                                 std::span<const std::int64_t> shape) {
  std::uint64_t n = padded ? (type.bits + 7U) / 8 * 8 : type.bits;
  for (const std::int64_t extent : shape) {
    if (extent == 0) return 0;
  }
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(n, static_cast<std::uint64_t>(extent), &n)) return std::nullopt;
  }
  return n / 8 + (n % 8 != 0 ? 1 : 0);
}

template <class Managed>
Managed* make_dlpack(const char* function, std::shared_ptr<const void> owner,
                     std::span<const std::byte> data, dlpack::data_type type,
                     std::span<const std::uint64_t> shape) {
  const auto fail = [function](const std::string& what) {
    BINADE_THROW(error{std::string(function) + ": " + what});
  };
  if (!is_dlpack_type(type) || type.lanes != 1) {
    fail("type of " + dlpack_type_text(type) + "; DLPack has no such numbers");
  }
  auto made = std::make_unique<dlpack_export<Managed>>();
  for (const std::uint64_t extent : shape) {
    if (extent >> 63U != 0) fail("a dimension of " + std::to_string(extent) + " overflows int64");
    made->shape.push_back(static_cast<std::int64_t>(extent));
  }
  auto strides = dlpack_strides(made->shape);
  const auto bytes = dlpack_bytes(type, false, made->shape);
  if (!strides || !bytes || *bytes != data.size()) {
    fail("the data have " + std::to_string(data.size()) + " bytes, but the shape takes " +
         (bytes && strides ? std::to_string(*bytes) : "more than 64 bits count"));
  }
  made->strides = std::move(*strides);
  made->owner = std::move(owner);
  dlpack::tensor& t = made->managed.tensor;
  t.data = data.empty() ? nullptr : const_cast<std::byte*>(data.data());
  t.device = {dlpack::device_cpu, 0};
  t.rank = static_cast<std::int32_t>(shape.size());
  t.type = type;
  t.shape = made->shape.data();
  t.strides = made->strides.data();
  made->managed.manager_context = made.get();
  made->managed.deleter = &dlpack_export<Managed>::release;
  return &made.release()->managed;
}

}  // namespace detail

/// Hands a tensor of codes or numbers to another library, which calls the result's deleter once.
///
/// `data` stay where they are; `owner` is what keeps them alive, and is let go by the deleter. The
/// tensor is marked as one that must not be written to. Codes of fewer than 8 bits are packed,
/// element i at bit i * bits.
/// Shapes: row-major, last axis contiguous.
/// Throws: error if DLPack has no such type or the data do not fit the shape.
[[nodiscard]] inline dlpack::managed_tensor_versioned* export_dlpack(
    std::shared_ptr<const void> owner, std::span<const std::byte> data, dlpack::data_type type,
    std::span<const std::uint64_t> shape) {
  auto* const made = detail::make_dlpack<dlpack::managed_tensor_versioned>(
      "export_dlpack", std::move(owner), data, type, shape);
  made->version = {dlpack::major_version, dlpack::minor_version};
  made->flags = dlpack::flag_read_only;
  return made;
}

/// The same for a library that knows DLPack before 1.0, which cannot be told not to write.
[[nodiscard]] inline dlpack::managed_tensor* export_dlpack_unversioned(
    std::shared_ptr<const void> owner, std::span<const std::byte> data, dlpack::data_type type,
    std::span<const std::uint64_t> shape) {
  return detail::make_dlpack<dlpack::managed_tensor>("export_dlpack_unversioned", std::move(owner),
                                                     data, type, shape);
}

/// A tensor of another library, checked; its deleter is called when this object ends.
///
/// Checked are version, rank (0 to 64), dimensions that are not negative, products that do not
/// overflow, the type, and that there are data unless there are no elements. A pointer cannot be
/// checked: the other library is trusted to have as many bytes as it says.
class dlpack_tensor {
 public:
  /// Takes over a tensor: its deleter is called in any case, also when this call fails.
  ///
  /// Throws: error naming what was given and what is allowed.
  explicit dlpack_tensor(dlpack::managed_tensor_versioned* managed)
      : release_(managed, &release<dlpack::managed_tensor_versioned>) {
    if (managed == nullptr) fail("a null pointer");
    // Of another major version nothing but the deleter may be used.
    if (managed->version.major != dlpack::major_version) {
      fail("version " + std::to_string(managed->version.major) + "." +
           std::to_string(managed->version.minor) + "; allowed are 1.x");
    }
    flags_ = managed->flags;
    check(managed->tensor);
  }
  /// The same for a tensor from before DLPack 1.0.
  explicit dlpack_tensor(dlpack::managed_tensor* managed)
      : release_(managed, &release<dlpack::managed_tensor>) {
    if (managed == nullptr) fail("a null pointer");
    check(managed->tensor);
  }

  [[nodiscard]] dlpack::data_type type() const noexcept { return tensor_->type; }
  /// The format of its codes; nothing for wide numbers.
  [[nodiscard]] std::optional<format_id> format() const { return format_of(tensor_->type); }
  [[nodiscard]] dlpack::device device() const noexcept { return tensor_->device; }
  [[nodiscard]] bool is_read_only() const noexcept {
    return (flags_ & dlpack::flag_read_only) != 0;
  }
  /// Whether each element of fewer than 8 bits has a byte of its own, its low bits.
  [[nodiscard]] bool is_padded() const noexcept {
    return tensor_->type.bits < 8 && (flags_ & dlpack::flag_subbyte_padded) != 0;
  }
  [[nodiscard]] std::span<const std::int64_t> shape() const noexcept {
    return {tensor_->shape, static_cast<std::size_t>(tensor_->rank)};
  }
  /// Elements from one index to the next, for each axis.
  [[nodiscard]] const std::vector<std::int64_t>& strides() const noexcept { return strides_; }
  /// The first element, on the device where it lies; null if there are no elements.
  [[nodiscard]] const std::byte* data() const noexcept {
    if (tensor_->data == nullptr) return nullptr;
    return static_cast<const std::byte*>(tensor_->data) + tensor_->byte_offset;
  }
  /// Whether the elements lie row-major and without gaps.
  [[nodiscard]] bool is_compact() const {
    const auto compact = *detail::dlpack_strides(shape());
    if (bytes_ == 0) return true;
    for (std::size_t i = 0; i < compact.size(); ++i) {
      if (shape()[i] != 1 && strides_[i] != compact[i]) return false;
    }
    return true;
  }
  /// The bytes of a compact tensor in memory of the host.
  ///
  /// Throws: error if it lies on another device or is not compact.
  [[nodiscard]] std::span<const std::byte> bytes() const {
    const std::int32_t where = tensor_->device.type;
    if (where != dlpack::device_cpu && where != dlpack::device_cuda_host) {
      fail("the tensor lies on a device of type " + std::to_string(where) +
           "; only memory of the host (1 and 3) can be read");
    }
    if (!is_compact()) fail("the tensor has gaps or another order than row-major; make it compact");
    return {bytes_ == 0 ? nullptr : data(), bytes_};
  }

 private:
  template <class Managed>
  static void release(void* managed) {
    auto* const m = static_cast<Managed*>(managed);
    if (m->deleter != nullptr) m->deleter(m);
  }

  void check(const dlpack::tensor& t) {
    tensor_ = &t;
    if (t.rank < 0 || t.rank > 64) fail("rank " + std::to_string(t.rank) + "; allowed are 0 to 64");
    if (t.rank > 0 && t.shape == nullptr) fail("no shape");
    for (const std::int64_t extent : shape()) {
      if (extent < 0)
        fail("a dimension of " + std::to_string(extent) + "; it must not be negative");
    }
    if (!detail::is_dlpack_type(t.type) || t.type.lanes != 1) {
      fail("type of " + detail::dlpack_type_text(t.type) + "; allowed are numbers in one lane");
    }
    auto compact = detail::dlpack_strides(shape());
    const auto bytes = detail::dlpack_bytes(t.type, is_padded(), shape());
    if (!compact || !bytes) fail("the number of bytes overflows 64 bits");
    if (*bytes != 0 && t.data == nullptr) fail("no data, but elements");
    bytes_ = static_cast<std::size_t>(*bytes);
    if (t.strides == nullptr) {
      strides_ = std::move(*compact);
    } else {
      strides_.assign(t.strides, t.strides + t.rank);
    }
  }
  [[noreturn]] static void fail(const std::string& what) {
    BINADE_THROW(error{"dlpack_tensor: " + what});
  }

  std::unique_ptr<void, void (*)(void*)> release_;
  const dlpack::tensor* tensor_ = nullptr;
  std::vector<std::int64_t> strides_;
  std::size_t bytes_ = 0;
  std::uint64_t flags_ = 0;
};

}  // namespace binade::inline v0

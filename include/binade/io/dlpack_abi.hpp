// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// The binary interface of DLPack 1, which any library may be handed a pointer to; a pointer to one
// of these is also a pointer to the structure of dlpack.h that its comment names.

namespace binade::inline v0::dlpack {

inline constexpr std::uint32_t major_version = 1;
inline constexpr std::uint32_t minor_version = 1;  ///< the first one with types of 4 and 6 bits

inline constexpr std::int32_t device_cpu = 1;
inline constexpr std::int32_t device_cuda = 2;
inline constexpr std::int32_t device_cuda_host = 3;

inline constexpr std::uint64_t flag_read_only = 1;
inline constexpr std::uint64_t flag_copied = 2;
inline constexpr std::uint64_t flag_subbyte_padded = 4;  ///< each element has a byte of its own

/// DLDataTypeCode.
enum class type_code : std::uint8_t {
  signed_integer = 0,
  unsigned_integer = 1,
  floating = 2,
  opaque_handle = 3,
  bfloat = 4,
  complex = 5,
  boolean = 6,
  float8_e3m4 = 7,
  float8_e4m3 = 8,
  float8_e4m3b11fnuz = 9,
  float8_e4m3fn = 10,
  float8_e4m3fnuz = 11,
  float8_e5m2 = 12,
  float8_e5m2fnuz = 13,
  float8_e8m0fnu = 14,
  float6_e2m3fn = 15,
  float6_e3m2fn = 16,
  float4_e2m1fn = 17,
};

/// DLDevice.
struct device {
  std::int32_t type;
  std::int32_t id;
};

/// DLDataType.
struct data_type {
  std::uint8_t code;  ///< a type_code, or one that is not known here
  std::uint8_t bits;
  std::uint16_t lanes;

  friend constexpr bool operator==(const data_type&, const data_type&) = default;
};

/// DLTensor.
struct tensor {
  void* data;
  dlpack::device device;
  std::int32_t rank;
  data_type type;
  std::int64_t* shape;
  std::int64_t* strides;  ///< in elements; null if row-major and compact
  std::uint64_t byte_offset;
};

/// DLManagedTensor.
struct managed_tensor {
  dlpack::tensor tensor;
  void* manager_context;
  void (*deleter)(managed_tensor*);
};

/// DLPackVersion.
struct version_number {
  std::uint32_t major;
  std::uint32_t minor;
};

/// DLManagedTensorVersioned.
struct managed_tensor_versioned {
  version_number version;
  void* manager_context;
  void (*deleter)(managed_tensor_versioned*);
  std::uint64_t flags;
  dlpack::tensor tensor;
};

}  // namespace binade::inline v0::dlpack

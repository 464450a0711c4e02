// SPDX-License-Identifier: MIT
#pragma once

#include "binade/io/dlpack.hpp"
#include "binade/io/gguf.hpp"
#include "binade/io/npy.hpp"
#include "binade/io/onnx.hpp"
#include "binade/io/safetensors.hpp"
#include "binade/io/safetensors_model.hpp"
#include "binade/io/write_gguf.hpp"
#include "binade/io/write_npy.hpp"
#include "binade/io/write_safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the fuzzers do with their input, one function a reader: bytes either are a file, of which
// everything is then read, or raise an error that can be printed. A target ends the program if
// something does not hold.

namespace fuzz {

using bytes = std::span<const std::byte>;

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Reads every byte, so that a sanitizer sees those that are not there.
inline void touch(bytes data) {
  unsigned sum = 0;
  for (const std::byte b : data) sum += std::to_integer<unsigned>(b);
  [[maybe_unused]] static volatile unsigned sink;
  sink = sum;
}

/// Calls read(), which may raise an error that begins with `function`.
template <class Function>
void attempt(std::string_view function, Function&& read) {
  try {
    read();
  } catch (const binade::error& problem) {
    const std::string_view message = problem.what();
    require(message.starts_with(function));
    for (const char c : message) require(c >= ' ' && c <= '~');
  }
}

/// Reads a tensor as floats where its type allows it, and the tensor without its last byte.
template <class Tensor>
void read_floats(const Tensor& tensor) {
  if (tensor.data.empty()) return;
  std::vector<float> out(tensor.data.size() / 2);
  out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(tensor.size(), out.size())));
  attempt("read_f32: ", [&] { read_f32(tensor, out); });
  Tensor shorter = tensor;
  shorter.data = tensor.data.first(tensor.data.size() - 1);
  attempt("read_f32: ", [&] { read_f32(shorter, out); });
}

inline void safetensors(bytes input) {
  attempt("safetensors_file: memory: byte ", [input] {
    const auto file = binade::safetensors_file::from_bytes(input);
    std::vector<binade::safetensors_entry> entries;
    for (const auto& tensor : file.tensors()) {
      touch(tensor.data);
      read_floats(tensor);
      attempt("read_f32: ", [&] { require(read_f32(tensor).size() == tensor.size()); });
      require(&file.find(tensor.name) == &tensor);
      entries.push_back({tensor.name, tensor.dtype, tensor.shape});
    }
    attempt("safetensors_file: memory: no tensor", [&] { (void)file.find("?"); });
    // What is read can be written, and is the same then.
    const std::string header = binade::detail::safetensors_header("x", entries, file.metadata());
    std::vector<std::byte> again(8);
    const std::uint64_t size = header.size();
    std::memcpy(again.data(), &size, 8);
    const auto text = std::as_bytes(std::span(header));
    again.insert(again.end(), text.begin(), text.end());
    for (const auto& tensor : file.tensors()) {
      again.insert(again.end(), tensor.data.begin(), tensor.data.end());
    }
    const auto other = binade::safetensors_file::from_bytes(again);
    require(other.metadata() == file.metadata());
    for (const auto& tensor : file.tensors()) {
      require(std::ranges::equal(other.find(tensor.name).data, tensor.data));
    }
  });
}

inline void safetensors_index(bytes input) {
  attempt("read_safetensors_index: memory: byte ", [input] {
    for (const auto& [name, file] : binade::read_safetensors_index(input)) {
      require(file.find('/') == file.npos && file != "..");
    }
  });
}

inline void read_value(const binade::gguf_value& value) {
  if (value.type() == binade::gguf_type::array) {
    value.for_each([](const binade::gguf_value& element) { read_value(element); });
  } else if (value.type() == binade::gguf_type::string) {
    touch(std::as_bytes(std::span(value.as_string())));
  } else {
    attempt("gguf_value: ", [&] { (void)value.as_unsigned(); });
    attempt("gguf_value: ", [&] { (void)value.as_signed(); });
    attempt("gguf_value: ", [&] { (void)value.as_float(); });
    attempt("gguf_value: ", [&] { (void)value.as_bool(); });
  }
}

/// Makes the metadata anew: a copy of each value, but strings and lists of them from their texts.
inline void add_again(binade::gguf_metadata& metadata, const std::string& key,
                      const binade::gguf_value& value) {
  using binade::gguf_type;
  if (value.type() == gguf_type::string) {
    metadata.add(key, value.as_string());
  } else if (value.type() == gguf_type::array && value.element_type() == gguf_type::string) {
    std::vector<std::string> texts;
    value.for_each([&texts](const auto& element) { texts.emplace_back(element.as_string()); });
    metadata.add(key, std::span<const std::string>(texts));
  } else {
    metadata.add(key, value);
  }
  require(std::ranges::equal(metadata.entries().back().value.bytes(), value.bytes()));
}

inline void gguf(bytes input) {
  attempt("gguf_file: memory: ", [input] {
    const auto file = binade::gguf_file::from_bytes(input);
    binade::gguf_metadata copied;
    for (const auto& [key, value] : file.metadata()) {
      read_value(value);
      add_again(copied, key, value);
    }
    std::vector<binade::gguf_entry> entries;
    for (const auto& tensor : file.tensors()) {
      touch(tensor.data);
      read_floats(tensor);
      require(&file.find(tensor.name) == &tensor);
      require(binade::ggml_type_of(binade::name_of(tensor.type)) == tensor.type);
      entries.push_back({tensor.name, tensor.type, tensor.shape});
    }
    attempt("gguf_file: memory: no tensor", [&] { (void)file.find("?"); });
    std::vector<std::uint64_t> offsets;
    auto again = binade::detail::gguf_header_writer("x").make(copied.entries(), entries, offsets);
    if (offsets.back() > (1U << 20U)) return;  // such an alignment makes a file of nothing
    again.resize(static_cast<std::size_t>(offsets.back()));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::ranges::copy(file.tensors()[i].data,
                        again.begin() + static_cast<std::ptrdiff_t>(offsets[i]));
    }
    const auto other = binade::gguf_file::from_bytes(again);
    require(other.metadata().size() == file.metadata().size());
    for (const auto& tensor : file.tensors()) {
      require(std::ranges::equal(other.find(tensor.name).data, tensor.data));
    }
  });
}

inline void npy(bytes input) {
  attempt("npy_file: memory: byte ", [input] {
    const auto file = binade::npy_file::from_bytes(input);
    const auto& array = file.array();
    touch(array.data);
    touch(read_bytes_row_major(array));
    read_floats(array);
    const std::string header = binade::detail::npy_header(array);
    std::vector<std::byte> again(header.size());
    std::memcpy(again.data(), header.data(), header.size());
    again.insert(again.end(), array.data.begin(), array.data.end());
    const auto other = binade::npy_file::from_bytes(again);
    require(other.array().descr == array.descr && other.array().shape == array.shape);
  });
}

inline void onnx(bytes input) {
  attempt("onnx_file: memory: ", [input] {
    const auto file = binade::onnx_file::from_bytes(input);
    for (const auto& tensor : file.tensors()) {
      touch(tensor.data);
      read_floats(tensor);
      require(&file.find(tensor.name) == &tensor);
    }
    attempt("onnx_file: memory: no tensor", [&] { (void)file.find("?"); });
  });
}

/// Reads what another library hands over, and if it lies compact in memory hands out the like of
/// it.
template <class Managed>
void read_dlpack(Managed* managed) {
  const binade::dlpack_tensor taken(managed);
  (void)taken.format();
  require(taken.strides().size() == taken.shape().size());
  const std::size_t size = taken.bytes().size();
  if (size > 4096) return;
  const auto data = std::make_shared<std::vector<std::byte>>(size);
  const std::vector<std::uint64_t> shape(taken.shape().begin(), taken.shape().end());
  // Padded elements are no compact ones, in which alone tensors are handed out.
  attempt("export_dlpack", [&] {
    const binade::dlpack_tensor again(binade::export_dlpack(data, *data, taken.type(), shape));
    require(again.type() == taken.type() && again.is_compact() && again.is_read_only());
    require(again.device().type == binade::dlpack::device_cpu);
    require(std::ranges::equal(again.shape(), taken.shape()));
    touch(again.bytes());
    const binade::dlpack_tensor old(
        binade::export_dlpack_unversioned(data, *data, taken.type(), shape));
    require(!old.is_read_only() && old.bytes().data() == again.bytes().data());
  });
}

/// The input as what another library may hand over: version, flags, rank, type, device, then the
/// shape and the strides; the data are never read.
inline void dlpack(bytes input) {
  namespace dl = binade::dlpack;
  std::array<std::int64_t, 128> numbers{};
  struct start {
    dl::version_number version;
    std::uint64_t flags;
    dl::device device;
    std::int32_t rank;
    dl::data_type type;
    std::uint8_t has_strides;
    std::uint8_t has_data;  ///< bit 1: the tensor is from before DLPack 1.0
  } head{};
  if (!input.empty()) std::memcpy(&head, input.data(), std::min(input.size(), sizeof head));
  if (input.size() > sizeof head) {
    std::memcpy(numbers.data(), input.data() + sizeof head,
                std::min(input.size() - sizeof head, sizeof numbers));
  }
  int released = 0;
  std::byte any{};
  const auto read = [&](auto& managed) {
    managed.manager_context = &released;
    managed.deleter = [](auto* m) { ++*static_cast<int*>(m->manager_context); };
    managed.tensor = {(head.has_data & 1U) != 0 ? &any : nullptr,
                      head.device,
                      head.rank,
                      head.type,
                      numbers.data(),
                      (head.has_strides & 1U) != 0 ? numbers.data() + 64 : nullptr,
                      0};
    attempt("dlpack_tensor: ", [&managed] { read_dlpack(&managed); });
  };
  if ((head.has_data & 2U) != 0) {
    dl::managed_tensor managed{};
    read(managed);
  } else {
    dl::managed_tensor_versioned managed{};
    managed.version = head.version;
    managed.flags = head.flags;
    read(managed);
  }
  require(released == 1);
}

struct target {
  const char* name;  ///< of the program and of the corpus's folder
  void (*run)(bytes);
};
inline constexpr std::array targets{target{"safetensors", safetensors},
                                    target{"safetensors_index", safetensors_index},
                                    target{"gguf", gguf},
                                    target{"npy", npy},
                                    target{"onnx", onnx},
                                    target{"dlpack", dlpack}};

}  // namespace fuzz

// SPDX-License-Identifier: MIT
#pragma once

namespace binade::inline v0 {

/// What other stacks call a format; a null pointer or -1 where they have no name for it.
struct format_names {
  const char* name;                      ///< this library's
  const char* description = "";          ///< one line for people
  const char* aliases = "";              ///< further names, separated by spaces
  const char* torch = nullptr;           ///< torch dtype, without "torch."
  const char* ml_dtypes = nullptr;       ///< numpy extension type
  const char* safetensors = nullptr;     ///< dtype in the header
  const char* mlir = nullptr;            ///< LLVM / MLIR type
  const char* cuda = nullptr;            ///< CUDA C++ type
  const char* cuda_data_type = nullptr;  ///< cudaDataType_t enumerator
  const char* onnx = nullptr;            ///< TensorProto.DataType enumerator
  int onnx_type = -1;                    ///< its number
  int dlpack_code = -1;                  ///< DLDataTypeCode
};

/// A list of types.
template <class... Ts>
struct type_list {
  static constexpr int size = static_cast<int>(sizeof...(Ts));
};

namespace detail {

template <class... Lists>
struct concatenate;
template <class... As>
struct concatenate<type_list<As...>> {
  using type = type_list<As...>;
};
template <class... As, class... Bs, class... Rest>
struct concatenate<type_list<As...>, type_list<Bs...>, Rest...>
    : concatenate<type_list<As..., Bs...>, Rest...> {};

}  // namespace detail

/// Calls f.template operator()<T>() for each type of the list, in order.
template <class... Ts, class Function>
constexpr void for_each_type(type_list<Ts...>, Function&& f) {
  (f.template operator()<Ts>(), ...);
}

}  // namespace binade::inline v0

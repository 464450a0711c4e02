// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/codec.hpp"
#include "binade/format/minifloat.hpp"
#include "binade/format/names.hpp"

#include <cstdint>

namespace binade::inline v0 {

/// Any format, chosen at run time: its spec as data. The codec runs the same functions on it as on
/// a type, so a typed call and a run-time call give the same bits. Cheap to copy; a codebook is
/// referred to.
class any_format {
 public:
  constexpr any_format() noexcept : any_format(binary32_spec, 32, binary32_names) {}

  template <format F>
  [[nodiscard]] static constexpr any_format of() noexcept {
    if constexpr (codebook<std::remove_cvref_t<decltype(F::spec)>>) {
      return any_format(codebook_view{F::spec.values, F::spec.size()}, F::bit_count, F::names);
    } else {
      return any_format(F::spec, F::bit_count, F::names);
    }
  }
  /// binary32 as a format: what scales are stored in where nothing narrower is asked for.
  [[nodiscard]] static constexpr any_format binary32() noexcept { return any_format{}; }

  [[nodiscard]] constexpr const format_names& names() const noexcept { return *names_; }
  [[nodiscard]] constexpr const char* name() const noexcept { return names_->name; }
  /// Bits of a packed code.
  [[nodiscard]] constexpr int bit_count() const noexcept { return bits_; }

  /// Calls f with the spec.
  template <class Function>
  constexpr auto visit(Function&& f) const {
    switch (family_) {
      case family::integer:
        return f(integer_);
      case family::hif8:
        return f(hif8_spec{});
      case family::posit:
        return f(posit_);
      case family::takum:
        return f(takum_);
      case family::codebook:
        return f(codebook_);
      case family::floating:
        break;
    }
    return f(float_);
  }

  [[nodiscard]] constexpr code_description describe() const noexcept {
    return visit([](const auto& s) { return binade::describe(s); });
  }
  [[nodiscard]] constexpr value_class classify(std::uint64_t code) const noexcept {
    return visit([code](const auto& s) { return binade::classify(s, code); });
  }
  [[nodiscard]] constexpr unpacked decode(std::uint64_t code) const noexcept {
    return visit([code](const auto& s) { return binade::decode(s, code); });
  }
  [[nodiscard]] constexpr std::uint64_t encode(const unpacked& x, const rounding::any& rounding,
                                               conversion_rules rules) const noexcept {
    return visit([&](const auto& s) { return binade::encode(s, x, rounding, rules); });
  }
  [[nodiscard]] constexpr std::int64_t order_key(std::uint64_t code) const noexcept {
    return visit([code](const auto& s) { return binade::order_key(s, code); });
  }
  [[nodiscard]] constexpr std::uint64_t code_from_order_key(std::int64_t key) const noexcept {
    return visit([key](const auto& s) { return binade::code_from_order_key(s, key); });
  }
  [[nodiscard]] constexpr carrier exact_in() const noexcept {
    return visit([](const auto& s) { return carrier_of(s); });
  }
  /// The policies that a call which names none gets.
  [[nodiscard]] constexpr rounding::any default_rounding() const noexcept {
    return family_ == family::hif8 ? rounding::any(rounding::ties_to_away{})
                                   : rounding::any(rounding::ties_to_even{});
  }
  [[nodiscard]] constexpr conversion_rules default_rules() const noexcept {
    return {.saturation = bits_ <= 8 ? saturation_mode::finite : saturation_mode::none};
  }
  [[nodiscard]] constexpr bool is_integer() const noexcept { return family_ == family::integer; }
  [[nodiscard]] constexpr bool is_codebook() const noexcept { return family_ == family::codebook; }
  [[nodiscard]] constexpr bool is_hif8() const noexcept { return family_ == family::hif8; }

  /// Whether both are the same catalogue entry.
  friend constexpr bool operator==(const any_format& a, const any_format& b) noexcept {
    return a.names_ == b.names_;
  }

 private:
  enum class family : std::uint8_t { floating, integer, hif8, posit, takum, codebook };
  static constexpr format_names binary32_names{.name = "float32",
                                               .description = "IEEE 754 binary32",
                                               .torch = "float32",
                                               .safetensors = "F32",
                                               .mlir = "f32",
                                               .onnx = "FLOAT",
                                               .onnx_type = 1,
                                               .dlpack_code = 2};

  constexpr any_format(const float_spec& s, int bits, const format_names& names) noexcept
      : float_(s), family_(family::floating), bits_(bits), names_(&names) {}
  constexpr any_format(const integer_spec& s, int bits, const format_names& names) noexcept
      : integer_(s), family_(family::integer), bits_(bits), names_(&names) {}
  constexpr any_format(const hif8_spec&, int bits, const format_names& names) noexcept
      : family_(family::hif8), bits_(bits), names_(&names) {}
  constexpr any_format(const posit_spec& s, int bits, const format_names& names) noexcept
      : posit_(s), family_(family::posit), bits_(bits), names_(&names) {}
  constexpr any_format(const takum_spec& s, int bits, const format_names& names) noexcept
      : takum_(s), family_(family::takum), bits_(bits), names_(&names) {}
  constexpr any_format(const codebook_view& s, int bits, const format_names& names) noexcept
      : codebook_(s), family_(family::codebook), bits_(bits), names_(&names) {}

  float_spec float_{binary32_spec};
  integer_spec integer_{};
  posit_spec posit_{};
  takum_spec takum_{};
  codebook_view codebook_{};
  family family_;
  int bits_;
  const format_names* names_;
};

}  // namespace binade::inline v0

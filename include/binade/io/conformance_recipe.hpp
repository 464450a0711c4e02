// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/random.hpp"  // random_bits
#include "binade/format/catalog_float.hpp"
#include "binade/io/conformance.hpp"
#include "binade/io/conformance_conversion.hpp"
#include "binade/quantize/recipes.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Recipes as subjects of conformance vectors: each vector is a small tensor.

namespace binade::inline v0 {

/// A recipe applied to tensors [rows, columns] of a source. All of them are quantized alike: a
/// recipe with random numbers takes the same ones for each.
struct recipe_case {
  any_recipe recipe{};
  conformance_source source = conformance_sources[0];
  std::size_t rows = 2;
  std::size_t columns = 128;
};

/// Whether `quantize` reads tensors of this type: every number of it is a float.
[[nodiscard]] constexpr bool is_quantize_source(const conformance_source& source) noexcept {
  return source.bits <= 32;
}

namespace detail {

template <class T>
any_packed_tensor quantize_words(const recipe_case& c, std::span<const conformance_word> inputs) {
  std::vector<T> values(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto code = static_cast<std::uint32_t>(inputs[i].code);
    if constexpr (std::same_as<T, float>) {
      std::memcpy(&values[i], &code, sizeof code);
    } else {
      values[i] = T::from_bits(code);
    }
  }
  return quantize(tensor_view<const T>(values.data(), tensor_shape{c.rows, c.columns}), c.recipe);
}

inline any_packed_tensor quantize_words(const recipe_case& c,
                                        std::span<const conformance_word> inputs) {
  const std::string_view source = c.source.name;
  if (source == "float16") return quantize_words<float16>(c, inputs);
  if (source == "bfloat16") return quantize_words<bfloat16>(c, inputs);
  return quantize_words<float>(c, inputs);
}

/// The words of a packed tensor: the codes of its elements in order, then those of its scales, then
/// the tensor scale if it has one.
inline std::vector<conformance_word> packed_words(const any_packed_tensor& packed) {
  const any_packed_view view = packed.view();
  const packed_description& d = view.description;
  std::vector<conformance_word> words;
  for (std::size_t row = 0; row < d.layout.row_count(); ++row) {
    for (std::size_t i = 0; i < d.layout.row_length(); ++i) {
      words.push_back(make_word(view.code(row, i), d.element.bit_count()));
    }
  }
  for (std::size_t i = 0; i < d.layout.scale_count(); ++i) {
    words.push_back(make_word(view.scale_code(i), d.scale.bit_count()));
  }
  if (d.tensor_scale != tensor_scale_kind::none) {
    words.push_back(make_word(bit_cast<std::uint32_t>(view.tensor_scale), 32));
  }
  return words;
}

/// Bits of a binary32 number of the given kind of tensor, for place i.
inline std::uint32_t recipe_input(std::size_t kind, std::uint64_t seed, std::size_t i) noexcept {
  const std::uint32_t random = random_bits(seed, kind, 2 * i, 32);
  const auto number = [&](std::uint32_t low, std::uint32_t high) {  // with an exponent in low..high
    const std::uint32_t choice = random_bits(seed, kind, 2 * i + 1, 32);
    return (random & 0x807fffffU) | (low + choice % (high - low + 1)) << 23;
  };
  const std::uint32_t sign = random & 0x80000000U;
  switch (kind) {
    case 0:  // multiples of 1/16 up to 8: ties of narrow formats
      return sign | bit_cast<std::uint32_t>(to_float(scale_exponent(unpack(random % 129), -4)));
    case 1:  // zeros of both signs in whole blocks, then numbers
      return i % 64 < 32 ? sign : number(100, 130);
    case 2:  // subnormal numbers
      return random & 0x807fffffU;
    case 3:  // the largest numbers
      return number(250, 254);
    case 4:  // all exponents
      return number(0, 254);
    case 5:  // powers of two and what lies next to them
      return sign | (((120 + random % 12) << 23) + static_cast<std::uint32_t>(i % 3) - 1);
    case 6:  // one number
      return 0x40c00000U;
    case 7:  // NaN among numbers
      return i % 48 == 5 ? sign | 0x7fc00000U : number(118, 128);
    case 8:  // infinity among numbers
      return i % 48 == 21 ? sign | 0x7f800000U : number(118, 128);
    default:
      return number(115, 128);
  }
}

}  // namespace detail

/// The keys that name a recipe and its tensors.
[[nodiscard]] inline conformance_header header_of(const recipe_case& c) {
  return {{"recipe", c.recipe.name},
          {"format", c.recipe.format.names->name},
          {"source", c.source.name},
          {"rows", std::to_string(c.rows)},
          {"columns", std::to_string(c.columns)}};
}

/// A recipe as a subject. The inputs of a vector are the elements of a tensor, row by row; the
/// outputs are the codes of its elements, then those of its scales, then the tensor scale if the
/// recipe has one, as it is stored.
[[nodiscard]] inline conformance_subject make_subject(const recipe_case& c) {
  const packed_description d = describe_packed(c.recipe, tensor_shape{c.rows, c.columns});
  const std::size_t elements = c.rows * c.columns;
  const std::size_t scales = d.layout.scale_count();
  conformance_subject subject;
  subject.header = header_of(c);
  subject.facts = {{"follows", c.recipe.follows},
                   {"codes", std::to_string(elements)},
                   {"scales", std::to_string(scales)},
                   {"tensor_scale", d.tensor_scale == tensor_scale_kind::none         ? "none"
                                    : d.tensor_scale == tensor_scale_kind::multiplier ? "multiplier"
                                                                                      : "divisor"}};
  subject.input_fault = [c, elements](std::span<const conformance_word> inputs) -> std::string {
    bool fits = inputs.size() == elements;
    for (const conformance_word& word : inputs) fits = fits && word.digits == c.source.bits / 4;
    if (fits) return "";
    return "a tensor has " + std::to_string(elements) + " words of " +
           std::to_string(c.source.bits / 4) + " digits";
  };
  subject.apply = [c](std::span<const conformance_word> inputs, std::uint64_t) {
    return detail::packed_words(detail::quantize_words(c, inputs));
  };
  subject.input_text = [c](std::size_t, std::uint64_t code) {
    return detail::decimal_text(decode(c.source.spec, code));
  };
  const auto format_of = [d, elements, scales](std::size_t i) {
    return i < elements ? d.element : i < elements + scales ? d.scale : any_format::binary32();
  };
  subject.output_text = [format_of, elements, scales](std::size_t i, std::uint64_t code) {
    const std::string value = detail::decimal_text(format_of(i).decode(code));
    if (i < elements) return "element " + std::to_string(i) + ": " + value;
    if (i < elements + scales) return "scale " + std::to_string(i - elements) + ": " + value;
    return "tensor scale: " + value;
  };
  subject.is_nan = [format_of](std::size_t i, std::uint64_t code) {
    return format_of(i).classify(code) == value_class::nan;
  };
  return subject;
}

/// Vectors of a recipe: nine tensors of one kind each (ties; blocks of zeros; subnormal numbers;
/// the largest ones; all exponents; powers of two and their neighbours; one number; NaN; infinity),
/// then seeded random ones with as many elements as sampling.random_inputs or a few more.
[[nodiscard]] inline conformance_vectors make_vectors(const recipe_case& c,
                                                      const conformance_sampling& sampling = {}) {
  constexpr std::size_t kinds = 9;
  const std::size_t elements = c.rows * c.columns;
  const std::size_t random = (sampling.random_inputs + elements - 1) / elements;
  std::vector<std::vector<conformance_word>> inputs(kinds + random);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    for (std::size_t i = 0; i < elements; ++i) {
      const std::uint32_t bits = detail::recipe_input(k, sampling.seed, i);
      const std::uint64_t code =
          encode(c.source.spec, decode(binary32_spec, bits), rounding::ties_to_even{},
                 {.saturation = saturation_mode::none});
      inputs[k].push_back(make_word(code, c.source.bits));
    }
  }
  conformance_vectors made = make_vectors(make_subject(c), inputs);
  made.header.push_back({"seed", std::to_string(sampling.seed)});
  return made;
}

}  // namespace binade::inline v0

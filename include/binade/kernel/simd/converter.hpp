// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/parallel.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/kernel/reference/convert.hpp"
#include "binade/kernel/simd/convert_kernels.hpp"
#include "binade/kernel/simd/paths.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace binade::inline v0::simd {

namespace converter_detail {

template <class From>
struct source_of {};
template <>
struct source_of<float> {
  using type = float_source;
};
template <>
struct source_of<float16> {
  using type = float16_source;
};
template <>
struct source_of<bfloat16> {
  using type = bfloat16_source;
};

/// What kernels see of an array of formats: their codes.
template <class T>
[[nodiscard]] auto* codes_of(T* p) noexcept {
  using value = std::remove_const_t<T>;
  if constexpr (format<value>) {
    static_assert(sizeof(value) == sizeof(typename value::storage_type) &&
                  std::is_standard_layout_v<value>);
    using code = std::conditional_t<std::is_const_v<T>, const typename value::storage_type,
                                    typename value::storage_type>;
    return reinterpret_cast<code*>(p);
  } else {
    return p;
  }
}

template <class To, class R, class Code>
[[nodiscard]] Code define_code(float x, conversion_rules rules) noexcept {
  return static_cast<Code>(encode(To::spec, unpack(x), R{}, rules));
}
template <class To, class R>
[[nodiscard]] code_definition definition_of(conversion_rules rules) noexcept {
  return {define_code<To, R, std::uint32_t>, rules};
}

/// Encoders whose tables take longer to find than a small call, kept.
template <class To, class R>
[[nodiscard]] rank_encoder rank_encoder_of(conversion_rules rules) {
  // One for each saturation, NaN and negative mode.
  static const std::array<rank_encoder, 18> encoders = [] {
    std::array<rank_encoder, 18> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const conversion_rules r{.saturation = static_cast<saturation_mode>(i / 6),
                               .nan = static_cast<nan_mode>(i / 2 % 3),
                               .negative = static_cast<negative_mode>(i % 2)};
      all[i] = make_rank_encoder(To::spec, R{}, r);
      all[i].definition = define_code<To, R, std::uint8_t>;
    }
    return all;
  }();
  rank_encoder e =
      encoders[static_cast<std::size_t>(rules.saturation) * 6 +
               static_cast<std::size_t>(rules.nan) * 2 + static_cast<std::size_t>(rules.negative)];
  e.rules = rules;
  return e;
}
template <class To, class R>
[[nodiscard]] codebook_encoder codebook_encoder_of(conversion_rules rules) {
  static const codebook_encoder encoder = make_codebook_encoder(definition_of<To, R>({}));
  codebook_encoder e = encoder;
  e.definition.rules = rules;
  return e;
}

template <class To, class R>
[[nodiscard]] const wide_codebook_table& wide_codebook_table_of() {
  static const wide_codebook_table table = make_wide_codebook_table(definition_of<To, R>({}));
  return table;
}

template <class To>
[[nodiscard]] const binade_table& binade_table_of() {
  static const binade_table table = make_binade_table(definition_of<To, rounding::toward_zero>({}));
  return table;
}

/// All values of a source of 9 to 16 bits, converted by the definition: some milliseconds' work.
template <class To, class From, class R, saturation_mode Saturation>
[[nodiscard]] const To* wide_table_of() {
  static const std::vector<To> table = [] {
    std::vector<To> all(std::size_t{1} << From::bit_count);
    for (std::uint32_t code = 0; code < all.size(); ++code) {
      binade::detail::pack_value_into(&all[code], unpack(From::from_bits(code)), R{},
                                      {.saturation = Saturation});
    }
    return all;
  }();
  return table.data();
}
template <class To, class From, class R>
[[nodiscard]] const To* wide_table_of(saturation_mode saturation) {
  switch (saturation) {
    case saturation_mode::finite:
      return wide_table_of<To, From, R, saturation_mode::finite>();
    case saturation_mode::propagate:
      return wide_table_of<To, From, R, saturation_mode::propagate>();
    case saturation_mode::none:
      break;
  }
  return wide_table_of<To, From, R, saturation_mode::none>();
}

/// All values of a source of at most 8 bits, converted by the definition.
template <class To, class From, class R>
class table_converter {
 public:
  table_converter(target t, const R& rounding, conversion_rules rules, bool streams) noexcept
      : target_(t), streams_(streams) {
    table_.count = 1 << describe(From::spec).code_bits;
    for (std::uint32_t code = 0; code < static_cast<std::uint32_t>(table_.count); ++code) {
      const unpacked value = unpack(From::from_bits(code));
      binade::detail::pack_value_into(&values_[code], value, rounding, rules);
      if constexpr (std::same_as<To, float>) {
        table_.set(code, bit_cast<std::uint32_t>(values_[code]));
      } else if constexpr (sizeof(To) == 2) {
        table_.set(code, std::uint32_t{values_[code].bits()} << 16);
      }
    }
  }
  void operator()(const From* x, To* out, std::size_t n, std::uint64_t) const {
    const auto select = [this]<class K>(K) {
      if constexpr (std::same_as<To, float>) {
        return streams_ ? K::template table_to_float<typename K::streaming>
                        : K::template table_to_float<typename K::ordinary>;
      } else {
        return streams_ ? K::template table_to_words<typename K::streaming>
                        : K::template table_to_words<typename K::ordinary>;
      }
    };
    if constexpr (std::same_as<To, float> || sizeof(To) == 2) {
      conversion_for(target_, select)(codes_of(x), codes_of(out), n, table_);
    } else {
      for (std::size_t i = 0; i < n; ++i) out[i] = values_[x[i].bits()];
    }
  }

 private:
  decode_table table_{};
  To values_[256]{};
  target target_;
  bool streams_;
};

}  // namespace converter_detail

/// Results of at least so many bytes, more than the caches of most cores hold, are stored past
/// them.
inline constexpr std::size_t streaming_bytes = std::size_t{1} << 25;

/// What converts a chunk: converter(x, out, n, index), in the default floating-point environment.
template <class To, class From>
using converter = function_ref<void(const From*, To*, std::size_t, std::uint64_t)>;

/// Calls f with the converter on target `t`; `size` is the number of elements of all chunks.
///
/// Throws: error if this machine does not run the target's code and the conversion has some.
template <conversion_target To, number From, rounding_policy R>
void with_converter(target t, const R& rounding, conversion_rules rules, std::size_t size,
                    function_ref<void(converter<To, From>)> f) {
  namespace d = converter_detail;
  constexpr path p = path_of<To, From, R>();
  const auto reference = [&](const From* x, To* out, std::size_t n, std::uint64_t index) {
    reference::convert(x, out, n, rounding, rules, index);
  };
  const auto run = [&](auto kernel, const auto& constants) {
    f([kernel, &constants](const From* x, To* out, std::size_t n, std::uint64_t) {
      kernel(d::codes_of(x), d::codes_of(out), n, constants);
    });
  };
  if constexpr (std::same_as<R, rounding::any>) {
    rounding.visit([&]<class Policy>(const Policy& policy) {
      if constexpr (path_of<To, From, Policy>() == path::reference) {
        f(reference);  // once for all modes without a kernel
      } else {
        with_converter<To, From>(t, policy, rules, size, f);
      }
    });
  } else if constexpr (p == path::reference) {
    f(reference);
  } else if constexpr (p == path::table) {
    // Finding the table costs as much as some hundred elements.
    if (size < 1024) {
      f(reference);
    } else {
      const bool streams = size * sizeof(To) >= streaming_bytes;
      f(d::table_converter<To, From, R>(t, rounding, rules, streams));
    }
  } else if constexpr (p == path::wide_table) {
    // Kept from call to call; not worth making for little.
    if (size < 8192 || rules.nan != nan_mode::largest) {
      f(reference);
    } else {
      const To* table = d::wide_table_of<To, From, R>(rules.saturation);
      f([table](const From* x, To* out, std::size_t n, std::uint64_t) {
        for (std::size_t i = 0; i < n; ++i) out[i] = table[x[i].bits()];
      });
    }
  } else if constexpr (p == path::widen) {
    using source = typename d::source_of<From>::type;
    const bool streams = size * sizeof(To) >= streaming_bytes;
    const auto kernel = conversion_for(t, [streams]<class K>(K) {
      return streams ? K::template to_float<typename K::streaming, source>
                     : K::template to_float<typename K::ordinary, source>;
    });
    if (rules.saturation == saturation_mode::finite) {  // infinities do not stay
      f(reference);
    } else {
      f([kernel](const From* x, To* out, std::size_t n, std::uint64_t) {
        kernel(d::codes_of(x), out, n);
      });
    }
  } else {
    using source = typename d::source_of<From>::type;
    using code = typename To::storage_type;
    if constexpr (p == path::floats) {
      const float_encoder encoder = make_float_encoder(To::spec, rules);
      run(conversion_for(t,
                         []<class K>(K) {
                           if constexpr (sizeof(code) == 1) {
                             return K::template floats<source>;
                           } else {
                             return K::template wide_floats<source>;
                           }
                         }),
          encoder);
    } else if constexpr (p == path::upper) {
      const upper_encoder encoder =
          make_upper_encoder(To::spec, rounding, d::definition_of<To, R>(rules));
      run(conversion_for(t, []<class K>(K) { return K::template upper_bits<source, code>; }),
          encoder);
    } else if constexpr (p == path::ranks) {
      const rank_encoder encoder = d::rank_encoder_of<To, R>(rules);
      run(conversion_for(t, []<class K>(K) { return K::template ranks<source>; }), encoder);
    } else if constexpr (p == path::binades) {
      const binade_encoder encoder = make_binade_encoder(d::binade_table_of<To>(), To::bit_count,
                                                         rounding, d::definition_of<To, R>(rules));
      run(conversion_for(t, []<class K>(K) { return K::template binades_of<source>; }), encoder);
    } else if constexpr (p == path::integers) {
      constexpr auto how = std::same_as<R, rounding::toward_zero> ? rounds_integers::toward_zero
                                                                  : rounds_integers::to_nearest;
      const integer_encoder encoder =
          make_integer_encoder(To::spec, d::definition_of<To, R>(rules));
      run(conversion_for(t, []<class K>(K) { return K::template integers<source, how>; }), encoder);
    } else if constexpr (p == path::stochastic) {
      if (has_stochastic_encoder(rounding)) {
        const stochastic_encoder encoder = make_stochastic_encoder(To::spec, rounding, rules);
        const auto kernel =
            conversion_for(t, []<class K>(K) { return K::template stochastic_floats<source>; });
        f([kernel, &encoder](const From* x, To* out, std::size_t n, std::uint64_t index) {
          kernel(d::codes_of(x), d::codes_of(out), n, encoder, index);
        });
      } else {
        f(reference);
      }
    } else {
      static_assert(p == path::codebook);
      if constexpr (To::spec.size() == 16) {
        const codebook_encoder encoder = d::codebook_encoder_of<To, R>(rules);
        run(conversion_for(t, []<class K>(K) { return K::template codebooks<source>; }), encoder);
      } else {
        const wide_codebook_table& table = d::wide_codebook_table_of<To, R>();
        const wide_codebook_encoder encoder{&table, d::definition_of<To, R>(rules)};
        if (table.is_valid) {
          run(conversion_for(t, []<class K>(K) { return K::template wide_codebooks<source>; }),
              encoder);
        } else {
          f(reference);
        }
      }
    }
  }
}

}  // namespace binade::inline v0::simd

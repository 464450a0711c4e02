// SPDX-License-Identifier: MIT

// Sources of at most 16 bits, whole: every input against the definition, on every target.

#include "binade/kernel/simd/converter.hpp"
#include "kernel/simd/convert_support.hpp"

namespace {

using namespace binade;
using namespace binade::test;

TEST(convert_sources, all_inputs_of_16_bit_sources_equal_the_definition) {
  const auto all_of = []<class From>(From) {
    std::vector<From> x(65536);
    for (std::uint32_t i = 0; i < x.size(); ++i) x[i] = From::from_bits(i);
    for_each_type(type_list<e4m3fn, e2m1fn, hif8, posit8, takum8, e8m0fnu, int8, nf4, dynamic8,
                            float16, bfloat16>{},
                  [&]<class F>() {
                    if constexpr (!std::same_as<F, From>) {
                      expect_definition<F>(x, typename default_policies<F>::rounding{},
                                           default_policies<F>::rules);
                    }
                  });
    for (const auto saturation : {saturation_mode::finite, saturation_mode::none}) {
      expect_definition<float>(x, rounding::ties_to_even{}, {.saturation = saturation});
    }
  };
  all_of(float16{});
  all_of(bfloat16{});
}

TEST(convert_sources, every_code_of_at_most_8_bits_is_decoded_as_defined) {
  for_each_type(all_formats{}, []<class F>() {
    if constexpr (F::bit_count <= 8) {
      std::vector<F> x;
      while (x.size() < 1500) for_each_code<F>([&](F v) { x.push_back(v); });
      expect_definition<float>(x, rounding::ties_to_even{}, {.saturation = saturation_mode::none});
      expect_definition<bfloat16>(x, rounding::ties_to_even{}, {});
      expect_definition<e4m3fn>(x, rounding::ties_to_even{}, {});
    }
  });
}

}  // namespace

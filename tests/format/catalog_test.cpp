// SPDX-License-Identifier: MIT

#include "binade/format/catalog.hpp"

#include "contract_support.hpp"

#include <set>

namespace {

using namespace binade;

TEST(catalog, has_every_format_that_the_design_names) {
  std::set<std::string> names;
  for_each_type(all_formats{}, [&names]<class F>() { names.insert(F::names.name); });
  for (const char* name :
       {"e5m2",    "e4m3fn",   "e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz", "e4m3_ieee", "e3m4",
        "e3m4fn",  "e8m0fnu",  "ue4m3",    "ue5m3",    "e2m3fn",      "e3m2fn",    "e2m1fn",
        "e3m0",    "e1m2",     "e2m5",     "e5m6",     "float16",     "bfloat16",  "tfloat32",
        "hif8",    "posit8_0", "posit8_1", "posit8",   "posit16_1",   "posit16",   "takum8",
        "takum16", "int2",     "int3",     "int4",     "int5",        "int6",      "int7",
        "int8",    "uint2",    "uint3",    "uint4",    "uint5",       "uint6",     "uint7",
        "uint8",   "nf4",      "dynamic8", "e0m3",     "e0m7"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
  for (const std::string& name : oracle::p3109_names()) EXPECT_EQ(names.count(name), 1U) << name;
  // Everything that the oracles know by name is here, too.
  for (const std::string& name : oracle::all_names()) EXPECT_EQ(names.count(name), 1U) << name;
  EXPECT_EQ(names.size(), static_cast<std::size_t>(all_formats::size)) << "a name occurs twice";
}

TEST(catalog, is_the_lists_of_the_families) {
  static_assert(all_formats::size == float_formats::size + tapered_formats::size +
                                         integer_formats::size + codebook_formats::size +
                                         p3109_formats::size);
  EXPECT_GE(all_formats::size, 77);
}

template <class... Fs>
constexpr bool all_are_formats(type_list<Fs...>) {
  return (format<Fs> && ...);
}

TEST(catalog, entries_are_formats_with_names) {
  static_assert(all_are_formats(all_formats{}));
  for_each_type(all_formats{}, []<class F>() {
    const std::string name = F::names.name;
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos)
        << name;
    EXPECT_STRNE(F::names.description, "") << name;
    EXPECT_GE(F::bit_count, describe(F::spec).code_bits) << name;
  });
}

/// Packed widths: the sum of the fields, but for ue4m3, whose byte has a bit to spare.
TEST(catalog, bit_counts_are_the_code_bits) {
  for_each_type(all_formats{}, []<class F>() {
    const int code_bits = describe(F::spec).code_bits;
    const bool spare = std::is_same_v<F, ue4m3>;
    EXPECT_EQ(F::bit_count, spare ? 8 : code_bits) << F::names.name;
  });
}

}  // namespace

// SPDX-License-Identifier: MIT
#pragma once

// Every element format by name: the parameters of each family's definition.

#include "families.hpp"
#include "format.hpp"
#include "rational.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace oracle {

/// The sixteen NF4 values (QLoRA), which are binary32 constants. Source: formats.md D.6.
inline format nf4() {
  const std::vector<float> values = {
      -1.0F,
      -0.6961928009986877F,
      -0.5250730514526367F,
      -0.39491748809814453F,
      -0.28444138169288635F,
      -0.18477343022823334F,
      -0.09105003625154495F,
      0.0F,
      0.07958029955625534F,
      0.16093020141124725F,
      0.24611230194568634F,
      0.33791524171829224F,
      0.44070982933044434F,
      0.5626170039176941F,
      0.7229568362236023F,
      1.0F,
  };
  return codebook("nf4", 4, std::vector<double>(values.begin(), values.end()));
}

/// The "dynamic tree" 8-bit codebook, signed, sorted: each entry is the binary32 nearest to the
/// closed form. Source: formats.md D.6.
inline format dynamic8() {
  std::vector<double> values;
  for (int c = 0; c < 256; ++c) {
    if (c == 127 || c == 255) {
      values.push_back(c == 127 ? 0.0 : 1.0);
      continue;
    }
    const int k = std::abs(c - 127);
    int i = 0;
    while ((2 << i) <= k) ++i;  // floor(log2 k)
    const int j = k - (1 << i);
    rational v = ratio(1, 10) + ratio(9, 10) * rational(2 * j + 1) / two_to(i + 1);
    for (int decade = i; decade < 6; ++decade) v /= 10;
    values.push_back(nearest_binary32(c < 127 ? rational(-v) : v));
  }
  return codebook("dynamic8", 8, values);
}

namespace catalog_detail {

/// Builds one format that is not a P3109 type. Throws std::out_of_range on an unknown name.
inline format build(const std::string& name) {
  using enum specials;
  constexpr bool is_unsigned = false;  // the last argument of minifloat is is_signed

  if (name == "e5m2") return minifloat(name, 5, 2, 15, ieee, true, 0x7F);
  if (name == "e4m3fn") return minifloat(name, 4, 3, 7, fn);
  if (name == "e4m3fnuz") return minifloat(name, 4, 3, 8, fnuz);
  if (name == "e5m2fnuz") return minifloat(name, 5, 2, 16, fnuz);
  if (name == "e4m3b11fnuz") return minifloat(name, 4, 3, 11, fnuz);
  if (name == "e4m3_ieee") return minifloat(name, 4, 3, 7, ieee);
  if (name == "e3m4") return minifloat(name, 3, 4, 3, ieee);
  if (name == "e3m4fn") return minifloat(name, 3, 4, 3, fn);
  if (name == "e8m0fnu") return e8m0(name);
  if (name == "ue4m3") return minifloat(name, 4, 3, 7, fn, is_unsigned);  // 7 bits; bit 7 is 0
  if (name == "ue5m3") return minifloat(name, 5, 3, 15, fn, is_unsigned);
  if (name == "e2m3fn") return minifloat(name, 2, 3, 1, all);
  if (name == "e3m2fn") return minifloat(name, 3, 2, 3, all);
  if (name == "e2m1fn") return minifloat(name, 2, 1, 1, all);
  if (name == "e3m0") return minifloat(name, 3, 0, 3, all);
  if (name == "e1m2") return minifloat(name, 1, 2, 0, all);
  if (name == "e2m5") return minifloat(name, 2, 5, 1, all);
  if (name == "e0m3") return sign_magnitude(name, 3);
  if (name == "e0m7") return sign_magnitude(name, 7);
  if (name == "e5m6") return minifloat(name, 5, 6, 15, ieee);
  if (name == "float16") return minifloat(name, 5, 10, 15, ieee);
  if (name == "bfloat16") return minifloat(name, 8, 7, 127, ieee);
  if (name == "tfloat32") return minifloat(name, 8, 10, 127, ieee);
  if (name == "hif8") return hif8(name);
  if (name == "posit8") return posit(name, 8, 2);
  if (name == "posit16") return posit(name, 16, 2);
  if (name == "posit8_0") return posit(name, 8, 0);
  if (name == "posit8_1") return posit(name, 8, 1);
  if (name == "posit16_1") return posit(name, 16, 1);
  if (name == "takum8") return takum_linear(name, 8);
  if (name == "takum16") return takum_linear(name, 16);
  if (name == "nf4") return nf4();
  if (name == "dynamic8") return dynamic8();
  for (int bits = 2; bits <= 8; ++bits) {
    if (name == "int" + std::to_string(bits)) return integer(name, bits, true);
    if (name == "uint" + std::to_string(bits)) return integer(name, bits, false);
  }
  throw std::out_of_range("oracle::by_name: no format is called " + name);
}

}  // namespace catalog_detail

/// The names of the 30 P3109 types with K = 8: signed p1..p7, unsigned p1..p8, extended and finite.
inline std::vector<std::string> p3109_names() {
  std::vector<std::string> names;
  for (const char* sign : {"s", "u"}) {
    for (int p = 1; p <= (*sign == 's' ? 7 : 8); ++p) {
      for (const char* domain : {"e", "f"}) {
        names.push_back("binary8p" + std::to_string(p) + sign + domain);
      }
    }
  }
  return names;
}

/// Every name that by_name knows beforehand, tfloat32 (2^19 codes) included.
inline std::vector<std::string> all_names() {
  std::vector<std::string> names = {
      "e5m2",      "e4m3fn",   "e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz", "e4m3_ieee", "e3m4",
      "e3m4fn",    "e8m0fnu",  "ue4m3",    "ue5m3",    "e2m3fn",      "e3m2fn",    "e2m1fn",
      "e3m0",      "e1m2",     "e2m5",     "e0m3",     "e0m7",        "e5m6",      "float16",
      "bfloat16",  "tfloat32", "hif8",     "posit8",   "posit16",     "posit8_0",  "posit8_1",
      "posit16_1", "takum8",   "takum16",  "nf4",      "dynamic8"};
  for (const char* kind : {"int", "uint"}) {
    for (int bits = 2; bits <= 8; ++bits) names.push_back(kind + std::to_string(bits));
  }
  for (const std::string& name : p3109_names()) names.push_back(name);
  return names;
}

/// The format of a name in all_names(), or any binary<K>p<P><s|u><e|f> of at most 16 bits.
///
/// Built on first use and kept; safe to call from several threads.
/// Throws: std::out_of_range for an unknown name.
inline const format& by_name(const std::string& name) {
  static std::mutex lock;
  static std::map<std::string, std::unique_ptr<const format>> known;
  const std::lock_guard<std::mutex> guard(lock);
  if (const auto found = known.find(name); found != known.end()) return *found->second;

  static const std::regex p3109_name("binary([0-9]+)p([0-9]+)([su])([ef])");
  std::smatch part;
  std::unique_ptr<const format> made;
  if (std::regex_match(name, part, p3109_name)) {
    const int k = std::stoi(part[1]);
    const int p = std::stoi(part[2]);
    if (k > 16 || p < 1 || p > k) throw std::out_of_range("oracle::by_name: no type " + name);
    made = std::make_unique<const format>(p3109(k, p, part[3] == "s", part[4] == "e"));
  } else {
    made = std::make_unique<const format>(catalog_detail::build(name));
  }
  return *(known[name] = std::move(made));
}

}  // namespace oracle

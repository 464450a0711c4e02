// SPDX-License-Identifier: MIT

// same_bits [FILE]
//
// Computes hashes of what the library gives for a fixed set of inputs, once in each floating-point
// environment that this machine has. Without FILE it prints them, "NAME HASH" a line; with FILE,
// which holds such lines, it tells which differ, and ends with 1 if one does or if a product's line
// is that of the product with its columns in another order. HASH is the 64-bit
// FNV-1a hash of the results' bytes. Compiled with -DSAME_BITS_SAMPLE it leaves out most element
// formats.

#include "binade/core/parallel.hpp"
#include "binade/format/catalog.hpp"
#include "binade/quantize/recipes.hpp"
#include "binade/tensor/block_catalog.hpp"
#include "same_bits/constants.hpp"
#include "same_bits/element_formats.hpp"
#include "same_bits/environment.hpp"
#include "same_bits/tensors.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace {

using namespace same_bits;

#ifdef SAME_BITS_SAMPLE
constexpr bool is_sample = true;
using element_formats = binade::type_list<binade::e4m3fn, binade::e2m1fn, binade::bfloat16,
                                          binade::hif8, binade::posit16, binade::int8, binade::nf4>;
#else
constexpr bool is_sample = false;
using element_formats = binade::all_formats;
#endif
using constant_formats = binade::type_list<binade::e4m3fn, binade::e2m1fn, binade::hif8,
                                           binade::posit8, binade::int4, binade::nf4>;

// The compiler computes the same: these are the lines "constant_evaluation" and "run_time".
static_assert(constant_hash<binade::e4m3fn> == 0x383991bbf59cf2fd);
static_assert(constant_hash<binade::e2m1fn> == 0x44858e047bb28638);
static_assert(constant_hash<binade::hif8> == 0xe65a77464dca635c);
static_assert(constant_hash<binade::posit8> == 0xdacda9a883bd698f);
static_assert(constant_hash<binade::int4> == 0xa9998adb5d7b2885);
static_assert(constant_hash<binade::nf4> == 0xcc04c0972852fb42);

lines compute(binade::executor_ref pool) {
  lines out;
  binade::for_each_type(constant_formats{}, [&]<class F>() { constant_lines<F>(out); });
  binade::for_each_type(element_formats{}, [&]<class F>() {
    convert_lines<F>(out, pool);
    back_lines<F>(out);
    arithmetic_lines<F>(out);
    scaled_format_lines(out, binade::any_packable::of<F>(), pool);
  });
  binade::for_each_type(binade::all_block_formats{}, [&]<class F>() {
    block_format_lines(out, binade::any_packable::of<F>(), pool);
  });
  for (const binade::any_recipe& r : binade::all_recipes()) recipe_lines(out, r);
  return out;
}

std::map<std::string, std::string> read(const char* path) {
  std::map<std::string, std::string> expected;
  std::ifstream file(path);
  for (std::string name, hash; file >> name >> hash;) expected[name] = hash;
  if (expected.empty()) {
    std::fprintf(stderr, "same_bits: %s has no lines or cannot be read\n", path);
    std::exit(2);
  }
  return expected;
}

/// How many lines are not those expected; it prints the first ones.
int differences(const lines& got, std::map<std::string, std::string> expected, const char* where) {
  int count = 0;
  const auto differs = [&](const std::string& name, const std::string& ours,
                           const std::string& theirs) {
    if (++count <= 5) {
      std::printf("%s: %s: got %s, expected %s\n", where, name.c_str(), ours.c_str(),
                  theirs.c_str());
    }
  };
  for (const auto& [name, hash] : got.get()) {
    const auto found = expected.find(name);
    if (found == expected.end()) {
      differs(name, hex(hash), "no such line");
      continue;
    }
    if (found->second != hex(hash)) differs(name, hex(hash), found->second);
    expected.erase(found);
  }
  if (!is_sample) {
    for (const auto& [name, hash] : expected) differs(name, "nothing", hash);
  }
  return count;
}

/// How many products of block formats come out the same when their columns stand in another order,
/// so that a change of the order would not be seen. It prints them.
int blind_products(const std::map<std::string, std::string>& expected) {
  int count = 0;
  for (const auto& [name, hash] : expected) {
    const std::size_t slash = name.find('/');
    const auto reversed = expected.find(name.substr(0, slash) + "_reversed" + name.substr(slash));
    if (reversed == expected.end() || reversed->second != hash) continue;
    std::printf("%s: the order of summation does not show\n", name.c_str());
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    std::fprintf(stderr, "usage: same_bits [FILE]\n");
    return 2;
  }
  if (argc == 1) {
    binade::threads pool(3);
    const lines got = compute(pool);
    for (const auto& [name, hash] : got.get()) {
      std::printf("%s %s\n", name.c_str(), hex(hash).c_str());
    }
    return 0;
  }
  const auto expected = read(argv[1]);
  int count = blind_products(expected);
  for (const environment& e : environments) {
    if (e.flush_to_zero && !can_flush_to_zero) continue;
    enter(e);
    binade::threads pool(3);  // its threads start in this environment
    const lines got = compute(pool);
    enter(environments[1]);
    const int here = differences(got, expected, e.name);
    std::printf("%s: %zu hashes, %d differ\n", e.name, got.get().size(), here);
    count += here;
  }
  return count == 0 ? 0 : 1;
}

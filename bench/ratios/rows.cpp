// SPDX-License-Identifier: MIT

#include "ratios/rows.hpp"

#include "binade/format/catalog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace ratios {
namespace {

using bench::place;
using names = std::vector<std::string>;
using table = std::vector<row>;

constexpr place l1 = place::l1;
constexpr place l2 = place::l2;
constexpr place memory = place::memory;
constexpr place hot = place::hot;
constexpr place cold = place::cold;

/// The names prefix + format + suffix of the formats of a list for which keep.operator()<F>().
template <class List, class Keep>
names names_of(const std::string& prefix, const std::string& suffix, const Keep& keep) {
  names found;
  binade::for_each_type(List{}, [&]<class F>() {
    if (keep.template operator()<F>()) found.push_back(prefix + F::names.name + suffix);
  });
  return found;
}

void add_encode_rows(table& rows) {
  const std::string plain = "encode/f32/e4m3fn";
  const std::string cuda = plain + "/cuda_fp8.h";
  const std::string e4m3fn = "e4m3fn from float";
  rows.push_back({e4m3fn, l1, {plain}, 22, divisor::fastest, {cuda}});
  rows.push_back({e4m3fn, l2, {plain}, 65, divisor::fastest, {cuda}});
  rows.push_back({e4m3fn, l2, {plain}, 0.35, divisor::limit});
  rows.push_back({e4m3fn, memory, {plain}, 0.93, divisor::limit});
  rows.push_back({e4m3fn, memory, {plain}, 24, divisor::fastest, {cuda}});

  const auto add = [&](const std::string& kernel, const names& cases, double of_e4m3fn,
                       double of_limit) {
    for (const place where : {l1, l2}) {
      rows.push_back({kernel, where, cases, of_e4m3fn, divisor::fastest, {plain}});
    }
    rows.push_back({kernel, memory, cases, of_limit, divisor::limit});
  };
  const auto is_fnuz = [](std::string_view name) { return name.ends_with("fnuz"); };
  const std::string from_float = "encode/f32/";
  add("other ExMy formats of at most 8 bits from float",
      names_of<binade::float_formats>(from_float, "",
                                      [&]<class F>() {
                                        return F::bit_count <= 8 &&
                                               !std::same_as<F, binade::e4m3fn> &&
                                               !is_fnuz(F::names.name);
                                      }),
      0.9, 0.93);
  add("fnuz formats from float",
      names_of<binade::float_formats>(from_float, "",
                                      [&]<class F>() { return is_fnuz(F::names.name); }),
      0.8, 0.93);
  add("hif8, posit8, takum8, P3109 from float",
      {from_float + "hif8", from_float + "posit8", from_float + "takum8",
       from_float + "binary8p3se", from_float + "binary8p4se", from_float + "binary8p5uf"},
      0.45, 0.85);
  add("nf4, dynamic8 from float", {from_float + "nf4", from_float + "dynamic8"}, 0.25, 0.6);

  // The same kernel compiled for less than this machine has.
  const auto add_target = [&](const std::string& target, double in_cache, double in_memory) {
    const std::string kernel = "e4m3fn from float, " + target;
    for (const auto& [where, goal] : {std::pair{l2, in_cache}, {memory, in_memory}}) {
      rows.push_back({kernel, where, {plain + "/" + target}, goal, divisor::fastest, {plain}});
    }
  };
  add_target("portable_clang_native", 0.7, 0.7);
  add_target("portable_gcc_v3", 0.35, 0.7);
  add_target("avx2", 0.68, 0.85);

  for (const char* source : {"bfloat16", "float16"}) {
    for (const char* format : {"e4m3fn", "e2m1fn", "hif8", "nf4"}) {
      const std::string kernel = fmt::format("{} from {}", format, source);
      const std::string name = fmt::format("encode/{}/{}", source, format);
      for (const place where : {l1, l2}) {
        rows.push_back({kernel, where, {name}, 0.9, divisor::fastest, {from_float + format}});
      }
      rows.push_back({kernel, memory, {name}, 0.9, divisor::limit});
    }
  }
  for (const auto& [bits, in_cache] : {std::pair{8, 0.47}, {16, 0.36}}) {
    const std::string kernel = fmt::format("e4m3fn from float, stochastic of {} bits", bits);
    const std::string name = fmt::format("{}/stochastic{}", plain, bits);
    for (const place where : {l1, l2}) {
      rows.push_back({kernel, where, {name}, in_cache, divisor::fastest, {plain}});
    }
    rows.push_back({kernel, memory, {name}, 0.92, divisor::fastest, {plain}});
  }
}

void add_decode_rows(table& rows) {
  const names exact = names_of<binade::float_formats>("decode/", "/f32", []<class F>() {
    return F::bit_count == 8 && F::exact_in() == binade::carrier::bfloat16;
  });
  const std::string kernel = "8-bit formats exact in bf16 to float";
  rows.push_back({kernel, l2, exact, 0.90, divisor::limit});
  rows.push_back({kernel, memory, exact, 0.97, divisor::streamed});
  const std::string limit = "limit/read1/write4";
  for (const char* format : {"mxfp4", "nvfp4"}) {
    const std::string name = fmt::format("dequantize/{}/f32", format);
    const std::string to_float = fmt::format("{} to float", format);
    rows.push_back({to_float, l2, {name}, 0.78, divisor::fastest, {limit}});
    rows.push_back({to_float, memory, {name}, 0.95, divisor::fastest, {limit + "/streamed"}});
  }
}

void add_quantize_rows(table& rows) {
  struct goal {
    const char* name;
    double gigahertz_speed;  // 10^9 elements a second at 2.9 GHz
    double of_limit;
  };
  for (const goal& g : {goal{"mxfp4", 6.4, 0.70}, goal{"nvfp4/given_scale", 4.3, 0.62},
                        goal{"mxfp8_e4m3", 6.2, 0.76}}) {
    const std::string kernel = fmt::format("quantize to {}", g.name);
    const names cases{fmt::format("quantize/f32/{}", g.name)};
    for (const place where : {l1, l2}) {
      rows.push_back({kernel,
                      where,
                      cases,
                      g.gigahertz_speed / 2.9,
                      divisor::fastest,
                      {"limit/cycles"},
                      "elements a cycle"});
    }
    rows.push_back({kernel, memory, cases, g.of_limit, divisor::limit});
  }
  for (const place where : {l1, l2}) {
    rows.push_back({"quantize to mxfp8_e4m3",
                    where,
                    {"quantize/f32/mxfp8_e4m3"},
                    0.74,
                    divisor::fastest,
                    {"encode/f32/e4m3fn"}});
  }
  for (const auto& [format, peer] : {std::pair{"mxfp4", 36.0}, {"nvfp4", 40.0}}) {
    rows.push_back({fmt::format("quantize to {}", format),
                    l2,
                    {fmt::format("quantize/f32/{}", format)},
                    peer,
                    divisor::fastest,
                    {fmt::format("quantize/f32/{}/ggml", format)}});
  }
  for (const char* format : {"nvfp4", "e4m3fn@tensor"}) {
    const std::string name = fmt::format("quantize/f32/{}", format);
    rows.push_back({fmt::format("quantize to {} with the amax pass", format),
                    memory,
                    {name},
                    0.90,
                    divisor::one_by_one,
                    {"limit/read4/write0", name + "/given_scale"}});
  }
  rows.push_back({"two threads: quantize to mxfp4",
                  l2,
                  {"quantize/f32/mxfp4/threads2"},
                  1.85,
                  divisor::fastest,
                  {"quantize/f32/mxfp4/threads1"}});
  rows.push_back({"two threads: quantize to mxfp4",
                  memory,
                  {"quantize/f32/mxfp4/threads2"},
                  0.70,
                  divisor::limit});
}

void add_transform_rows(table& rows) {
  for (const auto& [size, of_memcpy] : {std::pair{16, 0.70}, {32, 0.68}, {128, 0.66}}) {
    const std::string kernel = fmt::format("random Hadamard transform of {}", size);
    const names cases{fmt::format("hadamard/f32/{}", size)};
    rows.push_back({kernel, l2, cases, 0.80, divisor::limit});
    rows.push_back({kernel, memory, cases, of_memcpy, divisor::limit});
  }
  rows.push_back({"the same of 16, fused with nvfp4",
                  memory,
                  {"quantize/f32/nvfp4/given_scale/hadamard16"},
                  0.90,
                  divisor::fastest,
                  {"quantize/f32/nvfp4/given_scale"}});
  // The paper's gain out of cache on AVX-512.
  rows.push_back({"softmax in two passes",
                  memory,
                  {"softmax/f32"},
                  1.28,
                  divisor::fastest,
                  {"softmax/f32/three_pass"}});
}

void add_gemm_rows(table& rows) {
  const names best_float{"gemm/f32/f32/openblas", "gemm/f32/f32/onednn"};
  const auto add = [&](const std::string& name, double goal) {
    rows.push_back({"gemm " + name, hot, {"gemm/" + name}, goal, divisor::fastest, best_float});
  };
  add("nvfp4/nvfp4/packing", 2.1);
  add("nvfp4/nvfp4", 2.3);
  add("nvfp4/nvfp4/prepacked", 2.3);
  for (const char* with : {"", "/prepacked"}) {
    add(fmt::format("mxfp4/mxfp4{}", with), 2.9);
    add(fmt::format("mxfp6_e2m3/mxfp6_e2m3{}", with), 2.4);
    add(fmt::format("mxfp6_e3m2/mxfp6_e3m2{}", with), 1.5);
    add(fmt::format("mxint8/mxint8{}", with), 2.2);
    add(fmt::format("nvint4/nvint4{}", with), 2.2);
    add(fmt::format("e4m3fn@tensor/e4m3fn@tensor{}", with), 0.92);
    add(fmt::format("mxfp8_e4m3/mxfp8_e4m3{}", with), 0.92);
  }
  rows.push_back({"two threads: gemm nvfp4/nvfp4",
                  hot,
                  {"gemm/nvfp4/nvfp4/threads2"},
                  1.85,
                  divisor::fastest,
                  {"gemm/nvfp4/nvfp4/threads1"}});
}

void add_gemv_rows(table& rows) {
  const auto add = [&](const std::string& name, double when_hot, double when_cold) {
    rows.push_back({"gemv " + name, hot, {"gemv/" + name}, when_hot, divisor::limit});
    rows.push_back({"gemv " + name, cold, {"gemv/" + name}, when_cold, divisor::limit});
  };
  for (const char* name : {"nvfp4/nvfp4", "mxfp4/mxfp4", "int4_g32/int8_g32"}) {
    add(name, 0.88, 0.83);
  }
  for (const char* weights : {"nvfp4", "mxfp4", "int4_g32"}) {
    add(fmt::format("{}/f32", weights), 0.42, 0.75);
    add(fmt::format("{}/bfloat16", weights), 0.42, 0.75);
  }
  add("e4m3fn@row/f32", 0.60, 0.82);
  add("mxfp8_e4m3/f32", 0.60, 0.82);
}

}  // namespace

std::vector<row> all_rows() {
  table rows;
  add_encode_rows(rows);
  add_decode_rows(rows);
  add_quantize_rows(rows);
  add_transform_rows(rows);
  add_gemm_rows(rows);
  add_gemv_rows(rows);
  return rows;
}

std::string goal_text(const row& r) {
  if (!r.unit.empty()) return fmt::format("{:.2f} {}", r.goal, r.unit);
  switch (r.over) {
    case divisor::limit:
      return fmt::format("{} x limit", r.goal);
    case divisor::streamed:
      return fmt::format("{} x streamed limit", r.goal);
    case divisor::one_by_one:
      return fmt::format("{} x {}", r.goal, fmt::join(r.peers, ", then "));
    case divisor::fastest:
      break;
  }
  return fmt::format("{} x {}", r.goal, fmt::join(r.peers, " or "));
}

}  // namespace ratios

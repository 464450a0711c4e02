// SPDX-License-Identifier: MIT

#include "peers/peers.hpp"

#if __has_include(<oneapi/dnnl/dnnl.hpp>)

#include "binade/format/catalog_float.hpp"
#include "binade/kernel/convert.hpp"
#include "support/limits.hpp"
#include "support/product.hpp"

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>
#include <vector>

namespace bench {
namespace {

using dnnl::memory;

/// A matmul primitive with operands of one's own. Weights are brought into the layout that oneDNN
/// likes best before the time, as packed operands are.
template <class X, class W, class Y>
class matmul {
 public:
  matmul(const product_size& s, const std::vector<X>& x, const std::vector<W>& w) : x_(x) {
    const auto m = static_cast<memory::dim>(s.tokens);
    const auto k = static_cast<memory::dim>(s.in);
    const auto n = static_cast<memory::dim>(s.out);
    const memory::desc x_form({m, k}, type_of<X>(), memory::format_tag::ab);
    const memory::desc w_form({k, n}, type_of<W>(), memory::format_tag::ba);
    const memory::desc any_w({k, n}, type_of<W>(), memory::format_tag::any);
    y_form_ = memory::desc({m, n}, type_of<Y>(), memory::format_tag::ab);
    const dnnl::matmul::primitive_desc d(dnnl::matmul::desc(x_form, any_w, y_form_), engine_);
    primitive_ = dnnl::matmul(d);
    std::vector<W> plain(w);
    memory given(w_form, engine_, plain.data());
    weights_ = memory(d.weights_desc(), engine_);
    dnnl::reorder(given, weights_).execute(stream_, given, weights_);
    stream_.wait();
    source_ = memory(x_form, engine_, x_.data());
  }
  void operator()(Y* y) {
    memory out(y_form_, engine_, y);
    primitive_.execute(
        stream_, {{DNNL_ARG_SRC, source_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, out}});
    stream_.wait();
  }

 private:
  template <class T>
  static memory::data_type type_of() {
    if constexpr (std::same_as<T, float>) return memory::data_type::f32;
    if constexpr (std::same_as<T, binade::bfloat16>) return memory::data_type::bf16;
    if constexpr (std::same_as<T, std::uint8_t>) return memory::data_type::u8;
    if constexpr (std::same_as<T, std::int8_t>) return memory::data_type::s8;
    if constexpr (std::same_as<T, std::int32_t>) return memory::data_type::s32;
  }

  std::vector<X> x_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory::desc y_form_;
  dnnl::matmul primitive_;
  memory source_;
  memory weights_;
};

template <class To, class From>
std::vector<To> rounded(const std::vector<From>& x) {
  std::vector<To> y(x.size());
  binade::convert(x, y);
  return y;
}

/// Floats, or values that floats are rounded to.
template <class T>
contender floats(place where) {
  const product_size size = gemm_size(where);
  const product_operands normal = normal_operands(size);
  const auto x = rounded<T>(normal.x);
  const auto w = rounded<T>(normal.w);
  const auto operands = std::make_shared<const product_operands>(
      product_operands{rounded<float>(x), rounded<float>(w)});
  const auto multiply = std::make_shared<matmul<T, T, float>>(size, x, w);
  return product(size, operands, [=](float* y) { (*multiply)(y); });
}

/// Unsigned bytes times signed ones.
contender bytes(place where) {
  const product_size size = gemm_size(where);
  std::vector<std::uint8_t> x(size.tokens * size.in);
  std::vector<std::int8_t> w(size.out * size.in);
  const std::span<const std::byte> random = std::as_bytes(any_floats(x.size() + w.size()));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::uint8_t>(random[i]);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<std::int8_t>(random[x.size() + i]);
  const auto multiply =
      std::make_shared<matmul<std::uint8_t, std::int8_t, std::int32_t>>(size, x, w);
  auto* y = reinterpret_cast<std::int32_t*>(output(size.tokens * size.out * 4).data());
  contender c;
  c.items = static_cast<double>(size.multiply_adds());
  c.run = [=] { (*multiply)(y); };
  c.check = [=]() -> std::string {
    for (std::size_t i = 0; i < size.tokens * size.out; i += 997) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < size.in; ++k) {
        sum += x[i / size.out * size.in + k] * w[i % size.out * size.in + k];
      }
      if (y[i] != sum) return "sum " + std::to_string(i) + " is wrong";
    }
    return "";
  };
  return c;
}

}  // namespace

std::string onednn_version() {
  const dnnl_version_t* v = dnnl::version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

case_list onednn_gemm_cases() {
  case_list cases;
  const auto add = [&cases](const std::string& name, const prepare& make) {
    benchmark_case c;
    c.name = "gemm/" + name + "/onednn";
    c.places = {place::small, place::hot};
    c.make = make;
    c.limit = [](place where) {
      return multiply_add_limit(static_cast<double>(gemm_size(where).multiply_adds()));
    };
    cases.push_back(std::move(c));
  };
  add("f32/f32", &floats<float>);
  add("bfloat16/bfloat16", &floats<binade::bfloat16>);
  add("s8/u8", &bytes);
  return cases;
}

}  // namespace bench

#else

namespace bench {
std::string onednn_version() { return "not installed"; }
case_list onednn_gemm_cases() { return {}; }
}  // namespace bench

#endif

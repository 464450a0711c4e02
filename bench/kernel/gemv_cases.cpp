// SPDX-License-Identifier: MIT

#include "binade/kernel/dot.hpp"
#include "binade/kernel/gemv.hpp"
#include "kernel/packed_product.hpp"
#include "kernel/product_cases.hpp"
#include "peers/peers.hpp"
#include "support/limits.hpp"

#include <string>
#include <utility>

namespace bench {
namespace {

using binade::vector_view;

/// gemv of a packed vector, quantized inside the time.
contender multiply(const packed_form& weights, const packed_form& activations, place where) {
  struct state : packed_product {
    packed_operand x;
    state(const packed_form& w_form, const packed_form& x_form, const product_size& s)
        : packed_product(w_form, s), x(x_form, originals.x, {s.in}) {}
  };
  const product_size size = gemv_size(where);
  const auto s = std::make_shared<state>(weights, activations, size);
  const auto operands =
      std::make_shared<const product_operands>(product_operands{s->x.floats, s->w.floats});
  return product(size, operands, [=](float* y) {
    s->x.repack(s->originals.x);
    binade::gemv(s->x.packed, s->w.packed, vector_view(y, size.out));
  });
}

/// gemv of a vector of floats or bfloat16 values.
template <class T>
contender multiply_unpacked(const packed_form& weights, place where) {
  const product_size size = gemv_size(where);
  const auto s = std::make_shared<const packed_product>(weights, size);
  const values<T> x = normal_values<T>(size.in);
  std::vector<float> floats(size.in);
  binade::convert(x.span, std::span<float>(floats));
  const auto operands =
      std::make_shared<const product_operands>(product_operands{std::move(floats), s->w.floats});
  return product(size, operands,
                 [=](float* y) { binade::gemv(x.span, s->w.packed, vector_view(y, size.out)); });
}

benchmark_case gemv_case(const std::string& name, const packed_form& weights, const prepare& make) {
  benchmark_case c;
  c.name = "gemv/" + weights.name + "/" + name;
  c.places = {place::hot, place::cold, place::small};
  c.make = [=](place where) { return begin_cold(make(where), where); };
  c.limit = [=](place where) {
    const product_size size = gemv_size(where);
    const binade::any_packed_tensor w(weights.at({size.out, size.in}));
    return begin_cold(read_limit(w.size_bytes(), static_cast<double>(size.multiply_adds())), where);
  };
  c.scalar = [](place where) { return scalar_product_of(gemv_size(where)); };
  return c;
}

void add_packed(case_list& cases, const packed_form& weights, const packed_form& activations) {
  cases.push_back(gemv_case(activations.name, weights,
                            [=](place where) { return multiply(weights, activations, where); }));
}

template <class T>
void add_unpacked(case_list& cases, const packed_form& weights, const std::string& name) {
  cases.push_back(
      gemv_case(name, weights, [=](place where) { return multiply_unpacked<T>(weights, where); }));
}

/// dot of a row as long as gemv's.
benchmark_case dot_case(const packed_form& form) {
  const auto size_at = [](place where) { return product_size{1, gemv_size(where).in, 1}; };
  benchmark_case c;
  c.name = "dot/" + form.name + "/" + form.name;
  c.places = {place::small, place::hot};
  c.make = [=](place where) {
    const product_size size = size_at(where);
    const product_operands originals = normal_operands(size);
    const auto x =
        std::make_shared<const packed_operand>(form, originals.x, binade::tensor_shape{size.in});
    const auto w =
        std::make_shared<const packed_operand>(form, originals.w, binade::tensor_shape{size.in});
    const auto operands =
        std::make_shared<const product_operands>(product_operands{x->floats, w->floats});
    return product(size, operands, [=](float* y) { *y = binade::dot(x->packed, w->packed); });
  };
  c.scalar = [=](place where) { return scalar_product_of(size_at(where)); };
  return c;
}

}  // namespace

case_list gemv_cases() {
  case_list cases;
  const packed_form nvfp4 = block_form<binade::nvfp4>();
  const packed_form mxfp4 = block_form<binade::mxfp4>();
  const packed_form mxfp8 = block_form<binade::mxfp8_e4m3>();
  const packed_form int4 = block_form<binade::integer_group<binade::int4, 32>>();
  const packed_form int8 = block_form<binade::integer_group<binade::int8, 32>>();
  const packed_form e4m3fn = scaled_form<binade::e4m3fn>("@row", binade::per_channel{.axis = 0});
  add_packed(cases, nvfp4, nvfp4);
  add_packed(cases, mxfp4, mxfp4);
  add_packed(cases, int4, int8);
  add_packed(cases, int8, int8);
  add_packed(cases, mxfp8, mxfp8);
  for (const packed_form& weights : {nvfp4, mxfp4, int4, mxfp8, e4m3fn}) {
    add_unpacked<float>(cases, weights, "f32");
    add_unpacked<binade::bfloat16>(cases, weights, "bfloat16");
  }
  for (const packed_form& form : {nvfp4, mxfp4, int8, mxfp8}) cases.push_back(dot_case(form));
  append(cases, openblas_gemv_cases());
  return cases;
}

}  // namespace bench

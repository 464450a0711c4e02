// SPDX-License-Identifier: MIT

#include "binade/core/parallel.hpp"
#include "binade/kernel/gemm.hpp"
#include "binade/kernel/prepacked_weight.hpp"
#include "binade/quantize/quantized_gemm.hpp"
#include "kernel/packed_product.hpp"
#include "kernel/product_cases.hpp"
#include "peers/peers.hpp"
#include "support/limits.hpp"

#include <optional>
#include <string>
#include <utility>

namespace bench {
namespace {

using binade::matrix_view;

enum class packing { before, inside };

/// gemm of packed operands of the same form.
contender multiply(const packed_form& form, place where, packing when,
                   binade::executor_ref executor) {
  struct state : packed_product {
    packed_operand x;
    state(const packed_form& f, const product_size& s)
        : packed_product(f, s), x(f, originals.x, {s.tokens, s.in}) {}
  };
  const product_size size = gemm_size(where);
  const auto s = std::make_shared<state>(form, size);
  const auto operands =
      std::make_shared<const product_operands>(product_operands{s->x.floats, s->w.floats});
  return product(size, operands, [=](float* y) {
    if (when == packing::inside) s->x.repack(s->originals.x);
    binade::gemm(s->x.packed, s->w.packed, matrix_view(y, size.tokens, size.out), executor);
  });
}

/// gemm by a prepacked weight of the same form; with packing::inside of floats, quantized inside.
contender multiply_prepacked(const packed_form& form, place where, packing when,
                             binade::executor_ref executor) {
  struct state : packed_product {
    packed_operand x;
    binade::prepacked_weight prepacked;
    state(const packed_form& f, const product_size& s)
        : packed_product(f, s), x(f, originals.x, {s.tokens, s.in}), prepacked(w.packed) {}
  };
  const product_size size = gemm_size(where);
  const auto s = std::make_shared<state>(form, size);
  const auto operands =
      std::make_shared<const product_operands>(product_operands{s->x.floats, s->w.floats});
  return product(size, operands, [=](float* y) {
    const auto out = matrix_view(y, size.tokens, size.out);
    if (when == packing::before) {
      binade::gemm(s->x.packed, s->prepacked, out, executor);
    } else {
      binade::quantize_options options;
      options.executor = executor;
      binade::quantized_gemm(matrix_view(s->originals.x, size.tokens, size.in), s->prepacked, out,
                             options);
    }
  });
}

/// gemm of activations that are not packed: floats or bfloat16 values.
template <class T>
contender multiply_unpacked(const packed_form& form, place where) {
  struct state : packed_product {
    values<T> x;
    state(const packed_form& f, const product_size& s)
        : packed_product(f, s), x(normal_values<T>(s.tokens * s.in)) {}
  };
  const product_size size = gemm_size(where);
  const auto s = std::make_shared<state>(form, size);
  std::vector<float> x(s->x.span.size());
  binade::convert(s->x.span, std::span<float>(x));
  const auto operands =
      std::make_shared<const product_operands>(product_operands{std::move(x), s->w.floats});
  return product(size, operands, [=](float* y) {
    binade::gemm(matrix_view(s->x.span.data(), size.tokens, size.in), s->w.packed,
                 matrix_view(y, size.tokens, size.out));
  });
}

benchmark_case gemm_case(const std::string& name, const prepare& make) {
  benchmark_case c;
  c.name = "gemm/" + name;
  c.places = {place::small, place::hot};
  c.make = make;
  c.limit = [](place where) {
    return multiply_add_limit(static_cast<double>(gemm_size(where).multiply_adds()));
  };
  c.scalar = [](place where) { return scalar_product_of(gemm_size(where)); };
  return c;
}

using multiply_function = contender (*)(const packed_form&, place, packing, binade::executor_ref);

void add_threads(case_list& cases, const packed_form& form, const std::string& name,
                 multiply_function multiply_with) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
    auto pool = std::make_shared<binade::threads>(count);
    cases.push_back(gemm_case(name + "/threads" + std::to_string(count), [=](place where) {
      contender c = multiply_with(form, where, packing::before, *pool);
      c.run = [pool, run = c.run] { run(); };
      return c;
    }));
    cases.back().clock = clock_kind::wall;
  }
}

}  // namespace

case_list gemm_cases() {
  case_list cases;
  for (const packed_form& form :
       {block_form<binade::nvfp4>(), block_form<binade::mxfp4>(), block_form<binade::mxfp6_e2m3>(),
        block_form<binade::mxfp6_e3m2>(), block_form<binade::mxint8>(),
        block_form<binade::nvint4>(), block_form<binade::mxfp8_e4m3>(),
        block_form<binade::integer_group<binade::int8, 32>>(),
        block_form<binade::integer_group<binade::int4, 32>>(),
        scaled_form<binade::e4m3fn>("@tensor", binade::per_tensor{})}) {
    const std::string name = form.name + "/" + form.name;
    const auto with = [&form](packing when) {
      return [=](place where) { return multiply(form, where, when, {}); };
    };
    cases.push_back(gemm_case(name, with(packing::before)));
    cases.push_back(gemm_case(name + "/packing", with(packing::inside)));
    const auto with_prepacked = [&form](packing when) {
      return [=](place where) { return multiply_prepacked(form, where, when, {}); };
    };
    cases.push_back(gemm_case(name + "/prepacked", with_prepacked(packing::before)));
    cases.push_back(gemm_case(name + "/prepacked/packing", with_prepacked(packing::inside)));
  }
  for (const packed_form& form :
       {block_form<binade::nvfp4>(), block_form<binade::integer_group<binade::int4, 128>>(),
        block_form<binade::mxfp8_e4m3>()}) {
    const auto add = [&]<class T>(const std::string& x) {
      cases.push_back(gemm_case(form.name + "/" + x,
                                [=](place where) { return multiply_unpacked<T>(form, where); }));
    };
    add.operator()<float>("f32");
    add.operator()<binade::bfloat16>("bfloat16");
  }
  const packed_form nvfp4 = block_form<binade::nvfp4>();
  add_threads(cases, nvfp4, "nvfp4/nvfp4", &multiply);
  add_threads(cases, nvfp4, "nvfp4/nvfp4/prepacked", &multiply_prepacked);
  append(cases, openblas_gemm_cases());
  append(cases, onednn_gemm_cases());
  return cases;
}

}  // namespace bench

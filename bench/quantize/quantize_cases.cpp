// SPDX-License-Identifier: MIT

#include "quantize/quantize_cases.hpp"

#include "binade/core/parallel.hpp"
#include "binade/quantize/quantize.hpp"
#include "quantize/packed_form.hpp"
#include "quantize/scalar_quantize.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace bench {
namespace {

using binade::tensor_shape;
using binade::tensor_view;

binade::scale_rule default_rule(binade::block_scaling rule) {
  if (rule == binade::block_scaling::pow2_floor) return binade::scaling::pow2_floor{};
  if (rule == binade::block_scaling::pow2_rceil) return binade::scaling::pow2_rceil{};
  return binade::scaling::absmax{};
}

/// A source, a destination, and what it should hold.
template <class T>
struct quantization {
  quantization(const packed_form& form, place where)
      : shape(shape_at(where)),
        x(normal_values<T>(shape.size())),
        out(form.at(shape)),
        expected(form.at(shape)) {
    options.rule = default_rule(out.description().rule);
  }
  [[nodiscard]] tensor_view<const T> source() const { return {x.span.data(), shape}; }

  void run() {
    out.set_tensor_scale(binade::quantize_into(out.mutable_view(), source(), options).tensor_scale);
  }
  void run_scalar() {
    out.set_tensor_scale(expected_tensor_scale());
    scalar_quantize(out.mutable_view(), source(), *options.rule, shape.row_count());
  }

  [[nodiscard]] std::string fault() {
    const binade::packed_description& d = out.description();
    expected.set_tensor_scale(expected_tensor_scale());
    if (out.tensor_scale() != expected.tensor_scale()) {
      return "the tensor scale is not the reference's";
    }
    const std::size_t rows = checked_rows(shape);
    scalar_quantize(expected.mutable_view(), source(), *options.rule, rows);
    const std::size_t codes = rows * d.layout.row_bytes();
    if (!std::ranges::equal(out.codes().first(codes), expected.codes().first(codes))) {
      return "codes are not the reference's";
    }
    // Groups lie in the order of their first rows.
    const std::size_t scales = d.scale_bytes() * rows / shape.row_count();
    if (!std::ranges::equal(out.scales().first(scales), expected.scales().first(scales))) {
      return "scales are not the reference's";
    }
    return "";
  }

  [[nodiscard]] float expected_tensor_scale() const {
    if (out.description().tensor_scale == binade::tensor_scale_kind::none) return 1;
    return options.given_tensor_scale ? *options.given_tensor_scale
                                      : scalar_tensor_scale(out.description(), source());
  }

  tensor_shape shape;
  values<T> x;
  binade::any_packed_tensor out;
  binade::any_packed_tensor expected;
  binade::quantize_options options;
};

enum class scale_source { computed, given };

/// What calibration would have said of N(0, 1).
constexpr float calibrated_amax = 6;

/// The value of a format's largest code.
float largest(const binade::any_format& f) {
  return binade::to_float(f.decode(f.describe().largest));
}

/// Tells a quantization its scale: the tensor scale of a format of two levels, else the only one.
template <class T>
void give_scale(quantization<T>& q) {
  const binade::packed_description& d = q.out.description();
  if (d.tensor_scale == binade::tensor_scale_kind::none) {
    q.options.rule = binade::scaling::given{calibrated_amax / largest(d.element)};
  } else {
    q.options.given_tensor_scale = calibrated_amax / (largest(d.element) * largest(d.scale));
  }
}

template <class T, class Run>
contender contest(const packed_form& form, place where, scale_source scale, const Run& run) {
  auto q = std::make_shared<quantization<T>>(form, where);
  if (scale == scale_source::given) give_scale(*q);
  contender c;
  c.items = static_cast<double>(q->shape.size());
  c.bytes = c.items * sizeof(T) + static_cast<double>(q->out.size_bytes());
  c.run = [=] { run(*q); };
  c.check = [=] { return q->fault(); };
  return c;
}

template <class T>
benchmark_case quantize_case(const std::string& source, const packed_form& form,
                             scale_source scale = scale_source::computed) {
  const bool given = scale == scale_source::given;
  benchmark_case c;
  c.name = "quantize/" + source + "/" + form.name + (given ? "/given_scale" : "");
  c.places = {place::l1, place::l2, place::memory};
  c.make = [=](place where) {
    return contest<T>(form, where, scale, [](quantization<T>& q) { q.run(); });
  };
  c.limit = pack_limit(form, 8 * sizeof(T), stores::ordinary);
  c.streamed = pack_limit(form, 8 * sizeof(T), stores::streamed);
  c.scalar = [=](place where) {
    return contest<T>(form, where, scale, [](quantization<T>& q) { q.run_scalar(); });
  };
  return c;
}

/// On two threads and, as a peer for it, on one by the same clock.
void add_threads(case_list& cases, const packed_form& form) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
    benchmark_case c = quantize_case<float>("f32", form);
    c.name += "/threads" + std::to_string(count);
    c.places = {place::l2, place::memory};
    c.clock = clock_kind::wall;
    auto pool = std::make_shared<binade::threads>(count);
    c.streamed = {};
    c.limit = [=](place where) {
      const int bits = form.at(shape_at(where)).element.bit_count();
      return move_limit_of_threads(elements_at(where), 32, bits, pool);
    };
    c.make = [=](place where) {
      return contest<float>(form, where, scale_source::computed, [pool](quantization<float>& q) {
        q.options.executor = *pool;
        q.run();
      });
    };
    cases.push_back(std::move(c));
  }
}

}  // namespace

case_list quantize_cases() {
  case_list cases;
  for (const packed_form& form : measured_forms()) {
    cases.push_back(quantize_case<float>("f32", form));
    const binade::packed_description d = form.at({1, 1});
    const bool per_tensor = !d.is_block_format && d.layout.groups() == binade::per_tensor{};
    if (per_tensor || d.tensor_scale != binade::tensor_scale_kind::none) {
      cases.push_back(quantize_case<float>("f32", form, scale_source::given));
    }
  }
  for (const packed_form& form : {block_form<binade::mxfp4>(), block_form<binade::nvfp4>(),
                                  block_form<binade::mxfp8_e4m3>()}) {
    cases.push_back(quantize_case<binade::bfloat16>("bfloat16", form));
    cases.push_back(quantize_case<binade::float16>("float16", form));
  }
  add_threads(cases, block_form<binade::mxfp4>());
  return cases;
}

}  // namespace bench

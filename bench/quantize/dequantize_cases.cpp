// SPDX-License-Identifier: MIT

#include "binade/kernel/reference/packed_values.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "quantize/packed_form.hpp"
#include "quantize/quantize_cases.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace bench {
namespace {

/// N(0, 1) in the given form. Rows repeat, so that making many of them is quick.
binade::any_packed_tensor packed_normal(const packed_form& form,
                                        const binade::tensor_shape& shape) {
  const std::size_t columns = shape.row_length();
  const binade::tensor_shape head{std::min(shape.row_count(), std::size_t{256}), columns};
  const binade::any_packed_tensor made =
      quantize(binade::tensor_view<const float>(normal_floats(head.size()).data(), head),
               form.at(head), binade::quantize_options());
  binade::any_packed_tensor all(form.at(shape));
  const auto fill = [](std::span<std::byte> out, std::span<const std::byte> in) {
    for (std::size_t i = 0; i < out.size(); i += in.size()) {
      std::memcpy(out.data() + i, in.data(), std::min(in.size(), out.size() - i));
    }
  };
  fill(all.mutable_view().codes, made.codes());
  fill(all.mutable_view().scales, made.scales());
  all.set_tensor_scale(made.tensor_scale());
  return all;
}

/// The first `rows` rows as kernel/reference defines them.
template <class T>
void scalar_dequantize(const binade::any_packed_view& packed, const binade::tensor_view<T>& out,
                       std::size_t rows) {
  const binade::reference::code_values codes(packed.description.element);
  for (std::size_t row = 0; row < rows; ++row) {
    T* y = out.row_data(row);
    binade::reference::for_each_exact_value(
        packed, codes, row, [y](std::size_t i, const binade::unpacked& value) {
          y[i] = binade::detail::pack_value<T>(value, binade::rounding::ties_to_even{},
                                               binade::detail::default_rules<T>());
        });
  }
}

template <class T, class Run>
contender contest(const packed_form& form, place where, const Run& run) {
  const binade::tensor_shape shape = shape_at(where);
  const auto packed = std::make_shared<const binade::any_packed_tensor>(packed_normal(form, shape));
  const binade::tensor_view<T> out(reinterpret_cast<T*>(output(shape.size() * sizeof(T)).data()),
                                   shape);
  contender c;
  c.items = static_cast<double>(shape.size());
  c.bytes = c.items * sizeof(T) + static_cast<double>(packed->size_bytes());
  c.run = [=] { run(packed->view(), out); };
  c.check = [=]() -> std::string {
    const std::size_t rows = checked_rows(shape);
    std::vector<T> expected(rows * shape.row_length());
    scalar_dequantize(packed->view(),
                      binade::tensor_view<T>(expected.data(), {rows, shape.row_length()}), rows);
    const bool equal = std::memcmp(expected.data(), out.data(), expected.size() * sizeof(T)) == 0;
    return equal ? "" : "values are not the reference's";
  };
  return c;
}

template <class T>
benchmark_case dequantize_case(const packed_form& form, const std::string& target) {
  benchmark_case c;
  c.name = "dequantize/" + form.name + "/" + target;
  c.places = {place::l1, place::l2, place::memory};
  c.make = [=](place where) {
    return contest<T>(form, where,
                      [](const binade::any_packed_view& packed, const binade::tensor_view<T>& out) {
                        binade::dequantize(packed, out);
                      });
  };
  c.limit = unpack_limit(form, 8 * sizeof(T), stores::ordinary);
  c.streamed = unpack_limit(form, 8 * sizeof(T), stores::streamed);
  c.scalar = [=](place where) {
    return contest<T>(form, where,
                      [](const binade::any_packed_view& packed, const binade::tensor_view<T>& out) {
                        scalar_dequantize(packed, out, out.row_count());
                      });
  };
  return c;
}

}  // namespace

case_list dequantize_cases() {
  case_list cases;
  for (const packed_form& form : measured_forms()) {
    cases.push_back(dequantize_case<float>(form, "f32"));
  }
  for (const packed_form& form : {block_form<binade::mxfp4>(), block_form<binade::nvfp4>(),
                                  block_form<binade::mxfp8_e4m3>()}) {
    cases.push_back(dequantize_case<binade::bfloat16>(form, "bfloat16"));
    cases.push_back(dequantize_case<binade::float16>(form, "float16"));
  }
  return cases;
}

}  // namespace bench

// SPDX-License-Identifier: MIT
#include "binade/quantize/dequantize.hpp"

#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"
#include "checkpoint/destination.hpp"
#include "compare/progress.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace checkpoint_tool {
namespace {

/// Writes the values of a weight.
template <class T>
void write_values(destination& out, const stored_weight& w, binade::executor_ref executor) {
  binade::any_packed_tensor storage;
  const binade::any_packed_view view = w.load(storage);
  std::vector<T> values(view.shape().size());
  binade::dequantize(view, binade::tensor_view<T>(values.data(), view.shape()), executor);
  out.append(w.name, std::as_bytes(std::span(values)));
}

}  // namespace

int dequantize(const dequantize_arguments& a) {
  const checkpoint source = open_checkpoint(a.source);
  if (!source.problems.empty()) {
    throw binade::error("binade dequantize: " + a.source + ": " + source.problems.front().tensor +
                        ": " + source.problems.front().message);
  }
  const bool is_float32 = a.type == "f32";
  const auto dtype = is_float32 ? binade::safetensors_dtype::f32 : binade::safetensors_dtype::bf16;
  destination_plan plan;
  plan.metadata = plain_metadata(source);
  plan.max_shard = a.max_shard;
  for (const binade::safetensors_tensor& t : source.plain) {
    plan.plain.push_back({t.name, t.dtype, t.shape});
  }
  for (const stored_weight& w : source.weights) {
    const auto extents = w.description.layout.shape().extents();
    plan.plain.push_back({w.name, dtype, {extents.begin(), extents.end()}});
  }
  destination out(a.output, source, std::move(plan));
  binade::threads pool(a.threads == 0 ? std::max(1U, std::thread::hardware_concurrency())
                                      : a.threads);
  {
    const compare_tool::progress bar;
    for (const binade::safetensors_tensor& t : source.plain) {
      out.append_mapped(t.name, t.data);
    }
    for (std::size_t i = 0; i < source.weights.size(); ++i) {
      const stored_weight& w = source.weights[i];
      bar.show(i, source.weights.size(), w.name);
      if (is_float32) {
        write_values<float>(out, w, pool);
      } else {
        write_values<binade::bfloat16>(out, w, pool);
      }
      release(w);
    }
  }
  out.commit();
  if (a.json) {
    const nlohmann::json j = {{"source", a.source},
                              {"output", a.output},
                              {"type", a.type},
                              {"dequantized", source.weights.size()},
                              {"copied", source.plain.size()}};
    print(j.dump(2) + "\n");
  } else {
    print(fmt::format("{} weights as {}, {} other tensors copied\n", source.weights.size(), a.type,
                      source.plain.size()));
  }
  return 0;
}

}  // namespace checkpoint_tool

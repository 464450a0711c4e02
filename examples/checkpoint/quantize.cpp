// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/core/parallel.hpp"
#include "binade/quantize/recipe_quantize.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"
#include "checkpoint/destination.hpp"
#include "checkpoint/target.hpp"
#include "checkpoint/write_behind.hpp"
#include "compare/progress.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <memory>
#include <thread>

namespace checkpoint_tool {
namespace {

// Quantized tensors up to this size are written while the next one is made: three of them, one that
// is written, one that waits and one that is made, take less than 256 MB.
constexpr std::uint64_t largest_in_advance = std::uint64_t{64} << 20U;

/// What becomes of one tensor.
struct decision {
  const binade::safetensors_tensor* tensor;
  std::string kept;  ///< why it stays as it is; empty: it is quantized
};

std::vector<decision> decide(const checkpoint& source, const quantize_target& target,
                             const std::vector<std::string>& skip) {
  std::vector<decision> decisions;
  for (const binade::safetensors_tensor& t : source.plain) {
    decision d{&t, ""};
    if (!is_float(t.dtype) || t.dtype == binade::safetensors_dtype::f64) {
      d.kept = std::string(binade::name_of(t.dtype));
    } else if (t.shape.size() > static_cast<std::size_t>(binade::max_rank)) {
      d.kept = "too many axes";
    } else if (matches_any(skip, t.name)) {
      d.kept = "skipped";
    } else {
      d.kept = fault_of(target, binade::tensor_shape(t.shape));
    }
    decisions.push_back(std::move(d));
  }
  return decisions;
}

/// Quantizes a tensor where it is mapped, or a copy of it if it is not aligned there.
template <class T>
binade::any_packed_tensor quantize_as(const binade::safetensors_tensor& t,
                                      const binade::any_recipe& recipe,
                                      binade::executor_ref executor) {
  const binade::tensor_shape shape(t.shape);
  std::vector<T> copy;
  const T* data = reinterpret_cast<const T*>(t.data.data());
  if (reinterpret_cast<std::uintptr_t>(data) % alignof(T) != 0) {
    copy.resize(shape.size());
    std::memcpy(static_cast<void*>(copy.data()), t.data.data(), t.data.size());
    data = copy.data();
  }
  return binade::quantize(binade::tensor_view<const T>(data, shape), recipe, executor);
}

binade::any_packed_tensor quantize_tensor(const binade::safetensors_tensor& t,
                                          const binade::any_recipe& recipe,
                                          binade::executor_ref executor) {
  switch (t.dtype) {
    case binade::safetensors_dtype::f16:
      return quantize_as<binade::float16>(t, recipe, executor);
    case binade::safetensors_dtype::bf16:
      return quantize_as<binade::bfloat16>(t, recipe, executor);
    default:
      return quantize_as<float>(t, recipe, executor);
  }
}

/// Has the file's next bytes read from the disk while those before them are computed with.
class read_ahead {
 public:
  explicit read_ahead(const std::vector<binade::safetensors_tensor>& tensors) : tensors_(tensors) {}

  /// Tells which tensor is computed with: some of those behind it are asked for.
  void reach(std::size_t i) {
    if (i != 0) bytes_ -= tensors_[i - 1].data.size();
    while (next_ < tensors_.size() && (next_ <= i + 1 || bytes_ < most)) {
      prefetch(tensors_[next_].data);
      bytes_ += tensors_[next_++].data.size();
    }
  }

 private:
  static constexpr std::uint64_t most = std::uint64_t{256} << 20U;  // what disks are busy with

  const std::vector<binade::safetensors_tensor>& tensors_;
  std::size_t next_ = 0;
  std::uint64_t bytes_ = 0;  ///< of the tensors from the one computed with to next_
};

const char* layout_of(const quantize_target& target) {
  return target.block != nullptr ? "GGUF" : target.scheme->name;
}

/// One tensor for people and for --json.
struct outcome {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  binade::quantize_counts counts;
};

nlohmann::json to_json(const decision& d, const outcome& o) {
  nlohmann::json j = {{"name", d.tensor->name},
                      {"dtype", binade::name_of(d.tensor->dtype)},
                      {"shape", d.tensor->shape},
                      {"bytes_before", o.before},
                      {"bytes_after", o.after}};
  if (!d.kept.empty()) {
    j["kept"] = d.kept;
  } else {
    j["nan"] = o.counts.nan;
    j["infinite"] = o.counts.infinite;
    j["clipped"] = o.counts.clipped;
    j["underflowed"] = o.counts.underflowed;
  }
  return j;
}

void report(const quantize_arguments& a, const quantize_target& target,
            const std::vector<decision>& decisions, const std::vector<outcome>& outcomes) {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  std::size_t quantized = 0;
  binade::quantize_counts counts;
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {{"tensor", "type", "bytes", "becomes", "because"}};
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const decision& d = decisions[i];
    before += outcomes[i].before;
    after += outcomes[i].after;
    counts += outcomes[i].counts;
    quantized += d.kept.empty() ? 1 : 0;
    list.push_back(to_json(d, outcomes[i]));
    rows.push_back({d.tensor->name, std::string(binade::name_of(d.tensor->dtype)),
                    bytes_text(outcomes[i].before), bytes_text(outcomes[i].after), d.kept});
  }
  if (a.json) {
    const nlohmann::json j = {
        {"source", a.source},          {"output", a.output},   {"recipe", target.recipe.name},
        {"layout", layout_of(target)}, {"dry_run", a.dry_run}, {"quantized", quantized},
        {"bytes_before", before},      {"bytes_after", after}, {"tensors", list}};
    return print(j.dump(2) + "\n");
  }
  if (a.dry_run) print(columns(rows, {2, 3}));
  print(fmt::format("{}{} of {} tensors {} by {} as {}: {} -> {}\n", a.dry_run ? "dry run: " : "",
                    quantized, decisions.size(), a.dry_run ? "would be quantized" : "quantized",
                    target.recipe.name, layout_of(target), bytes_text(before), bytes_text(after)));
  if (counts.nan + counts.infinite != 0) {
    print(fmt::format("warning: {} NaN and {} infinite elements\n", counts.nan, counts.infinite));
  }
}

}  // namespace

int quantize(const quantize_arguments& a) {
  if (a.output.empty() && !a.dry_run) {
    throw binade::error("binade quantize: no output is named (-o), and this is no --dry-run");
  }
  const quantize_target target = find_target(a);
  const checkpoint source = open_checkpoint(a.source);
  if (!source.weights.empty()) {
    throw binade::error("binade quantize: " + a.source + " is quantized already (" +
                        source.weights.front().scheme + "); dequantize it first");
  }
  const std::vector<decision> decisions = decide(source, target, a.skip);

  destination_plan plan;
  plan.metadata = plain_metadata(source);
  plan.max_shard = a.max_shard;
  std::vector<outcome> outcomes(decisions.size());
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const binade::safetensors_tensor& t = *decisions[i].tensor;
    outcomes[i].before = outcomes[i].after = t.data.size();
    if (!decisions[i].kept.empty()) {
      plan.plain.push_back({t.name, t.dtype, t.shape});
      if (is_float(t.dtype) && t.shape.size() >= 2) plan.kept.push_back(t.name);
      continue;
    }
    planned_weight w;
    w.name = t.name;
    w.description = describe_packed(target.recipe, binade::tensor_shape(t.shape));
    w.scheme = target.scheme;
    w.block = target.block;
    outcomes[i].after = w.description.layout.code_bytes() + w.description.scale_bytes() +
                        (w.description.tensor_scale == binade::tensor_scale_kind::none ? 0 : 4);
    plan.weights.push_back(std::move(w));
  }
  if (a.dry_run) {
    report(a, target, decisions, outcomes);
    return 0;
  }

  destination out(a.output, source, std::move(plan));
  binade::threads pool(a.threads == 0 ? std::max(1U, std::thread::hardware_concurrency())
                                      : a.threads);
  {
    const compare_tool::progress bar;
    write_behind writer;
    std::size_t next = 0;  // among the plan's weights
    read_ahead ahead(source.plain);
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      const binade::safetensors_tensor& t = *decisions[i].tensor;
      bar.show(i, decisions.size(), t.name);
      ahead.reach(i);
      if (decisions[i].kept.empty()) {
        const auto packed = std::make_shared<const binade::any_packed_tensor>(
            quantize_tensor(t, target.recipe, pool));
        release(t.data);
        outcomes[i].counts = packed->counts();
        writer.push([&out, n = next++, packed] { out.write_weight(n, packed->view()); });
        if (outcomes[i].after > largest_in_advance) writer.finish();
      } else {
        writer.push([&out, &t] { out.append_mapped(t.name, t.data); });
      }
    }
    writer.finish();
  }
  out.commit();
  report(a, target, decisions, outcomes);
  return 0;
}

}  // namespace checkpoint_tool

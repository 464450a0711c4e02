// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/io/scheme_parts.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"
#include "checkpoint/destination.hpp"
#include "compare/progress.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <charconv>
#include <map>
#include <string_view>

namespace checkpoint_tool {
namespace {

using binade::convert_tensor_scale;
using binade::tensor_scale_kind;

// The metadata key of a scale of which only a reciprocal stands in the file. The reciprocal of that
// one may differ in the last place; with the first one kept, the way back gives the same bits.
constexpr std::string_view kept_key = "binade.reciprocal_of.";

/// The first scale of which `scale`, tensor `part` of the source, is the reciprocal, if the source
/// kept it.
std::optional<float> kept_scale(const checkpoint& source, const std::string& part, float scale) {
  const auto found = source.metadata.find(std::string(kept_key) + part);
  if (found == source.metadata.end()) return std::nullopt;
  std::uint32_t bits = 0;
  const std::string& text = found->second;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const auto first = std::bit_cast<float>(bits);
  const bool fits = convert_tensor_scale(first, tensor_scale_kind::multiplier,
                                         tensor_scale_kind::divisor) == scale;
  return fits ? std::optional(first) : std::nullopt;
}

struct conversion {
  const checkpoint& source;
  destination_plan plan;
  std::size_t inverted = 0;    ///< scales that were turned into reciprocals
  std::size_t remembered = 0;  ///< of these, kept in the metadata

  /// A scale of the source as the destination wants it.
  float convert(float scale, tensor_scale_kind from, tensor_scale_kind to,
                const std::string& source_part, const std::string& part) {
    const float converted = convert_tensor_scale(scale, from, to);
    if (from == to || from == tensor_scale_kind::none || to == tensor_scale_kind::none) {
      return converted;
    }
    ++inverted;
    if (const auto first = kept_scale(source, source_part, scale)) return *first;
    if (convert_tensor_scale(converted, to, from) != scale) {
      plan.metadata[std::string(kept_key) + part] =
          fmt::format("{:08x}", std::bit_cast<std::uint32_t>(scale));
      ++remembered;
    }
    return converted;
  }
};

/// The scheme of this family that holds the weight; null with all reasons if none does.
const binade::any_scheme* find_scheme(const std::string& family, const stored_weight& w,
                                      std::string& reasons) {
  for (const binade::any_scheme& s : binade::all_schemes()) {
    if (s.family != family) continue;
    const std::string fault = binade::fault_of(s, w.description);
    if (fault.empty()) return &s;
    reasons += (reasons.empty() ? "" : "; ") + fault;
  }
  return nullptr;
}

/// Why ggml's blocks cannot hold the weight bit for bit; empty if they can.
std::string ggml_fault(const stored_weight& w) {
  if (binade::find_ggml_block(w.description) == nullptr) {
    return std::string(
               "GGUF holds mxfp4, nvfp4, int8_g32_float16 and int4_g32_float16 in whole "
               "blocks, not ") +
           w.description.names->name + " of shape " + to_string(w.description.layout.shape());
  }
  if (!(w.description.scale == binade::any_format::of<binade::ue4m3>())) return "";
  binade::any_packed_tensor storage;
  for (const std::byte scale : w.load(storage).scales) {
    if (std::to_integer<unsigned>(scale) > 0x7e) {
      return fmt::format("a block scale has code {:#04x}, which ggml reads as another number",
                         std::to_integer<unsigned>(scale));
    }
  }
  return "";
}

/// Plans one weight; returns why it cannot be kept, empty if it can.
std::string plan_weight(const stored_weight& w, const repack_arguments& a, conversion& c) {
  planned_weight planned;
  planned.name = w.name;
  planned.description = w.description;
  auto to = tensor_scale_kind::multiplier;
  std::string scale_part = binade::sibling_name(w.name, "scale");
  std::string input_part = binade::sibling_name(w.name, "input_scale");
  if (a.family == "gguf") {
    const std::string fault = ggml_fault(w);
    if (!fault.empty()) return fault;
    planned.block = binade::find_ggml_block(w.description);
  } else {
    std::string reasons;
    planned.scheme = find_scheme(a.family, w, reasons);
    if (planned.scheme == nullptr) return reasons;
    to = planned.scheme->tensor_scale;
    scale_part = w.name + planned.scheme->names.tensor_scale;
    if (*planned.scheme->names.input_scale == '\0' && w.input_scale) {
      return a.family + " has no place for the input's scale";
    }
    input_part = binade::sibling_name(w.name, planned.scheme->names.input_scale);
  }
  const bool has_scale = w.description.tensor_scale != tensor_scale_kind::none;
  if (has_scale && w.parts) {
    const float scale = w.parts->view().tensor_scale;
    planned.tensor_scale =
        c.convert(scale, w.description.tensor_scale, to, w.parts->tensor_scale->name, scale_part);
  } else if (has_scale) {
    planned.tensor_scale = c.convert(w.tensor_scale, w.description.tensor_scale, to,
                                     binade::sibling_name(w.name, "scale"), scale_part);
  }
  if (w.input_scale) {
    const auto input_kind = to == tensor_scale_kind::divisor ? to : tensor_scale_kind::multiplier;
    const std::string from_part =
        w.parts ? w.parts->input_scale->name : binade::sibling_name(w.name, "input_scale");
    planned.input_scale =
        c.convert(*w.input_scale, w.input_scale_kind, input_kind, from_part, input_part);
    const bool is_kept = input_kind == w.input_scale_kind && planned.block == nullptr;
    if (is_kept) planned.input_dtype = w.input_dtype;
  }
  c.plan.weights.push_back(std::move(planned));
  return "";
}

void report(const repack_arguments& a, const conversion& c) {
  const std::size_t weights = c.plan.weights.size();
  if (a.json) {
    const nlohmann::json j = {{"source", a.source},
                              {"output", a.output},
                              {"to", a.family},
                              {"repacked", weights},
                              {"copied", c.plan.plain.size()},
                              {"codes_and_block_scales", "bit-identical"},
                              {"reciprocals", c.inverted},
                              {"reciprocals_kept_in_metadata", c.remembered}};
    return print(j.dump(2) + "\n");
  }
  print(
      fmt::format("{} weights repacked for {}, nothing requantized: codes and block scales are "
                  "bit-identical; {} other tensors copied\n",
                  weights, a.family, c.plan.plain.size()));
  if (c.inverted != 0) {
    print(
        fmt::format("{} tensor and input scales became reciprocals (multiplier and divisor); of {} "
                    "the first value is kept in the metadata, since no reciprocal leads back\n",
                    c.inverted, c.remembered));
  }
}

void refuse(const repack_arguments& a,
            const std::map<std::string, std::vector<std::string>>& names_by_reason) {
  if (a.json) {
    const nlohmann::json j = {{"source", a.source}, {"to", a.family}, {"refused", names_by_reason}};
    return print(j.dump(2) + "\n");
  }
  fmt::print(stderr, "binade repack: bits cannot be kept; nothing is written\n");
  for (const auto& [reason, names] : names_by_reason) {
    const std::string others =
        names.size() == 1 ? "" : fmt::format(" and {} more", names.size() - 1);
    fmt::print(stderr, "{}{}: {}\n", names.front(), others, reason);
  }
}

}  // namespace

int repack(const repack_arguments& a) {
  const checkpoint source = open_checkpoint(a.source);
  if (source.weights.empty()) {
    throw binade::error("binade repack: " + a.source +
                        " has no quantized weights; quantize makes them");
  }
  if ((a.family == "gguf") != is_gguf(a.output)) {
    throw binade::error("binade repack: output " + a.output + " for --to " + a.family +
                        "; exactly the files of gguf end with .gguf");
  }
  conversion c{source, {}};
  c.plan.metadata = plain_metadata(source);
  c.plan.max_shard = a.max_shard;
  std::map<std::string, std::vector<std::string>> refused;  // names by reason
  for (const binade::scheme_problem& p : source.problems) refused[p.message].push_back(p.tensor);
  for (const stored_weight& w : source.weights) {
    const std::string fault = plan_weight(w, a, c);
    if (!fault.empty()) refused[fault].push_back(w.name);
  }
  if (!refused.empty()) {
    refuse(a, refused);
    return 1;
  }
  for (const binade::safetensors_tensor& t : source.plain) {
    c.plan.plain.push_back({t.name, t.dtype, t.shape});
    if (is_float(t.dtype) && t.shape.size() >= 2) c.plan.kept.push_back(t.name);
  }
  destination out(a.output, source, c.plan);
  {
    const compare_tool::progress bar;
    for (std::size_t i = 0; i < source.weights.size(); ++i) {
      bar.show(i, source.weights.size(), source.weights[i].name);
      binade::any_packed_tensor storage;
      out.write_weight(i, source.weights[i].load(storage));
      release(source.weights[i]);
    }
    for (const binade::safetensors_tensor& t : source.plain) {
      out.append_mapped(t.name, t.data);
    }
  }
  out.commit();
  report(a, c);
  return 0;
}

}  // namespace checkpoint_tool

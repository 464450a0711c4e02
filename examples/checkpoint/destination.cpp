// SPDX-License-Identifier: MIT
#include "checkpoint/destination.hpp"

#include "binade/core/error.hpp"
#include "binade/io/scheme_config.hpp"
#include "binade/io/scheme_parts.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstring>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace checkpoint_tool {
namespace {

namespace fs = std::filesystem;

// What a signal handler may read.
char interrupted_file[4096] = "";

extern "C" void delete_and_end(int signal) {
  if (interrupted_file[0] != '\0') ::unlink(interrupted_file);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Of a value that lives until the end of the call.
std::span<const std::byte> bytes_of(const float& value) {
  return std::as_bytes(std::span(&value, 1));
}

/// Of a value that its element type holds exactly.
std::vector<std::byte> bytes_of(float value, binade::safetensors_dtype dtype) {
  const auto copy = [](const auto& x) {
    const auto bytes = std::as_bytes(std::span(&x, 1));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  if (dtype == binade::safetensors_dtype::bf16) return copy(binade::bfloat16(value).bits());
  if (dtype == binade::safetensors_dtype::f16) return copy(binade::float16(value).bits());
  return copy(value);
}

void write_text(const fs::path& path, const std::string& text) {
  binade::output_file file(path, "binade");
  file.write_at(0, std::as_bytes(std::span(text)));
  file.commit();
}

/// The scheme of the plan's weights, of which there is one; null if there is none.
const binade::any_scheme* scheme_of(const destination_plan& plan) {
  return plan.weights.empty() ? nullptr : plan.weights.front().scheme;
}

/// config.json of a folder: the source's with the quantization replaced.
void write_config(const fs::path& folder, const checkpoint& source, const destination_plan& plan) {
  nlohmann::json config = nlohmann::json::object();
  if (!source.config.empty()) config = nlohmann::json::parse(source.config);
  config.erase("quantization_config");
  config.erase("compression_config");
  const std::vector<std::string> layers = layers_of(plan.kept);
  const binade::any_scheme* const scheme = scheme_of(plan);
  if (scheme != nullptr) {
    config["quantization_config"] = binade::make_quantization_config(*scheme, layers);
  }
  write_text(folder / "config.json", config.dump(2) + "\n");
  if (scheme != nullptr && std::string_view(scheme->family) == "modelopt") {
    write_text(folder / "hf_quant_config.json",
               binade::make_hf_quant_config(*scheme, layers).dump(2) + "\n");
  }
}

/// What ggml calls an element type that both kinds of file have.
binade::ggml_type ggml_type_of(const binade::safetensors_entry& entry) {
  const auto type = binade::ggml_type_of(binade::name_of(entry.dtype));
  if (!type) {
    throw binade::error("binade: tensor \"" + entry.name + "\" is " +
                        std::string(binade::name_of(entry.dtype)) +
                        ", which GGUF files do not hold");
  }
  return *type;
}

}  // namespace

void delete_on_interrupt(const fs::path& path) {
  const std::string name = path.string();
  interrupted_file[0] = '\0';
  if (name.empty() || name.size() >= sizeof interrupted_file) return;
  std::memcpy(interrupted_file + 1, name.c_str() + 1, name.size());
  interrupted_file[0] = name[0];
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (std::signal(signal, delete_and_end) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

void check_output(const fs::path& source, const fs::path& output) {
  std::error_code none;
  const bool same =
      fs::equivalent(source, output, none) ||
      (fs::is_directory(source) && fs::equivalent(source, output.parent_path(), none));
  if (same) {
    throw binade::error("binade: the output " + output.string() + " is the source or lies in it (" +
                        source.string() + "); name another place");
  }
}

std::vector<std::string> layers_of(std::span<const std::string> weights) {
  std::vector<std::string> layers;
  for (const std::string& w : weights) {
    layers.push_back(w.ends_with(".weight") ? w.substr(0, w.size() - 7) : w);
  }
  return layers;
}

binade::safetensors_metadata plain_metadata(const checkpoint& source) {
  binade::safetensors_metadata metadata = source.metadata;
  metadata.erase("quantization_config");
  std::erase_if(metadata, [](const auto& entry) { return entry.first.starts_with("binade."); });
  metadata.emplace("format", "pt");
  return metadata;
}

bool is_gguf(const fs::path& path) { return path.extension() == ".gguf"; }

destination::destination(const fs::path& path, const checkpoint& source, destination_plan plan)
    : plan_(std::move(plan)) {
  check_output(source.path, path);
  if (is_gguf(path)) {
    open_gguf(path, source);
    delete_on_interrupt(gguf_->unfinished());
  } else {
    open_safetensors(path, source);
    delete_on_interrupt(safetensors_->unfinished());
  }
  for (const planned_weight& w : plan_.weights) {
    if (!w.input_scale) continue;
    const char* part = w.scheme != nullptr ? w.scheme->names.input_scale : "input_scale";
    append(binade::sibling_name(w.name, part), bytes_of(*w.input_scale, w.input_dtype));
  }
}

destination::~destination() { delete_on_interrupt({}); }

void destination::open_safetensors(const fs::path& path, const checkpoint& source) {
  using enum binade::scale_shape;
  std::vector<binade::safetensors_entry> entries = plan_.plain;
  for (const planned_weight& w : plan_.weights) {
    for (auto& part : binade::describe_parts(*w.scheme, w.name, w.description)) {
      entries.push_back(std::move(part));
    }
    if (!w.input_scale) continue;
    entries.push_back({binade::sibling_name(w.name, w.scheme->names.input_scale), w.input_dtype,
                       w.scheme->tensor_scale_shape == scalar ? std::vector<std::uint64_t>{}
                                                              : std::vector<std::uint64_t>{1}});
  }
  fs::path file = path;
  if (path.extension() == ".safetensors") {
    if (const binade::any_scheme* const scheme = scheme_of(plan_)) {
      plan_.metadata["quantization_config"] =
          binade::make_quantization_config(*scheme, layers_of(plan_.kept)).dump();
    }
  } else {
    std::error_code problem;
    fs::create_directories(path, problem);
    if (problem) {
      throw binade::error("binade: folder " + path.string() +
                          " cannot be created: " + problem.message());
    }
    file = path / "model.safetensors";
  }
  safetensors_ = std::make_unique<binade::safetensors_writer>(file, entries, plan_.metadata);
  if (file != path) write_config(path, source, plan_);
}

void destination::open_gguf(const fs::path& path, const checkpoint& source) {
  std::vector<binade::gguf_entry> entries;
  for (const binade::safetensors_entry& t : plan_.plain) {
    entries.push_back({t.name, ggml_type_of(t), t.shape});
  }
  for (const planned_weight& w : plan_.weights) {
    const auto extents = w.description.layout.shape().extents();
    entries.push_back({w.name, w.block->type, {extents.begin(), extents.end()}});
    const auto add_scalar = [&](const char* part) {
      entries.push_back({binade::sibling_name(w.name, part), binade::ggml_type::f32, {1}});
    };
    if (w.description.tensor_scale != binade::tensor_scale_kind::none) add_scalar("scale");
    if (w.input_scale) add_scalar("input_scale");
  }
  binade::gguf_metadata metadata;
  std::string architecture = "unknown";
  if (!source.config.empty()) {
    const nlohmann::json config = nlohmann::json::parse(source.config);
    architecture = config.value("model_type", architecture);
  }
  metadata.add("general.architecture", std::string_view(architecture));
  for (const auto& [key, text] : plan_.metadata) {
    metadata.add(std::string(gguf_metadata_prefix) + key, std::string_view(text));
  }
  gguf_ = std::make_unique<binade::gguf_writer>(path, metadata.entries(), entries);
}

void destination::write_weight(std::size_t i, const binade::any_packed_view& view) {
  using binade::tensor_scale_kind;
  const planned_weight& w = plan_.weights[i];
  const auto from = view.description.tensor_scale;
  const auto scale = [&](tensor_scale_kind to) {
    return w.tensor_scale ? *w.tensor_scale
                          : binade::convert_tensor_scale(view.tensor_scale, from, to);
  };
  if (w.block != nullptr) {
    std::vector<std::byte> blocks(view.shape().size() / w.block->elements * w.block->bytes);
    binade::pack_ggml(*w.block, view, blocks);
    append(w.name, blocks);
    if (from != tensor_scale_kind::none) {
      append(binade::sibling_name(w.name, "scale"), bytes_of(scale(tensor_scale_kind::multiplier)));
    }
    return;
  }
  append(w.name + w.scheme->names.codes, view.codes);
  append(w.name + w.scheme->names.scales, view.scales);
  if (*w.scheme->names.tensor_scale != '\0') {
    append(w.name + w.scheme->names.tensor_scale, bytes_of(scale(w.scheme->tensor_scale)));
  }
}

void destination::append(std::string_view name, std::span<const std::byte> bytes) {
  if (gguf_) return gguf_->append(name, bytes);
  safetensors_->append(name, bytes);
}

void destination::commit() {
  if (gguf_) return gguf_->commit();
  safetensors_->commit();
}

}  // namespace checkpoint_tool

// SPDX-License-Identifier: MIT
#include "checkpoint/destination.hpp"

#include "binade/core/error.hpp"
#include "binade/io/scheme_config.hpp"
#include "binade/io/scheme_parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace checkpoint_tool {
namespace {

namespace fs = std::filesystem;

// What a signal handler may read: names, each with a NUL behind it, and one more at the end.
char interrupted_files[1U << 18U] = "";

extern "C" void delete_and_end(int signal) {
  const char* name = interrupted_files;
  while (*name != '\0') {
    ::unlink(name);
    while (*name++ != '\0') {
    }
  }
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

/// The scheme of the plan's weights, of which there is one; null if there is none.
const binade::any_scheme* scheme_of(const destination_plan& plan) {
  return plan.weights.empty() ? nullptr : plan.weights.front().scheme;
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

void delete_on_interrupt(std::span<const fs::path> paths) {
  std::string names;
  for (const fs::path& path : paths) names += path.string() + '\0';
  if (names.size() >= sizeof interrupted_files) {
    throw binade::error("binade: " + std::to_string(paths.size()) +
                        " files are too many; allow larger ones by --max-shard-size");
  }
  interrupted_files[0] = '\0';  // whatever is behind it, no name is seen until all are there
  if (names.empty()) return;
  std::memcpy(interrupted_files + 1, names.c_str() + 1, names.size());
  interrupted_files[0] = names[0];
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
  if (plan_.max_shard != 0 && (is_gguf(path) || path.extension() == ".safetensors")) {
    throw binade::error("binade: --max-shard-size is for folders, not for " + path.string());
  }
  if (is_gguf(path)) {
    open_gguf(path, source);
  } else {
    open_safetensors(path, source);
  }
  delete_on_interrupt(unfinished());
  for (const planned_weight& w : plan_.weights) {
    if (!w.input_scale) continue;
    const char* part = w.scheme != nullptr ? w.scheme->names.input_scale : "input_scale";
    append(binade::sibling_name(w.name, part), bytes_of(*w.input_scale, w.input_dtype));
  }
}

destination::~destination() {
  gguf_.reset();
  safetensors_.reset();
  folder_.reset();
  texts_.clear();
  delete_on_interrupt({});
}

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
  if (path.extension() == ".safetensors") {
    if (const binade::any_scheme* const scheme = scheme_of(plan_)) {
      plan_.metadata["quantization_config"] =
          binade::make_quantization_config(*scheme, layers_of(plan_.kept)).dump();
    }
    safetensors_ = std::make_unique<binade::safetensors_writer>(path, entries, plan_.metadata);
    return;
  }
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) {
    throw binade::error("binade: folder " + path.string() +
                        " cannot be created: " + problem.message());
  }
  const std::uint64_t limit =
      plan_.max_shard == 0 ? binade::safetensors_model_writer::no_limit : plan_.max_shard;
  folder_ =
      std::make_unique<binade::safetensors_model_writer>(path, entries, plan_.metadata, limit);
  write_config(path, source);
}

/// config.json of a folder: the source's with the quantization replaced.
void destination::write_config(const fs::path& folder, const checkpoint& source) {
  nlohmann::json config = nlohmann::json::object();
  if (!source.config.empty()) config = nlohmann::json::parse(source.config);
  config.erase("quantization_config");
  config.erase("compression_config");
  const std::vector<std::string> layers = layers_of(plan_.kept);
  const binade::any_scheme* const scheme = scheme_of(plan_);
  if (scheme != nullptr) {
    config["quantization_config"] = binade::make_quantization_config(*scheme, layers);
  }
  write_text(folder / "config.json", config.dump(2) + "\n");
  if (scheme != nullptr && std::string_view(scheme->family) == "modelopt") {
    write_text(folder / "hf_quant_config.json",
               binade::make_hf_quant_config(*scheme, layers).dump(2) + "\n");
  }
}

void destination::write_text(const fs::path& path, const std::string& text) {
  texts_.push_back(std::make_unique<binade::output_file>(path, "binade"));
  texts_.back()->write_at(0, std::as_bytes(std::span(text)));
}

std::vector<fs::path> destination::unfinished() const {
  std::vector<fs::path> files;
  if (gguf_) files.push_back(gguf_->unfinished());
  if (safetensors_) files.push_back(safetensors_->unfinished());
  if (folder_) files = folder_->unfinished();
  for (const auto& text : texts_) files.push_back(text->unfinished());
  return files;
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
  std::string architecture(unknown_architecture);
  if (const auto kept = plan_.metadata.find(std::string(architecture_key));
      kept != plan_.metadata.end()) {
    architecture = kept->second;
    plan_.metadata.erase(kept);
  } else if (!source.config.empty()) {
    const nlohmann::json config = nlohmann::json::parse(source.config);
    architecture = config.value("model_type", architecture);
  }
  metadata.add(std::string(architecture_key), std::string_view(architecture));
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
  if (folder_) return folder_->append(name, bytes);
  safetensors_->append(name, bytes);
}

void destination::append_mapped(std::string_view name, std::span<const std::byte> bytes) {
  constexpr std::size_t slice = std::size_t{1} << 24U;
  for (std::size_t begin = 0; begin < bytes.size(); begin += slice) {
    const auto part = bytes.subspan(begin, std::min(slice, bytes.size() - begin));
    append(name, part);
    release(part);
  }
}

void destination::commit() {
  if (gguf_) gguf_->commit();
  if (safetensors_) safetensors_->commit();
  if (folder_) folder_->commit();
  for (const auto& text : texts_) text->commit();
}

}  // namespace checkpoint_tool

// SPDX-License-Identifier: MIT
#include "checkpoint/checkpoint.hpp"

#include "binade/core/error.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/gguf.hpp"
#include "binade/io/safetensors_model.hpp"
#include "binade/io/scheme_config.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace checkpoint_tool {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  const binade::file_bytes file(path);
  return {reinterpret_cast<const char*>(file.get().data()), file.get().size()};
}

stored_weight stored(const binade::scheme_weight& w) {
  stored_weight s;
  s.name = w.name;
  s.scheme = w.scheme->name;
  s.description = w.description;
  s.bytes = w.size_bytes();
  s.parts = w;
  if (w.input_scale != nullptr) {
    const float value = binade::read_f32(*w.input_scale)[0];
    s.input_scale = value;
    s.input_dtype = w.input_scale->dtype;
    s.input_scale_kind = w.scheme->tensor_scale == binade::tensor_scale_kind::divisor
                             ? binade::tensor_scale_kind::divisor
                             : binade::tensor_scale_kind::multiplier;
  }
  return s;
}

void open_safetensors(checkpoint& c) {
  auto model = std::make_shared<binade::safetensors_model>(binade::safetensors_model::open(c.path));
  for (const binade::safetensors_file& file : model->files()) {
    c.metadata.insert(file.metadata().begin(), file.metadata().end());
  }
  binade::scheme_config config;
  if (const auto own = c.metadata.find("quantization_config"); own != c.metadata.end()) {
    config = binade::read_scheme_config(own->second, c.path + ": quantization_config");
  }
  const fs::path folder =
      fs::is_directory(c.path) ? fs::path(c.path) : fs::path(c.path).parent_path();
  for (const char* name : {"hf_quant_config.json", "config.json"}) {
    if (!fs::is_regular_file(folder / name)) continue;
    std::string text = read_text(folder / name);
    if (config.family.empty()) config = binade::read_scheme_config(text, (folder / name).string());
    if (std::string_view(name) == "config.json") c.config = std::move(text);
  }
  binade::scheme_contents contents = binade::find_weights(model->tensors(), config);
  for (const binade::scheme_weight& w : contents.weights) c.weights.push_back(stored(w));
  for (const binade::safetensors_tensor* t : contents.others) c.plain.push_back(*t);
  c.problems = std::move(contents.problems);
  c.files = std::move(model);
}

using gguf_index = std::map<std::string_view, const binade::gguf_tensor*>;

/// A one-element F32 tensor that stands beside a weight.
std::optional<float> scalar_beside(const gguf_index& index, const std::string& weight,
                                   const char* part, std::set<std::string>& used) {
  const std::string name = binade::sibling_name(weight, part);
  const auto found = index.find(name);
  if (found == index.end() || found->second->type != binade::ggml_type::f32 ||
      found->second->size() != 1) {
    return std::nullopt;
  }
  used.insert(name);
  float value = 0;
  binade::read_f32(*found->second, {&value, 1});
  return value;
}

void open_gguf(checkpoint& c) {
  using binade::tensor_scale_kind;
  auto file = std::make_shared<binade::gguf_file>(binade::gguf_file::open(c.path));
  gguf_index index;
  for (const binade::gguf_tensor& t : file->tensors()) index.emplace(t.name, &t);
  std::set<std::string> used;
  for (const binade::gguf_tensor& t : file->tensors()) {
    const binade::any_ggml_block* const block = binade::find_ggml_block(t.type);
    if (block == nullptr) continue;
    stored_weight w;
    w.name = t.name;
    w.scheme = "ggml_";
    for (const char letter : binade::name_of(t.type)) {
      w.scheme += static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
    }
    w.block = block;
    w.description = block->format.describe(binade::tensor_shape(t.shape), binade::per_tensor{});
    w.description.tensor_scale = tensor_scale_kind::none;
    w.data = t.data;
    w.bytes = t.data.size();
    if (block->type == binade::ggml_type::nvfp4) {
      if (const auto scale = scalar_beside(index, t.name, "scale", used)) {
        w.description.tensor_scale = tensor_scale_kind::multiplier;
        w.tensor_scale = *scale;
        w.bytes += sizeof(float);
      }
      w.input_scale = scalar_beside(index, t.name, "input_scale", used);
      if (w.input_scale) w.input_scale_kind = tensor_scale_kind::multiplier;
    }
    c.weights.push_back(std::move(w));
    used.insert(t.name);
  }
  for (const binade::gguf_tensor& t : file->tensors()) {
    if (used.count(t.name) != 0) continue;
    const auto dtype = binade::safetensors_dtype_of(binade::name_of(t.type));
    if (dtype) {
      c.plain.push_back({t.name, *dtype, t.shape, t.data});
    } else {
      c.problems.push_back({t.name, "ggml's " + std::string(binade::name_of(t.type)) +
                                        " is not read by this program"});
    }
  }
  for (const binade::gguf_key_value& entry : file->metadata()) {
    if (entry.key.starts_with(gguf_metadata_prefix) &&
        entry.value.type() == binade::gguf_type::string) {
      c.metadata.emplace(entry.key.substr(gguf_metadata_prefix.size()), entry.value.as_string());
    } else if (entry.key == architecture_key && entry.value.type() == binade::gguf_type::string &&
               entry.value.as_string() != unknown_architecture) {
      c.metadata.emplace(architecture_key, entry.value.as_string());
    }
  }
  c.files = std::move(file);
}

}  // namespace

binade::any_packed_view stored_weight::load(binade::any_packed_tensor& storage) const {
  if (parts) return parts->view();
  storage = binade::unpack_ggml(*block, description.layout.shape(), data);
  binade::any_packed_view view = storage.view();
  view.description.tensor_scale = description.tensor_scale;
  view.tensor_scale = tensor_scale;
  return view;
}

const stored_weight* checkpoint::find_weight(const std::string& name) const {
  const auto found = std::find_if(weights.begin(), weights.end(),
                                  [&](const stored_weight& w) { return w.name == name; });
  return found == weights.end() ? nullptr : &*found;
}

const binade::safetensors_tensor* checkpoint::find_plain(const std::string& name) const {
  const auto found =
      std::find_if(plain.begin(), plain.end(), [&](const auto& t) { return t.name == name; });
  return found == plain.end() ? nullptr : &*found;
}

checkpoint open_checkpoint(const fs::path& path) {
  checkpoint c;
  c.path = path.string();
  if (path.extension() == ".gguf") {
    open_gguf(c);
  } else {
    open_safetensors(c);
  }
  return c;
}

bool is_float(binade::safetensors_dtype dtype) {
  using enum binade::safetensors_dtype;
  return dtype == f32 || dtype == f16 || dtype == bf16 || dtype == f64;
}

void prefetch(std::span<const std::byte> mapped) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped.data()) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(mapped.data() + mapped.size());
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_WILLNEED);
}

void release(std::span<const std::byte> mapped) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(mapped.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(mapped.data() + mapped.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void release(const stored_weight& weight) {
  if (!weight.parts) return release(weight.data);
  release(weight.parts->codes->data);
  release(weight.parts->scales->data);
}

}  // namespace checkpoint_tool

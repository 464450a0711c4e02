// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"
#include "binade/io/safetensors_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace embeddings {

/// Rows of a tensor, one a token.
struct rows {
  std::size_t columns = 0;
  std::vector<float> values;

  [[nodiscard]] std::size_t count() const { return values.size() / columns; }
  [[nodiscard]] float* row(std::size_t i) { return values.data() + i * columns; }
  [[nodiscard]] const float* row(std::size_t i) const { return values.data() + i * columns; }
};

/// A sentence encoder in plain float: BERT, the mean over the tokens, scaled to length 1.
///
/// Source: J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019; the
///         tensors are called as transformers calls them, in whose BERT an epsilon of 1e-12 is
///         added to variances and GELU is the one of the error function.
class bert_encoder {
 public:
  /// Takes the weights of a checkpoint, floats of any width, and the number of attention heads.
  ///
  /// Throws: binade::error if a tensor is missing or of another shape.
  bert_encoder(const binade::safetensors_model& model, std::size_t heads) : heads_(heads) {
    words_ = read(model, "embeddings.word_embeddings.weight", 2);
    positions_ = read(model, "embeddings.position_embeddings.weight", 2);
    types_ = read(model, "embeddings.token_type_embeddings.weight", 2);
    start_norm_ = read_norm(model, "embeddings.LayerNorm");
    const std::size_t hidden = words_.columns;
    if (heads == 0 || hidden % heads != 0 || positions_.columns != hidden ||
        types_.columns != hidden) {
      throw binade::error("bert_encoder: " + std::to_string(hidden) + " columns do not fit " +
                          std::to_string(heads) + " heads and the embeddings of positions");
    }
    const auto has = [&model](const std::string& name) {
      return std::any_of(model.tensors().begin(), model.tensors().end(),
                         [&name](const auto& tensor) { return tensor.name == name; });
    };
    for (std::size_t i = 0;; ++i) {
      const std::string name = "encoder.layer." + std::to_string(i) + ".";
      if (!has(name + "output.dense.weight")) break;
      layer l;
      l.query = read_linear(model, name + "attention.self.query");
      l.key = read_linear(model, name + "attention.self.key");
      l.value = read_linear(model, name + "attention.self.value");
      l.mixed = read_linear(model, name + "attention.output.dense");
      l.mixed_norm = read_norm(model, name + "attention.output.LayerNorm");
      l.wide = read_linear(model, name + "intermediate.dense");
      l.narrow = read_linear(model, name + "output.dense");
      l.narrow_norm = read_norm(model, name + "output.LayerNorm");
      layers_.push_back(std::move(l));
    }
  }

  /// The embedding of a sentence, given by the numbers of its tokens.
  ///
  /// Shapes: the result has the model's hidden size.
  /// Throws: binade::error if there are no tokens, too many, or unknown ones.
  [[nodiscard]] std::vector<float> embed(std::span<const std::size_t> tokens) const {
    if (tokens.empty() || tokens.size() > positions_.count()) {
      throw binade::error("bert_encoder: " + std::to_string(tokens.size()) +
                          " tokens; allowed are 1 to " + std::to_string(positions_.count()));
    }
    const std::size_t hidden = words_.columns;
    rows x{hidden, std::vector<float>(tokens.size() * hidden)};
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      if (tokens[t] >= words_.count()) {
        throw binade::error("bert_encoder: token " + std::to_string(tokens[t]) + "; there are " +
                            std::to_string(words_.count()));
      }
      for (std::size_t j = 0; j < hidden; ++j) {
        x.row(t)[j] = words_.row(tokens[t])[j] + positions_.row(t)[j] + types_.row(0)[j];
      }
    }
    normalize(x, start_norm_);
    for (const layer& l : layers_) {
      rows mixed = apply(l.mixed, attend(l, x));
      add(mixed, x);
      normalize(mixed, l.mixed_norm);
      rows wide = apply(l.wide, mixed);
      for (float& v : wide.values) v = 0.5F * v * (1 + std::erf(v * 0.70710678F));  // 1 / sqrt(2)
      x = apply(l.narrow, wide);
      add(x, mixed);
      normalize(x, l.narrow_norm);
    }
    std::vector<float> mean(hidden);
    for (std::size_t t = 0; t < x.count(); ++t) {
      for (std::size_t j = 0; j < hidden; ++j) mean[j] += x.row(t)[j];
    }
    float square = 0;
    for (const float v : mean) square += v * v;
    for (float& v : mean) v /= std::sqrt(square);
    return mean;
  }

 private:
  struct linear {
    rows weight;  ///< [in, out]
    std::vector<float> bias;
  };
  struct norm {
    std::vector<float> weight;
    std::vector<float> bias;
  };
  struct layer {
    linear query, key, value, mixed, wide, narrow;
    norm mixed_norm, narrow_norm;
  };

  static rows read(const binade::safetensors_model& model, const std::string& name,
                   std::size_t rank) {
    const binade::safetensors_tensor& tensor = model.find(name);
    if (tensor.shape.size() != rank || tensor.size() == 0) {
      throw binade::error("bert_encoder: " + name + " has " + std::to_string(tensor.shape.size()) +
                          " axes or no elements; allowed are " + std::to_string(rank));
    }
    return {static_cast<std::size_t>(tensor.shape.back()), binade::read_f32(tensor)};
  }
  static norm read_norm(const binade::safetensors_model& model, const std::string& name) {
    return {read(model, name + ".weight", 1).values, read(model, name + ".bias", 1).values};
  }
  static linear read_linear(const binade::safetensors_model& model, const std::string& name) {
    const rows weight = read(model, name + ".weight", 2);  // [out, in]
    const std::size_t out = weight.count();
    linear l{{out, std::vector<float>(weight.values.size())},
             read(model, name + ".bias", 1).values};
    if (out % lanes != 0 || l.bias.size() != out) {
      throw binade::error("bert_encoder: " + name + " has " + std::to_string(out) +
                          " outputs; they must be a multiple of 16, and have a bias each");
    }
    for (std::size_t o = 0; o < out; ++o) {
      for (std::size_t i = 0; i < weight.columns; ++i) l.weight.row(i)[o] = weight.row(o)[i];
    }
    return l;
  }

  /// x weight + bias, each sum by ascending inputs.
  static rows apply(const linear& l, const rows& x) {
    const std::size_t out = l.weight.columns;
    rows y{out, std::vector<float>(x.count() * out)};
    for (std::size_t t = 0; t < x.count(); ++t) std::copy_n(l.bias.data(), out, y.row(t));
    for (std::size_t i = 0; i < x.columns; ++i) {
      const float* const w = l.weight.row(i);
      for (std::size_t t = 0; t < x.count(); ++t) {
        const float factor = x.row(t)[i];
        float* const to = y.row(t);
        for (std::size_t o = 0; o < out; o += lanes) {
          for (std::size_t j = 0; j < lanes; ++j) to[o + j] += factor * w[o + j];
        }
      }
    }
    return y;
  }
  static void add(rows& x, const rows& y) {
    for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
  }
  static void normalize(rows& x, const norm& n) {
    for (std::size_t t = 0; t < x.count(); ++t) {
      float* const row = x.row(t);
      double mean = 0;
      for (std::size_t j = 0; j < x.columns; ++j) mean += static_cast<double>(row[j]);
      mean /= static_cast<double>(x.columns);
      double square = 0;
      for (std::size_t j = 0; j < x.columns; ++j) {
        const double d = static_cast<double>(row[j]) - mean;
        square += d * d;
      }
      const auto scale =
          static_cast<float>(1 / std::sqrt(square / static_cast<double>(x.columns) + 1e-12));
      for (std::size_t j = 0; j < x.columns; ++j) {
        row[j] = (row[j] - static_cast<float>(mean)) * scale * n.weight[j] + n.bias[j];
      }
    }
  }
  /// The values' means that the heads' attention takes.
  [[nodiscard]] rows attend(const layer& l, const rows& x) const {
    const rows q = apply(l.query, x);
    const rows k = apply(l.key, x);
    const rows v = apply(l.value, x);
    const std::size_t width = x.columns / heads_;
    const float scale = 1 / std::sqrt(static_cast<float>(width));
    rows y{x.columns, std::vector<float>(x.values.size())};
    std::vector<float> weights(x.count());
    for (std::size_t first = 0; first < x.columns; first += width) {
      for (std::size_t t = 0; t < x.count(); ++t) {
        for (std::size_t s = 0; s < x.count(); ++s) {
          weights[s] = 0;
          for (std::size_t j = first; j < first + width; ++j) {
            weights[s] += q.row(t)[j] * k.row(s)[j];
          }
          weights[s] *= scale;
        }
        const float most = *std::max_element(weights.begin(), weights.end());
        float sum = 0;
        for (float& w : weights) sum += w = std::exp(w - most);
        for (std::size_t s = 0; s < x.count(); ++s) {
          for (std::size_t j = first; j < first + width; ++j) {
            y.row(t)[j] += weights[s] / sum * v.row(s)[j];
          }
        }
      }
    }
    return y;
  }

  static constexpr std::size_t lanes = 16;  // that compilers vectorise

  std::size_t heads_;
  rows words_, positions_, types_;
  norm start_norm_;
  std::vector<layer> layers_;
};

}  // namespace embeddings

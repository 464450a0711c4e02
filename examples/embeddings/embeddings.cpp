// SPDX-License-Identifier: MIT

// What quantization does to a sentence encoder: the cosines between the embeddings that two
// checkpoints give the same sentences. scheme_table.py runs it on a real model under every scheme.
//
//   embeddings HEADS TOKENS CHECKPOINT          the embeddings, a line a sentence
//   embeddings HEADS TOKENS CHECKPOINT OTHER... for each other checkpoint: mean and least cosine
//
// TOKENS has a line of token numbers a sentence, and comments behind '#'. Checkpoints are
// safetensors files or folders.

#include "binade/core/error.hpp"
#include "binade/io/safetensors_model.hpp"
#include "embeddings/bert_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace {

using sentence = std::vector<std::size_t>;

std::vector<sentence> read_tokens(const char* path) {
  std::ifstream file(path);
  if (!file) throw binade::error(std::string("embeddings: ") + path + " cannot be opened");
  std::vector<sentence> sentences;
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line.substr(0, line.find('#')));
    sentence tokens;
    for (std::size_t token = 0; numbers >> token;) tokens.push_back(token);
    if (!numbers.eof()) throw binade::error(std::string("embeddings: ") + path + ": no numbers");
    if (!tokens.empty()) sentences.push_back(std::move(tokens));
  }
  if (sentences.empty()) throw binade::error(std::string("embeddings: ") + path + " is empty");
  return sentences;
}

std::vector<std::vector<float>> embed(const char* checkpoint, std::size_t heads,
                                      const std::vector<sentence>& sentences) {
  const embeddings::bert_encoder encoder(binade::safetensors_model::open(checkpoint), heads);
  std::vector<std::vector<float>> embedded;
  for (const sentence& tokens : sentences) embedded.push_back(encoder.embed(tokens));
  return embedded;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    product += x * y;
    squares_a += x * x;
    squares_b += y * y;
  }
  return product / std::sqrt(squares_a * squares_b);
}

void run(std::span<char*> arguments) {
  const auto heads = static_cast<std::size_t>(std::strtoul(arguments[0], nullptr, 10));
  const std::vector<sentence> sentences = read_tokens(arguments[1]);
  const auto reference = embed(arguments[2], heads, sentences);
  if (arguments.size() == 3) {
    for (const std::vector<float>& embedding : reference) {
      for (std::size_t i = 0; i < embedding.size(); ++i) {
        std::printf("%s%.9g", i == 0 ? "" : " ", static_cast<double>(embedding[i]));
      }
      std::printf("\n");
    }
  }
  for (const char* const other : arguments.subspan(3)) {
    const auto embedded = embed(other, heads, sentences);
    double sum = 0;
    double least = 1;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const double c = cosine(reference[i], embedded[i]);
      sum += c;
      least = std::min(least, c);
    }
    std::printf("%.6f %.6f %s\n", sum / static_cast<double>(sentences.size()), least, other);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: embeddings HEADS TOKENS CHECKPOINT [OTHER...]\n");
    return 2;
  }
  try {
    run(std::span(arguments + 1, static_cast<std::size_t>(count - 1)));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 2;
  }
  return 0;
}

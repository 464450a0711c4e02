// SPDX-License-Identifier: MIT
#pragma once

#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/scale_layout.hpp"
#include "binade/tensor/view.hpp"
#include "support.cuh"

#include <cuda_runtime.h>

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

// What the tests of products share.

namespace test {

struct operand_form {
  const char* format;
  binade::granularity groups;
};

inline std::string name(const operand_form& x, const operand_form& w) {
  return std::string(x.format) + ", " + to_string(x.groups) + " x " + w.format + ", " +
         to_string(w.groups);
}

/// A packed matrix of normal numbers, and a copy of it on the GPU, its scales in the order of a
/// plan: `map_of` gives it for a description.
class packed_operand {
 public:
  template <class MapOf>
  packed_operand(const operand_form& f, std::size_t rows, std::size_t in, unsigned seed,
                 const MapOf& map_of)
      : values(rows * in) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float& v : values) v = normal(random);
    const binade::tensor_shape shape{rows, in};
    binade::quantize_options options;
    options.groups = f.groups;
    packed = binade::quantize(binade::matrix_view(std::as_const(values).data(), rows, in),
                              binade::find_packable(f.format).describe(shape, f.groups), options);
    binade::dequantize(packed.view(), binade::matrix_view(values.data(), rows, in));
    copy(map_of);
  }
  /// The same after `packed` was changed.
  template <class MapOf>
  void copy(const MapOf& map_of) {
    const binade::packed_description& d = packed.description();
    const binade::scale_map map = map_of(d);
    codes_.emplace(std::vector<std::byte>(packed.codes().begin(), packed.codes().end()));
    scales_.emplace(arranged(packed.scales(), d.layout.grid().extent(0), d.layout.grid().extent(1),
                             d.scale_bytes_each(), map));
  }

  /// Its bytes on the GPU.
  [[nodiscard]] binade::any_packed_view view() const {
    binade::any_packed_view v;
    v.description = packed.description();
    v.codes = {codes_->get(), codes_->size()};
    v.scales = {scales_->get(), scales_->size()};
    v.tensor_scale = packed.tensor_scale();
    return v;
  }

  std::vector<float> values;  ///< as packed first
  binade::any_packed_tensor packed;

 private:
  std::optional<device_bytes> codes_;
  std::optional<device_bytes> scales_;
};

/// Whether `call`, captured and replayed, writes the bytes to `y` that it holds.
template <class Call>
void compare_captured(const std::string& what, cudaStream_t stream, const device_bytes& y,
                      const Call& call) {
  const std::vector<std::byte> expected = y.to_host();
  require(cudaMemset(y.get(), 0xcc, y.size()));
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t instance = nullptr;
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  call();
  require(cudaStreamEndCapture(stream, &graph));
  require(cudaGraphInstantiate(&instance, graph, 0));
  require(cudaGraphLaunch(instance, stream));
  require(cudaStreamSynchronize(stream));
  compare(what + ", captured", y.to_host(), expected);
  require(cudaGraphExecDestroy(instance));
  require(cudaGraphDestroy(graph));
}

}  // namespace test

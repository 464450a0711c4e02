// SPDX-License-Identifier: MIT

#include "peers/peers.hpp"

#if __has_include(<openblas_config.h>)

#include "support/limits.hpp"
#include "support/product.hpp"

#include <cblas.h>
#include <memory>
#include <utility>

namespace bench {
namespace {

/// OpenBLAS with its SSE3 kernels is not a peer.
bool is_peer() { return openblas_core() != "Prescott"; }

contender sgemm(place where) {
  const product_size s = gemm_size(where);
  const auto operands = std::make_shared<const product_operands>(normal_operands(s));
  return product(s, operands, [=](float* y) {
    const auto m = static_cast<blasint>(s.tokens);
    const auto n = static_cast<blasint>(s.out);
    const auto k = static_cast<blasint>(s.in);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0F, operands->x.data(), k,
                operands->w.data(), k, 0.0F, y, n);
  });
}

contender sgemv(place where) {
  const product_size s = gemv_size(where);
  const auto operands = std::make_shared<const product_operands>(normal_operands(s));
  const contender c = product(s, operands, [=](float* y) {
    const auto m = static_cast<blasint>(s.out);
    const auto n = static_cast<blasint>(s.in);
    cblas_sgemv(CblasRowMajor, CblasNoTrans, m, n, 1.0F, operands->w.data(), n, operands->x.data(),
                1, 0.0F, y, 1);
  });
  return begin_cold(c, where);
}

}  // namespace

std::string openblas_core() { return openblas_get_corename(); }

case_list openblas_gemm_cases() {
  if (!is_peer()) return {};
  benchmark_case c;
  c.name = "gemm/f32/f32/openblas";
  c.make = &sgemm;
  c.places = {place::small, place::hot};
  c.limit = [](place where) {
    return multiply_add_limit(static_cast<double>(gemm_size(where).multiply_adds()));
  };
  return {std::move(c)};
}

case_list openblas_gemv_cases() {
  if (!is_peer()) return {};
  benchmark_case c;
  c.name = "gemv/f32/f32/openblas";
  c.make = &sgemv;
  c.places = {place::small, place::hot, place::cold};
  c.limit = [](place where) {
    const product_size s = gemv_size(where);
    const auto items = static_cast<double>(s.multiply_adds());
    return begin_cold(read_limit(s.multiply_adds() * sizeof(float), items), where);
  };
  return {std::move(c)};
}

}  // namespace bench

#else

namespace bench {
std::string openblas_core() { return "not installed"; }
case_list openblas_gemm_cases() { return {}; }
case_list openblas_gemv_cases() { return {}; }
}  // namespace bench

#endif

// SPDX-License-Identifier: MIT
#pragma once

// What needs nothing but the standard library. Opt-in: fmt.hpp (needs fmt), io/ (needs
// nlohmann-json), format/interop_*.hpp (other libraries' types), and, to keep this header quick to
// compile, quantize/recipes.hpp (other stacks' recipes), kernel/accumulate.hpp (models of
// accumulators) and analysis/ (comparisons, reports).

// Number formats: value types, rounding, saturation, exact conversion and arithmetic, limits, text,
// run-time look-up.
#include "binade/format/any_format.hpp"
#include "binade/format/catalog.hpp"
#include "binade/format/code_text.hpp"
#include "binade/format/convert.hpp"
#include "binade/format/exmy.hpp"
#include "binade/format/limits.hpp"
#include "binade/format/lookup.hpp"
#include "binade/format/text.hpp"

// Tensors: views, packed codes, granularity, block formats.
#include "binade/tensor/block_catalog.hpp"
#include "binade/tensor/packable.hpp"
#include "binade/tensor/packed_span.hpp"
#include "binade/tensor/packed_tensor.hpp"
#include "binade/tensor/scale_layout.hpp"
#include "binade/tensor/view.hpp"

// Quantizers: scale rules, quantize, dequantize, bulk convert.
#include "binade/kernel/convert.hpp"
#include "binade/quantize/append.hpp"
#include "binade/quantize/both_ways.hpp"
#include "binade/quantize/dequantize.hpp"
#include "binade/quantize/logfmt.hpp"
#include "binade/quantize/quantize.hpp"
#include "binade/quantize/quantized_gemm.hpp"
#include "binade/quantize/validate.hpp"
#include "binade/scale/delayed.hpp"
#include "binade/scale/rule.hpp"

// Products of packed operands, transforms, softmax, and measures of error.
#include "binade/kernel/dot.hpp"
#include "binade/kernel/gemm.hpp"
#include "binade/kernel/gemv.hpp"
#include "binade/kernel/hadamard.hpp"
#include "binade/kernel/prepacked_weight.hpp"
#include "binade/kernel/reference/exact_dot.hpp"
#include "binade/kernel/softmax.hpp"
#include "binade/metrics/kl_divergence.hpp"
#include "binade/metrics/metrics.hpp"

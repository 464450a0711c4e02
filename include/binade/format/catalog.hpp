// SPDX-License-Identifier: MIT
#pragma once

#include "binade/format/catalog_codebook.hpp"
#include "binade/format/catalog_float.hpp"
#include "binade/format/catalog_integer.hpp"
#include "binade/format/catalog_p3109.hpp"
#include "binade/format/catalog_tapered.hpp"
#include "binade/format/limits.hpp"  // without it numeric_limits of a format would be all zero

namespace binade::inline v0 {

/// Every element format. Tests, benchmarks, `compare`, name look-up and the README table follow it.
using all_formats = detail::concatenate<float_formats, tapered_formats, integer_formats,
                                        codebook_formats, p3109_formats>::type;

}  // namespace binade::inline v0

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/config.hpp"
#include "binade/core/random.hpp"
#include "binade/kernel/simd/code_encoders.hpp"
#include "binade/kernel/simd/decode_table.hpp"
#include "binade/kernel/simd/rank_encoder.hpp"
#include "binade/kernel/simd/source.hpp"
#include "binade/kernel/simd/stochastic_encoder.hpp"
#include "binade/kernel/simd/targets.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

// The algorithms of conversion for every target: each in its region, as in targets.hpp.

BINADE_BEGIN_TARGET_PORTABLE
namespace binade::inline v0::simd::portable::codes {
#include "binade/kernel/simd/convert_portable.inl"
//
#include "binade/kernel/simd/convert_loads.inl"
#include "binade/kernel/simd/decode_codes.inl"
#include "binade/kernel/simd/drive.inl"
#include "binade/kernel/simd/encode_codebook.inl"
#include "binade/kernel/simd/encode_codes.inl"
#include "binade/kernel/simd/encode_ranks.inl"
#include "binade/kernel/simd/encode_stochastic.inl"
//
#include "binade/kernel/simd/conversions.inl"
}  // namespace binade::inline v0::simd::portable::codes
BINADE_END_TARGET

#if BINADE_ARCH_X86_64
BINADE_BEGIN_TARGET_AVX2
namespace binade::inline v0::simd::avx2::codes {
#include "binade/kernel/simd/convert_avx2.inl"
//
#include "binade/kernel/simd/code_encoders.inl"
#include "binade/kernel/simd/convert_loads.inl"
#include "binade/kernel/simd/decode_codes.inl"
#include "binade/kernel/simd/drive.inl"
#include "binade/kernel/simd/encode_codebook.inl"
#include "binade/kernel/simd/encode_codes.inl"
#include "binade/kernel/simd/encode_ranks.inl"
#include "binade/kernel/simd/encode_stochastic.inl"
//
#include "binade/kernel/simd/conversions.inl"
}  // namespace binade::inline v0::simd::avx2::codes
BINADE_END_TARGET

BINADE_BEGIN_TARGET_AVX512
namespace binade::inline v0::simd::avx512::codes {
#include "binade/kernel/simd/convert_avx512.inl"
//
#include "binade/kernel/simd/code_encoders.inl"
#include "binade/kernel/simd/decode_codes.inl"
#include "binade/kernel/simd/drive.inl"
#include "binade/kernel/simd/encode_codebook.inl"
#include "binade/kernel/simd/encode_codes.inl"
#include "binade/kernel/simd/encode_ranks.inl"
#include "binade/kernel/simd/encode_stochastic.inl"
//
#include "binade/kernel/simd/conversions.inl"
}  // namespace binade::inline v0::simd::avx512::codes
BINADE_END_TARGET
#elif BINADE_ARCH_AARCH64
BINADE_BEGIN_TARGET_NEON
namespace binade::inline v0::simd::neon::codes {
#include "binade/kernel/simd/convert_neon.inl"
//
#include "binade/kernel/simd/code_encoders.inl"
#include "binade/kernel/simd/convert_loads.inl"
#include "binade/kernel/simd/decode_codes.inl"
#include "binade/kernel/simd/drive.inl"
#include "binade/kernel/simd/encode_codebook.inl"
#include "binade/kernel/simd/encode_codes.inl"
#include "binade/kernel/simd/encode_ranks.inl"
#include "binade/kernel/simd/encode_stochastic.inl"
//
#include "binade/kernel/simd/conversions.inl"
}  // namespace binade::inline v0::simd::neon::codes
BINADE_END_TARGET
#endif

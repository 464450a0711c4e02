// SPDX-License-Identifier: MIT
#pragma once

#include "support/benchmark_case.hpp"

namespace bench {

/// The main function of a Google Benchmark program: each case at each of its places, as
/// "<name>/<place>". A case whose answers are wrong is reported as an error and not timed. Besides
/// items and bytes a second there are the counters `of_limit` and `of_streamed`: the speed over
/// that of the case's limit loops, medians of three runs in which they take turns.
int run_benchmarks(int argc, char** argv, const case_list& cases);

}  // namespace bench

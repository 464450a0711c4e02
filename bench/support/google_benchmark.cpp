// SPDX-License-Identifier: MIT

#include "support/google_benchmark.hpp"

#include "binade/kernel/simd/dispatch.hpp"
#include "peers/peers.hpp"
#include "support/machine.hpp"
#include "support/timing.hpp"

#include <benchmark/benchmark.h>

#include <exception>
#include <string>
#include <utility>

namespace bench {
namespace {

/// Speed over the limit's, or 0 if no run was quiet enough.
double over_limit(const timer& kernel, const timer& limit) {
  const paired_runs paired = run_in_turns({kernel}, limit, 3);
  if (paired.limits.empty()) return 0;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < paired.limits.size(); ++i) {
    ratios.push_back(paired.items_per_second[i][0] / paired.limits[i]);
  }
  return median(std::move(ratios));
}

void run_case(benchmark::State& state, const benchmark_case& c, const prepare& make, place where) {
  contender kernel;
  std::string fault;
  try {
    kernel = make(where);
    kernel.run();
    if (kernel.check) fault = kernel.check();
  } catch (const std::exception& e) {
    fault = e.what();
  }
  if (!fault.empty()) return state.SkipWithError(fault.c_str());
  for ([[maybe_unused]] auto _ : state) {
    if (kernel.before) {
      state.PauseTiming();
      kernel.before();
      state.ResumeTiming();
    }
    kernel.run();
    benchmark::ClobberMemory();
  }
  const double runs = static_cast<double>(state.iterations());
  state.SetItemsProcessed(static_cast<std::int64_t>(runs * kernel.items));
  if (kernel.bytes > 0) state.SetBytesProcessed(static_cast<std::int64_t>(runs * kernel.bytes));
  for (const auto& [name, limit] :
       {std::pair{"of_limit", &c.limit}, {"of_streamed", &c.streamed}}) {
    if (*limit)
      state.counters[name] = over_limit(timer(kernel, c.clock), timer((*limit)(where), c.clock));
  }
}

void add(const std::string& name, const benchmark_case& c, const prepare& make, place where) {
  auto* added = benchmark::RegisterBenchmark(
      (name + "/" + to_string(where)).c_str(),
      [&c, make, where](benchmark::State& state) { run_case(state, c, make, where); });
  if (c.clock == clock_kind::wall) added->UseRealTime();
}

}  // namespace

int run_benchmarks(int argc, char** argv, const case_list& cases) {
  apply_peer_settings(argv);
  benchmark::AddCustomContext("cpu", cpu_name());
  benchmark::AddCustomContext("binade_target",
                              to_string(binade::simd::active_kernels().compiled_for));
  benchmark::AddCustomContext("openblas", openblas_core());
  benchmark::AddCustomContext("onednn", onednn_version());
  for (const benchmark_case& c : cases) {
    for (const place where : c.places) add(c.name, c, c.make, where);
    if (c.scalar && c.clock == clock_kind::thread)
      add(c.name + "/scalar", c, c.scalar, c.places.front());
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace bench

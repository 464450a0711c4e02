// SPDX-License-Identifier: MIT

#include "ratios/judge.hpp"

#include "support/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ratios {
namespace {

judgement not_measured(const std::string& why) {
  return {"", std::nullopt, std::nullopt, "not measured: " + why};
}

/// Speed of the divisor in one run; `peers` are the speeds of the row's peers.
double divisor_speed(divisor over, double limit, std::span<const double> peers) {
  switch (over) {
    case divisor::limit:
      return limit;
    case divisor::one_by_one: {
      double seconds = 0;
      for (const double speed : peers) seconds += 1 / speed;
      return 1 / seconds;
    }
    case divisor::streamed:
    case divisor::fastest:
      break;
  }
  return *std::ranges::max_element(peers);
}

}  // namespace

judge::judge(bench::case_list cases, int runs) : runs_(runs) {
  for (bench::benchmark_case& c : cases) {
    std::string name = c.name;
    cases_.emplace(std::move(name), std::move(c));
  }
}

const bench::benchmark_case* judge::find(const std::string& name) const {
  const auto found = cases_.find(name);
  return found == cases_.end() ? nullptr : &found->second;
}

bench::timer judge::prepare(const bench::benchmark_case& c, bench::place where) const {
  const bench::contender made = c.make(where);
  if (made.before) made.before();
  made.run();
  const std::string fault = made.check ? made.check() : std::string();
  if (!fault.empty()) throw std::runtime_error(c.name + ": " + fault);
  return bench::timer(made, c.clock);
}

bool judge::has_kernel(const bench::benchmark_case& c) {
  if (!c.scalar) return true;
  const auto known = has_kernel_.find(c.name);
  if (known != has_kernel_.end()) return known->second;
  const bench::place where = c.places.front();
  const bench::timer kernel = prepare(c, where);
  const bench::timer scalar(c.scalar(where));
  std::vector<double> ratios;
  for (int i = 0; i < 3; ++i) {
    ratios.push_back(kernel.items_per_second() / scalar.items_per_second());
  }
  return has_kernel_[c.name] = bench::median(std::move(ratios)) >= 2;
}

judgement judge::operator()(const row& r) {
  if (r.cases.empty()) return not_measured("no kernel yet (nothing to call)");
  for (const std::string& peer : r.peers) {
    // Of several peers the fastest that is there counts.
    const bool one_is_enough = r.over == divisor::fastest;
    const auto there = [this](const std::string& name) { return find(name) != nullptr; };
    if (one_is_enough ? !std::ranges::any_of(r.peers, there) : !there(peer)) {
      return not_measured("no " + peer);
    }
  }
  judgement worst;
  std::vector<std::string> without_kernel;
  for (const std::string& name : r.cases) {
    const bench::benchmark_case* c = find(name);
    if (c == nullptr) return not_measured("no " + name);
    try {
      if (!has_kernel(*c)) {
        without_kernel.push_back(name);
        continue;
      }
      judgement j = measure(r, *c);
      if (!j.ratio) return j;
      if (!worst.ratio || *j.ratio < *worst.ratio) worst = std::move(j);
    } catch (const std::exception& e) {
      return not_measured(e.what());
    }
  }
  if (!worst.ratio) return not_measured("no kernel yet");
  if (!without_kernel.empty()) {
    worst.verdict =
        fmt::format("not reached: no kernel yet for {}", fmt::join(without_kernel, ", "));
  } else {
    worst.verdict = *worst.ratio >= 0.95 * r.goal ? "reached" : "not reached";
  }
  return worst;
}

judgement judge::measure(const row& r, const bench::benchmark_case& c) const {
  std::vector<bench::timer> timers{prepare(c, r.where)};
  for (const std::string& peer : r.peers) {
    if (const bench::benchmark_case* p = find(peer)) {
      const bool there = std::ranges::find(p->places, r.where) != p->places.end();
      timers.push_back(prepare(*p, there ? r.where : p->places.front()));
    }
  }
  if (r.over == divisor::streamed) timers.emplace_back(c.streamed(r.where));
  const bench::timer limit(c.limit ? c.limit(r.where) : bench::clock_cycles(), c.clock);
  const bench::paired_runs paired = bench::run_in_turns(timers, limit, runs_);
  if (static_cast<int>(paired.limits.size()) < runs_) {
    const int quiet = static_cast<int>(paired.limits.size());
    return not_measured(fmt::format("the limit moved by more than 10% in {} of {} runs",
                                    paired.discarded, paired.discarded + quiet));
  }
  std::vector<double> ratios;
  std::vector<double> of_limit;
  for (std::size_t i = 0; i < paired.limits.size(); ++i) {
    const std::vector<double>& speeds = paired.items_per_second[i];
    const double over = divisor_speed(r.over, paired.limits[i], std::span(speeds).subspan(1));
    ratios.push_back(speeds[0] / over);
    of_limit.push_back(speeds[0] / paired.limits[i]);
  }
  judgement j;
  j.slowest = c.name;
  j.ratio = bench::median(std::move(ratios));
  if (c.limit) j.of_limit = bench::median(std::move(of_limit));
  return j;
}

}  // namespace ratios

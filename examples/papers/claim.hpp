// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

// How a program under examples/papers states a paper's claims and says whether they hold.

namespace papers {

enum class relation { equal, at_least, at_most };

/// What a paper says. It stands in the file before anything is computed.
struct claim {
  const char* text;  ///< in our words, without tabs, | and semicolons
  relation how = relation::equal;
  double paper = 0;         ///< its number
  double tolerance = 0;     ///< absolute, on either side as `how` asks
  const char* reason = "";  ///< why the tolerance is what it is
  int digits = 3;           ///< of ours that every machine repeats (counts: all); 0: none (a time)

  [[nodiscard]] bool met_by(double x) const {
    if (how == relation::at_least) return x >= paper - tolerance;
    if (how == relation::at_most) return x <= paper + tolerance;
    return std::fabs(x - paper) <= tolerance;
  }
};

/// What holds instead of a claim that does not.
struct finding {
  double value, tolerance;
  const char* reason;  ///< why the paper's number does not come out
};

/// A measurement, and the same with the method turned off or a constant wrong.
struct measurement {
  double ours;
  double control;
  const char* off;  ///< what was turned off
};

/// The claims of one system. For each it prints what people read and a line for programs:
///   claim <tab> system <tab> source <tab> text <tab> paper <tab> tolerance <tab> ours <tab>
///   control <tab> verdict
class report {
 public:
  report(const char* system, const char* source) : system_(system), source_(source) {
    std::printf("%s (%s)\n", system, source);
  }

  /// Holds if ours is as the paper says and the control is not. A NaN meets nothing.
  void check(const claim& c, const measurement& m) {
    add(c, m, c.met_by(m.ours) && !c.met_by(m.control) && !std::isnan(m.control), "holds",
        c.reason);
  }

  /// For a claim that does not reproduce: ours must miss the paper's number and be the finding's;
  /// the control must miss the finding.
  void refute(const claim& c, const finding& f, const measurement& m) {
    const claim found{.text = c.text, .paper = f.value, .tolerance = f.tolerance};
    add(c, m,
        !c.met_by(m.ours) && found.met_by(m.ours) && !found.met_by(m.control) &&
            !std::isnan(m.control),
        "does not reproduce", f.reason);
  }

  /// What main returns: 0 if all was as stated.
  [[nodiscard]] int status() const {
    std::printf("%s\n", failed_ ? "FAILED" : "all as stated");
    return failed_ ? 1 : 0;
  }

 private:
  static std::string number(double x, int digits) {
    char text[32];
    if (digits == 0) return "varies";
    if (x == std::nearbyint(x) && std::fabs(x) < 1e6) digits = 6;  // a count
    std::snprintf(text, sizeof text, "%.*g", digits, x);
    return text;
  }

  void add(const claim& c, const measurement& m, bool as_stated, const char* verdict,
           const char* reason) {
    failed_ = failed_ || !as_stated;
    const char* sign = std::array{"", ">= ", "<= "}[static_cast<unsigned>(c.how)];
    if (!as_stated) verdict = "FAILS";
    std::printf("\n%s: %s\n  paper %s%.6g, tolerance %.3g; ours %.6g; control (%s) %.6g\n  %s\n",
                verdict, c.text, sign, c.paper, c.tolerance, m.ours, m.off, m.control, reason);
    std::printf("claim\t%s\t%s\t%s\t%s%.6g\t%.3g\t%s\t%s\t%s\n", system_, source_, c.text, sign,
                c.paper, c.tolerance, number(m.ours, c.digits).c_str(),
                number(m.control, c.digits).c_str(), verdict);
  }

  const char *system_, *source_;
  bool failed_ = false;
};

}  // namespace papers

// SPDX-License-Identifier: MIT

// The library against what other packages do with single values: formats/*.txt, whose format
// README.md explains. What may differ, and how often, stands in one table below; differences.md
// says why.

#include "binade/format/any_format.hpp"
#include "binade/format/arithmetic.hpp"
#include "binade/format/lookup.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using binade::any_format;
using binade::conversion_rules;
using binade::saturation_mode;
using binade::unpacked;
using binade::value_class;

// ---- The files ----

struct section {
  std::vector<std::string> title;
  std::vector<std::string> tokens;
};

/// Every word of a line.
std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> result;
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

/// The sections of formats/<package>.txt. Throws: std::runtime_error if there are none.
std::vector<section> read_sections(const std::string& package) {
  const std::filesystem::path path =
      std::filesystem::path("tests/vectors/formats") / (package + ".txt");
  std::ifstream file(path);
  std::vector<section> sections;
  bool header = true;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) {
      header = false;
      sections.emplace_back();
    } else if (!header) {
      section& last = sections.back();
      std::vector<std::string> found = words(line);
      if (last.title.empty()) {
        last.title = std::move(found);
      } else {
        last.tokens.insert(last.tokens.end(), found.begin(), found.end());
      }
    }
  }
  if (sections.empty()) throw std::runtime_error("no vectors in " + path.string());
  return sections;
}

std::uint64_t hex(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::runtime_error("not a hexadecimal number: " + std::string(digits));
  }
  return value;
}

/// `input:outputs` of a token.
std::pair<std::string_view, std::string_view> halves(std::string_view token) {
  const std::size_t colon = token.find(':');
  return {token.substr(0, colon), token.substr(colon + 1)};
}

// ---- Formats and policies ----

any_format format_named(const std::string& name) {
  return binade::visit_format(binade::format_from_name(name),
                              []<binade::format F>() { return any_format::of<F>(); });
}

/// Stochastic rounding whose random integer is given.
struct fixed_stochastic {
  binade::rounding::stochastic how;
  std::uint64_t r = 0;
  std::uint64_t operator()(const binade::discarded_part& d) const noexcept {
    return d.kept + (!d.exact() && how.rounds_up(d.fraction, r));
  }
  bool stays_finite(bool) const noexcept { return false; }
  fixed_stochastic at(std::uint64_t) const noexcept { return *this; }
};
static_assert(binade::rounding_policy<fixed_stochastic>);

/// What a column is called: a rounding and a saturation, "toward_zero/none" or
/// "centered:4:5/finite" (variant, number of random bits, random integer).
struct policy {
  std::string name;
  binade::rounding::any rounding;
  std::optional<fixed_stochastic> random;
  conversion_rules rules;
};

policy make_policy(const std::string& name) {
  using namespace binade::rounding;
  const std::map<std::string_view, any> modes = {
      {"ties_to_even", ties_to_even{}},
      {"ties_to_even_significand", ties_to_even_significand{}},
      {"ties_to_away", ties_to_away{}},
      {"toward_zero", toward_zero{}},
      {"toward_positive", toward_positive{}},
      {"toward_negative", toward_negative{}}};
  const std::map<std::string_view, stochastic_variant> variants = {
      {"add_truncate", stochastic_variant::add_truncate},
      {"centered", stochastic_variant::centered},
      {"round_then_add", stochastic_variant::round_then_add}};
  policy p{.name = name, .rounding = ties_to_even{}, .random = {}, .rules = {}};
  const std::size_t slash = name.find('/');
  const std::string rounding = name.substr(0, slash);
  const std::string saturation = name.substr(slash + 1);
  if (saturation != "finite" && saturation != "none") {
    throw std::runtime_error("unknown saturation " + saturation);
  }
  p.rules.saturation = saturation == "finite" ? saturation_mode::finite : saturation_mode::none;
  if (const std::size_t colon = rounding.find(':'); colon != std::string::npos) {
    const std::size_t second = rounding.find(':', colon + 1);
    const stochastic how{.bits = std::stoi(rounding.substr(colon + 1)),
                         .variant = variants.at(rounding.substr(0, colon))};
    p.random = fixed_stochastic{.how = how, .r = std::stoull(rounding.substr(second + 1))};
  } else {
    p.rounding = modes.at(rounding);
  }
  return p;
}

std::uint64_t encode(const any_format& f, const unpacked& x, const policy& p) {
  if (!p.random) return f.encode(x, p.rounding, p.rules);
  return f.visit([&](const auto& spec) { return binade::encode(spec, x, *p.random, p.rules); });
}

unpacked value_of(std::string_view source, std::uint64_t bits) {
  if (source == "float64") return binade::unpack(binade::bit_cast<double>(bits));
  if (source == "float16") return any_format::of<binade::float16>().decode(bits);
  return binade::unpack(binade::bit_cast<float>(static_cast<std::uint32_t>(bits)));
}

// ---- Differences ----

/// One comparison.
struct event {
  any_format format;
  const policy& how;
  std::string_view source;
  unpacked x;
  bool refused;            ///< the package gave no code
  std::uint64_t expected;  ///< the package's code
};

struct difference {
  const char* name;  ///< its heading in differences.md
  bool (*applies)(const event&);
  int count;  ///< how often the file shows it
};

bool is_e8m0(const event& e) { return e.format == any_format::of<binade::e8m0fnu>(); }

/// |x| < 2^exponent.
bool is_below(const unpacked& x, int exponent) {
  return x.kind == value_class::zero || (x.kind == value_class::finite && x.exponent < exponent);
}

bool negative_into_unsigned(const event& e) {
  return e.x.negative && e.x.kind != value_class::nan && !e.format.describe().is_signed &&
         !e.format.is_integer();
}

/// The format has neither NaN nor infinity, and x is one of them or beyond the range.
bool refused_special(const event& e) {
  const binade::code_description d = e.format.describe();
  const bool beyond =
      e.how.rules.saturation == saturation_mode::none && e.x.kind != value_class::nan;
  return e.refused && !d.has_nan && !d.has_infinity && (e.x.kind == value_class::nan || beyond);
}

/// NaN becomes a zero, of the other sign where there are two.
bool nan_becomes_zero(const event& e) {
  const binade::code_description d = e.format.describe();
  if (e.x.kind != value_class::nan || d.has_nan) return false;
  const bool minus = d.has_negative_zero && !e.x.negative;
  return e.expected == (minus ? std::uint64_t{1} << (d.code_bits - 1) : 0);
}

/// The package's code is that of x rounded to binary32 first.
bool rounded_to_binary32_first(const event& e) {
  return e.source == "float64" &&
         e.expected == encode(e.format, binade::unpack(binade::to_float(e.x)), e.how);
}

/// The package's code is the low bits of x as an int32, which 0x80000000 stands in for beyond it.
bool integer_wraps(const event& e) {
  if (!e.format.is_integer() || e.x.kind == value_class::nan) return false;
  std::int64_t whole = 0;
  if (e.x.kind == value_class::finite && is_below(e.x, 31)) {
    whole = static_cast<std::int64_t>(binade::to_double(e.x));
  }
  const std::uint64_t mask = (std::uint64_t{1} << e.format.bit_count()) - 1;
  return e.expected == (static_cast<std::uint64_t>(whole) & mask);
}

bool e8m0_below_least(const event& e) {
  return is_e8m0(e) && !e.x.negative && is_below(e.x, -127) && e.expected == 0xff;
}

bool e8m0_zero_is_nan(const event& e) {
  return is_e8m0(e) && e.x.kind == value_class::zero && e.expected == 0xff;
}

bool e8m0_subnormal_goes_up(const event& e) {
  return is_e8m0(e) && !e.x.negative && e.x.kind == value_class::finite && is_below(e.x, -126) &&
         e.expected == 1;
}

bool e8m0_infinity_is_nan(const event& e) {
  return is_e8m0(e) && e.x.kind == value_class::infinity && e.expected == 0xff;
}

/// Checks one package's file: every difference must be one of those listed, each as often as it
/// says.
class comparison {
 public:
  comparison(std::string package, std::vector<difference> allowed)
      : package_(std::move(package)), allowed_(std::move(allowed)), seen_(allowed_.size()) {}

  void run() {
    for (const section& s : read_sections(package_)) {
      const std::string& kind = s.title.at(0);
      if (kind == "encode") {
        run_encode(s);
      } else if (kind == "decode") {
        run_decode(s);
      } else if (kind == "rows") {
        run_rows(s);
      } else if (kind == "arithmetic") {
        run_arithmetic(s);
      } else {
        ADD_FAILURE() << package_ << ": unknown section " << kind;
      }
    }
    EXPECT_GT(compared_, 0);
    for (std::size_t i = 0; i < allowed_.size(); ++i) {
      EXPECT_EQ(seen_[i], allowed_[i].count) << package_ << ": " << allowed_[i].name;
    }
    testing::Test::RecordProperty("compared", std::to_string(compared_));
  }

 private:
  void run_encode(const section& s) {
    const any_format f = format_named(s.title.at(1));
    const std::string& source = s.title.at(2);
    const std::size_t width = static_cast<std::size_t>(f.bit_count() + 3) / 4;
    std::vector<policy> policies;
    for (std::size_t i = 3; i < s.title.size(); ++i) policies.push_back(make_policy(s.title[i]));
    for (const std::string& token : s.tokens) {
      const auto [input, codes] = halves(token);
      const unpacked x = value_of(source, hex(input));
      ASSERT_EQ(codes.size(), width * policies.size()) << token;
      for (std::size_t i = 0; i < policies.size(); ++i) {
        const std::string_view code = codes.substr(i * width, width);
        const bool refused = code[0] == '-';
        check({f, policies[i], source, x, refused, refused ? 0 : hex(code)}, input);
      }
    }
  }

  void run_decode(const section& s) {
    const any_format f = format_named(s.title.at(1));
    for (const std::string& token : s.tokens) {
      const auto [code, value] = halves(token);
      ++compared_;
      const unpacked got = f.decode(hex(code));
      const auto bits = static_cast<std::uint32_t>(hex(value));
      const unpacked expected = binade::unpack(binade::bit_cast<float>(bits));
      if (expected.kind == value_class::nan && got.kind == value_class::nan) continue;
      EXPECT_EQ(binade::bit_cast<std::uint32_t>(binade::to_float(got)), bits)
          << package_ << ": " << f.name() << " code " << code;
    }
  }

  static std::array<std::uint64_t, 4> operate(const any_format& f, std::uint64_t a,
                                              std::uint64_t b) {
    const unpacked x = f.decode(a);
    const unpacked y = f.decode(b);
    std::array<std::uint64_t, 4> results{};
    const std::array values = {add(x, y), add(x, binade::negate(y)), multiply(x, y), divide(x, y)};
    for (std::size_t i = 0; i < values.size(); ++i) {
      results[i] = f.encode(values[i], binade::rounding::ties_to_even{}, f.default_rules());
    }
    return results;
  }

  static constexpr std::array<std::string_view, 4> operations = {"add", "subtract", "multiply",
                                                                 "divide"};

  /// Each token holds the hash of one row of the operation's table.
  void run_rows(const section& s) {
    const auto operation = static_cast<std::size_t>(
        std::find(operations.begin(), operations.end(), s.title.at(1)) - operations.begin());
    ASSERT_LT(operation, operations.size());
    const any_format f = format_named(s.title.at(2));
    ASSERT_EQ(s.tokens.size(), 256U);
    for (const std::string& token : s.tokens) {
      const auto [code, expected] = halves(token);
      const std::uint64_t a = hex(code);
      std::uint64_t h = 0xcbf29ce484222325;  // FNV-1a, 64 bits
      for (std::uint64_t b = 0; b < 256; ++b) {
        h = (h ^ operate(f, a, b)[operation]) * 0x100000001b3;
      }
      compared_ += 256;
      EXPECT_EQ(h, hex(expected)) << package_ << ": " << f.name() << " " << s.title[1] << ", row "
                                  << code;
    }
  }

  void run_arithmetic(const section& s) {
    const any_format f = format_named(s.title.at(1));
    for (const std::string& token : s.tokens) {
      const auto [operands, codes] = halves(token);
      const std::uint64_t a = hex(operands.substr(0, 4));
      const std::uint64_t b = hex(operands.substr(4));
      const std::array<std::uint64_t, 4> got = operate(f, a, b);
      for (std::size_t i = 0; i < got.size(); ++i) {
        ++compared_;
        EXPECT_EQ(got[i], hex(codes.substr(4 * i, 4)))
            << package_ << ": " << f.name() << " " << operations[i] << " " << operands;
      }
    }
  }

  void check(const event& e, std::string_view input) {
    ++compared_;
    const std::uint64_t got = encode(e.format, e.x, e.how);
    if (!e.refused) {
      if (e.expected == got) return;
      if (e.format.classify(e.expected) == value_class::nan &&
          e.format.classify(got) == value_class::nan) {
        return;  // sign and payload of NaN are each library's own
      }
    }
    for (std::size_t i = 0; i < allowed_.size(); ++i) {
      if (!allowed_[i].applies(e)) continue;
      ++seen_[i];
      return;
    }
    ADD_FAILURE() << package_ << ": " << e.format.name() << " from " << e.source << " 0x" << input
                  << " under " << e.how.name << ": expected "
                  << (e.refused ? "nothing" : binary(e.expected)) << ", got " << binary(got);
  }

  static std::string binary(std::uint64_t code) { return std::bitset<16>(code).to_string(); }

  std::string package_;
  std::vector<difference> allowed_;
  std::vector<int> seen_;
  long compared_ = 0;
};

TEST(PackageVectors, gfloat) {
  comparison("gfloat", {{"gfloat: no code without NaN and infinity", refused_special, 60},
                        {"gfloat: negatives into unsigned formats", negative_into_unsigned, 1173},
                        {"gfloat: E8M0 below 2^-127", e8m0_below_least, 10}})
      .run();
}

TEST(PackageVectors, ml_dtypes) {
  comparison("ml_dtypes", {{"ml_dtypes: NaN becomes zero", nan_becomes_zero, 35},
                           {"ml_dtypes: binary64 through binary32", rounded_to_binary32_first, 492},
                           {"ml_dtypes: integers wrap", integer_wraps, 144},
                           {"ml_dtypes: zero in E8M0", e8m0_zero_is_nan, 2},
                           {"ml_dtypes: E8M0 below 2^-126", e8m0_subnormal_goes_up, 2}})
      .run();
}

TEST(PackageVectors, softposit) { comparison("softposit", {}).run(); }

TEST(PackageVectors, en_dtypes) { comparison("en_dtypes", {}).run(); }

TEST(PackageVectors, onnx) {
  comparison("onnx", {{"onnx: NaN becomes zero", nan_becomes_zero, 2},
                      {"onnx: integers wrap", integer_wraps, 48},
                      {"onnx: negatives into E8M0", negative_into_unsigned, 34},
                      {"onnx: E8M0 below 2^-126", e8m0_subnormal_goes_up, 14},
                      {"onnx: infinity in E8M0", e8m0_infinity_is_nan, 3}})
      .run();
}

}  // namespace

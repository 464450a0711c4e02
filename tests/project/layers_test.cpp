// SPDX-License-Identifier: MIT
// The rules for the files of this project that no compiler checks. It runs in the source folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool starts_with_any(std::string_view text, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

/// The files below `folder` whose name ends with one of `endings`, as paths relative to `folder`.
std::vector<std::string> files_below(const fs::path& folder,
                                     const std::vector<std::string_view>& endings) {
  std::vector<std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    if (entry.is_regular_file() && std::any_of(endings.begin(), endings.end(), [&](auto ending) {
          return name.ends_with(ending);
        })) {
      files.push_back(name);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The library's headers, relative to include/binade.
std::vector<std::string> headers() {
  return files_below("include/binade", {".hpp", ".inl", ".cuh"});
}

/// The layers, lowest first. Folders of one layer do not see each other.
const std::vector<std::vector<std::string_view>> layers = {
    {"core"},
    {"format"},
    {"tensor"},
    {"scale", "transform"},
    {"kernel"},
    {"quantize", "metrics"},
    {"optim", "comm", "io"},
    {"analysis"},
};

/// The first folder of `file`, empty for a file in include/binade itself.
std::string_view folder_of(std::string_view file) {
  const auto slash = file.find('/');
  return slash == std::string_view::npos ? std::string_view{} : file.substr(0, slash);
}

std::optional<std::size_t> layer_of(std::string_view folder) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (std::find(layers[i].begin(), layers[i].end(), folder) != layers[i].end()) return i;
  }
  return std::nullopt;
}

/// Headers that need more than the standard library or a compiler's extensions; and, so that the
/// umbrella stays quick to compile, what few programs need: reports, other stacks' recipes, models
/// of accumulators. The umbrella leaves them out.
bool is_opt_in(std::string_view file) {
  return starts_with_any(
      file, {"fmt.hpp", "io/", "comm/mpi.hpp", "kernel/cuda/", "format/interop_", "analysis/",
             "quantize/recipe", "kernel/accumulate.hpp", "kernel/reference/tensor_core.hpp"});
}

/// What is wrong with the line `#include <name>` (or "name") in `file`; empty: nothing.
std::string fault_of_include(std::string_view file, std::string_view name, bool quoted) {
  if (name.starts_with("binade/")) {
    const std::string_view target = name.substr(7);
    if (!quoted) return "binade's own headers are included with quotes";
    if (file == "binade.hpp") {
      return is_opt_in(target) ? "the umbrella holds only what needs the standard library" : "";
    }
    if (folder_of(target).empty()) return "the umbrella and fmt.hpp stand above every layer";
    if (file == "fmt.hpp") return "";
    const auto from = layer_of(folder_of(file));
    const auto to = layer_of(folder_of(target));
    if (!from || !to) return "this folder is in no layer";
    if (folder_of(file) == folder_of(target) || *to < *from) return "";
    return *to == *from
               ? "sideways: the two folders are in one layer"
               : "up: from layer " + std::to_string(*from) + " to layer " + std::to_string(*to);
  }
  if (quoted) return "quotes are for binade's own headers, from include/ on: \"binade/...\"";
  if (name.find_first_of("./") == std::string_view::npos) return "";  // the standard library
  struct permission {
    std::vector<std::string_view> headers;  // prefixes
    std::vector<std::string_view> files;    // prefixes
  };
  static const std::vector<permission> permissions = {
      {{"fmt/"}, {"fmt.hpp"}},
      {{"nlohmann/"}, {"io/"}},
      {{"sys/", "fcntl.h", "unistd.h"}, {"io/"}},
      {{"mpi.h"}, {"comm/mpi.hpp"}},
      {{"cuda", "cublas", "mma.h", "cooperative_groups"},
       {"kernel/cuda/", "format/interop_cuda.hpp"}},
      {{"immintrin.h", "xmmintrin.h", "pmmintrin.h", "cpuid.h", "arm_neon.h", "sys/auxv.h"},
       {"core/", "kernel/simd/"}},
  };
  bool known = false;
  for (const auto& entry : permissions) {
    if (!starts_with_any(name, entry.headers)) continue;
    if (starts_with_any(file, entry.files)) return "";
    known = true;
  }
  return known ? "this third-party header is not allowed here" : "unknown third-party header";
}

/// All `#include` lines of `file`, a path relative to include/binade, with what is wrong with each.
std::vector<std::string> include_faults(const std::string& file) {
  static const std::regex include(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
  std::vector<std::string> faults;
  std::size_t number = 0;
  for (const std::string& line : lines_of(read("include/binade/" + file))) {
    ++number;
    std::smatch match;
    if (!std::regex_match(line, match, include)) continue;
    const std::string name = match[2];
    std::string fault = fault_of_include(file, name, match[1] == "\"");
    if (fault.empty() && name.starts_with("binade/") && !fs::exists("include/" + name)) {
      fault = "there is no such file";
    }
    if (!fault.empty()) {
      faults.push_back("include/binade/" + file + ":" + std::to_string(number) + ": " + line +
                       ": " + fault);
    }
  }
  return faults;
}

/// Whether a line of include/binade/format keeps to integer arithmetic.
///
/// The words below may not occur, not even in a comment, but for `double` where it is the type of a
/// conversion: a conversion operator, a parameter, a template argument, or a function's result, or
/// in the name of one, to_double() or from_double(). A variable, a member or a literal of that type
/// is none.
bool is_integer_only(const std::string& line) {
  static const std::regex banned(R"(double|pow|ldexp|frexp|log2|round\()");
  if (!std::regex_search(line, banned)) return true;
  static const std::array conversions = {
      std::regex(R"(\boperator double\(\))"),
      std::regex(R"(([(,]\s*(const )?)double( \w+)?(?=\s*[,)]))"),
      std::regex(R"(([<,]\s*)double(?=\s*[,>]))"),
      std::regex(R"(^([^/"]*\b)?double (?=\w+\())"),
      std::regex(R"(()\b(to|from)_double\()"),
  };
  std::string rest = line.substr(0, line.find("//"));
  const std::string comment = line.substr(rest.size());
  for (const auto& conversion : conversions) {
    // Twice, since neighbouring parameters share the comma between them.
    for (int i = 0; i < 2; ++i) rest = std::regex_replace(rest, conversion, "$1");
  }
  return !std::regex_search(rest + comment, banned);
}

TEST(includes, stay_in_their_folder_or_go_down) {
  for (const std::string& file : headers()) {
    for (const std::string& fault : include_faults(file)) ADD_FAILURE() << fault;
  }
}

TEST(includes, rule_tells_good_from_bad) {
  const auto good = [](std::string_view file, std::string_view name, bool quoted = true) {
    const std::string fault = fault_of_include(file, name, quoted);
    EXPECT_EQ(fault, "") << file << " includes " << name;
  };
  const auto bad = [](std::string_view file, std::string_view name, bool quoted = true) {
    EXPECT_NE(fault_of_include(file, name, quoted), "") << file << " includes " << name;
  };
  good("format/codec.hpp", "binade/format/spec.hpp");
  good("format/codec.hpp", "binade/core/bits.hpp");
  good("analysis/report.hpp", "binade/io/safetensors.hpp");
  good("kernel/reference/gemm.hpp", "binade/kernel/simd/gemm.hpp");
  good("fmt.hpp", "binade/format/text.hpp");
  good("binade.hpp", "binade/metrics/metrics.hpp");
  bad("binade.hpp", "binade/analysis/report.hpp");
  good("core/parallel.hpp", "thread", false);
  good("fmt.hpp", "fmt/format.h", false);
  good("io/safetensors.hpp", "nlohmann/json.hpp", false);
  good("kernel/cuda/quantize.cuh", "cuda_fp8.h", false);
  good("core/fp_environment.hpp", "xmmintrin.h", false);
  bad("core/bits.hpp", "binade/format/spec.hpp");             // up
  bad("kernel/reference/gemm.hpp", "binade/quantize/x.hpp");  // up
  bad("scale/rule.hpp", "binade/transform/hadamard.hpp");     // sideways
  bad("quantize/quantize.hpp", "binade/metrics/mse.hpp");     // sideways
  bad("binade.hpp", "binade/io/safetensors.hpp");             // needs JSON
  bad("analysis/report.hpp", "binade/fmt.hpp");
  bad("format/codec.hpp", "binade/binade.hpp");
  bad("format/codec.hpp", "binade/other/x.hpp");  // no layer
  bad("format/codec.hpp", "spec.hpp");            // not from include/ on
  bad("format/codec.hpp", "binade/format/spec.hpp", false);
  bad("format/text.hpp", "fmt/format.h", false);
  bad("analysis/report.hpp", "nlohmann/json.hpp", false);
  bad("comm/ring.hpp", "mpi.h", false);
  bad("format/codec.hpp", "cuda_fp8.h", false);
  bad("tensor/view.hpp", "immintrin.h", false);
  bad("core/bits.hpp", "boost/config.hpp", false);
}

TEST(includes, umbrella_reaches_every_header_of_the_standard_library_only) {
  static const std::regex include(R"re(^\s*#\s*include\s*"binade/([^"]+)".*)re");
  std::set<std::string> reached;
  std::vector<std::string> open{"binade.hpp"};
  while (!open.empty()) {
    const std::string file = open.back();
    open.pop_back();
    if (!reached.insert(file).second) continue;
    for (const std::string& line : lines_of(read("include/binade/" + file))) {
      std::smatch match;
      if (std::regex_match(line, match, include)) open.push_back(match[1]);
    }
  }
  for (const std::string& file : headers()) {
    if (file.ends_with(".inl")) continue;
    EXPECT_EQ(reached.count(file) == 1, !is_opt_in(file)) << "include/binade/" << file;
  }
}

TEST(includes, oracles_share_nothing_with_the_library) {
  static const std::regex include(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
  for (const std::string& file : files_below("tests/oracle", {".hpp", ".cpp", ".h"})) {
    for (const std::string& line : lines_of(read("tests/oracle/" + file))) {
      EXPECT_EQ(line.find("binade/"), std::string::npos) << file << ": " << line;
      std::smatch match;
      if (std::regex_match(line, match, include)) {
        EXPECT_FALSE(fs::exists("include/binade/" + match[2].str())) << file << ": " << line;
        EXPECT_EQ(line.find(".."), std::string::npos) << file << ": " << line;
      }
    }
  }
}

TEST(format, is_integer_only) {
  for (const std::string& file : files_below("include/binade/format", {".hpp", ".inl"})) {
    std::size_t number = 0;
    for (const std::string& line : lines_of(read("include/binade/format/" + file))) {
      ++number;
      EXPECT_TRUE(is_integer_only(line))
          << "include/binade/format/" << file << ":" << number << ": " << line;
    }
  }
}

TEST(format, integer_rule_tells_good_from_bad) {
  for (const char* line : {
           "constexpr operator double() const noexcept;",
           "constexpr explicit e4m3fn(double x) noexcept;",
           "BINADE_HD constexpr unpacked unpack(double x) noexcept {",
           "constexpr bool f(float, double, double x, const double y);",
           "BINADE_HD constexpr double to_binary64(unpacked u) noexcept {",
           "[[nodiscard]] constexpr double to_double(",
           "return to_double(exact());",
           "return static_cast<double>(x);",
           "if constexpr (std::same_as<T, double>) {",
           "using wide = std::conditional_t<small, float, double>;",
           "// binary64",
       }) {
    EXPECT_TRUE(is_integer_only(line)) << line;
  }
  for (const char* line : {
           "double x = 0;",
           "const double x{y};",
           "static constexpr double largest = 448;",
           "auto y = x * double{2};",
           "// rounded to double first",
           "// f(double x)",
           "// see to_double()",
           "double to_double = 0;",
           "/// A power of two.",
           "return std::ldexp(x, 2);",
           "return operator double() * pow(x, 2);",
           "int e = std::log2(x);",
           "std::frexp(x, &e);",
           "x = round(x);",
       }) {
    EXPECT_FALSE(is_integer_only(line)) << line;
  }
}

TEST(headers, have_a_test_of_their_name) {
  for (const std::string& file : headers()) {
    // Parts of a header, and the umbrella, which tests/project/consumer tests.
    if (file.ends_with(".inl") || file.find("/detail/") != std::string::npos) continue;
    if (file == "binade.hpp") continue;
    const std::string test = "tests/" + file.substr(0, file.rfind('.')) + "_test.cpp";
    EXPECT_TRUE(fs::exists(test)) << "include/binade/" << file << " has no " << test;
  }
}

TEST(headers, are_small) {
  for (const std::string& file : headers()) {
    EXPECT_LE(lines_of(read("include/binade/" + file)).size(), 600U) << file;
  }
}

TEST(headers, guard_against_a_second_inclusion) {
  for (const std::string& file : headers()) {
    const bool once = read("include/binade/" + file).find("\n#pragma once\n") != std::string::npos;
    EXPECT_EQ(once, !file.ends_with(".inl")) << file;
  }
}

TEST(headers, define_macros_in_two_files_only) {
  static const std::regex define(R"(^\s*#\s*define\b.*)");
  for (const std::string& file : headers()) {
    if (file == "core/config.hpp" || file == "core/error.hpp") continue;
    for (const std::string& line : lines_of(read("include/binade/" + file))) {
      EXPECT_FALSE(std::regex_match(line, define)) << file << ": " << line;
    }
  }
}

TEST(headers, say_the_version_of_the_build) {
  const std::string config = read("include/binade/core/config.hpp");
  std::string version;
  for (const char* part : {"MAJOR", "MINOR", "PATCH"}) {
    const std::regex line("#define BINADE_VERSION_" + std::string(part) + " ([0-9]+)");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(config, match, line)) << part;
    version += (version.empty() ? "" : ".") + match[1].str();
  }
  EXPECT_NE(read("CMakeLists.txt").find("VERSION " + version + "\n"), std::string::npos) << version;
}

TEST(sources, are_ascii_and_name_their_licence) {
  std::vector<std::string> files{"CMakeLists.txt"};
  for (const char* folder : {"include", "tests", "bench", "examples", "cmake"}) {
    for (const std::string& file :
         files_below(folder, {".hpp", ".cpp", ".inl", ".cuh", ".cu", ".cmake", "CMakeLists.txt",
                              ".in", ".sh", ".py"})) {
      files.push_back(std::string(folder) + "/" + file);
    }
  }
  ASSERT_GT(files.size(), 20U) << "not in the source folder: " << fs::current_path();
  for (const std::string& file : files) {
    const std::string text = read(file);
    const auto odd = std::find_if(text.begin(), text.end(),
                                  [](char c) { return c != '\n' && (c < ' ' || c > '~'); });
    EXPECT_EQ(odd, text.end()) << file << ":" << 1 + std::count(text.begin(), odd, '\n')
                               << ": a character that is no printable ASCII";
    const std::vector<std::string> lines = lines_of(text);
    const std::size_t first = !lines.empty() && lines[0].starts_with("#!") ? 1 : 0;
    ASSERT_GT(lines.size(), first) << file;
    EXPECT_TRUE(lines[first] == "// SPDX-License-Identifier: MIT" ||
                lines[first] == "# SPDX-License-Identifier: MIT")
        << file << ": " << lines[first];
  }
}

}  // namespace

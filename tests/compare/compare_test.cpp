// SPDX-License-Identifier: MIT

// The program from outside, as scripts use it.

#include "binade/io/write_safetensors.hpp"
#include "binade/tensor/packable.hpp"
#include "programs/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace {

using ::testing::HasSubstr;

outcome run(const std::string& arguments) { return run_program("COMPARE", arguments); }

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("binade_compare_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  /// A safetensors file with one float32 tensor "w".
  [[nodiscard]] std::string tensor_file(const std::vector<float>& values,
                                        const std::string& shape) const {
    const std::string header = R"({"w":{"dtype":"F32","shape":)" + shape +
                               R"(,"data_offsets":[0,)" + std::to_string(4 * values.size()) + "]}}";
    const std::string name = path("w.safetensors");
    std::ofstream file(name, std::ios::binary);
    const std::uint64_t length = header.size();
    file.write(reinterpret_cast<const char*>(&length), sizeof length);
    file << header;
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(4 * values.size()));
    return name;
  }

 private:
  std::filesystem::path folder_;
};

using compare_program = files;

TEST_F(compare_program, writes_json_with_the_documented_fields) {
  const outcome o = run("--formats mxfp4:pow2_floor,nvfp4,e4m3fn --json " + path("out.json"));
  ASSERT_EQ(o.status, 0) << o.output;
  const auto root = nlohmann::json::parse(text_of(path("out.json")));
  std::map<std::string, double> overall;
  for (const auto& r : root.at("results")) {
    for (const char* field : {"bits_per_element", "sqnr_db", "max_error", "clipped", "underflow",
                              "gemm_relative_error", "quantize_bytes_per_second"}) {
      EXPECT_TRUE(r.at(field).is_number()) << field << " of " << r.dump();
    }
    if (r.at("tensor") == "*") {
      overall[r.at("format").get<std::string>() + ":" + r.at("scale").get<std::string>()] =
          r.at("sqnr_db").get<double>();
      if (r.at("format") == "mxfp4") {
        EXPECT_EQ(r.at("bits_per_element").get<double>(), 4.25);
      }
    }
  }
  // 3 formats, each with one row for all tensors together.
  EXPECT_EQ(overall.size(), 3U);
  EXPECT_EQ(overall.count("mxfp4:pow2_floor"), 1U);
  EXPECT_EQ(overall.count("nvfp4:absmax"), 1U);
  EXPECT_EQ(overall.count("e4m3fn:absmax"), 1U);
  // Each tensor of the embedded file and "*".
  EXPECT_EQ(root.at("results").size(), 15U);
}

TEST_F(compare_program, all_prints_a_row_for_every_catalogue_entry) {
  const outcome o = run("--formats all --dist normal --rows 8 --cols 256");
  ASSERT_EQ(o.status, 0) << o.output;
  std::istringstream lines(o.output);
  std::map<std::string, int> rows;
  for (std::string line; std::getline(lines, line);) ++rows[line.substr(0, line.find(' '))];
  for (const binade::any_packable& p : binade::all_packables()) {
    EXPECT_EQ(rows[p.names->name], 1) << p.names->name;
  }
}

TEST_F(compare_program, writes_csv_with_one_line_a_result) {
  const outcome o = run("--formats e2m1fn@64,int4 --csv " + path("out.csv"));
  ASSERT_EQ(o.status, 0) << o.output;
  std::istringstream lines(text_of(path("out.csv")));
  std::string header;
  std::getline(lines, header);
  EXPECT_THAT(header, HasSubstr("format,scale,granularity,rounding,tensor"));
  const auto commas = [](const std::string& s) { return std::count(s.begin(), s.end(), ','); };
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(commas(line), commas(header)) << line;
  }
  EXPECT_EQ(count, 10);  // 2 formats on 4 tensors and on all
}

TEST_F(compare_program, writes_a_self_contained_page) {
  const outcome o = run("--formats nvfp4,e4m3fn,hif8 --html " + path("out.html"));
  ASSERT_EQ(o.status, 0) << o.output;
  const std::string page = text_of(path("out.html"));
  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("nvfp4"));
  // The only addresses are XML namespaces: nothing is loaded from anywhere.
  for (const char* attribute : {"src=\"http", "href=\"http", "@import"}) {
    EXPECT_EQ(page.find(attribute), std::string::npos) << attribute;
  }
}

TEST_F(compare_program, is_a_function_of_the_seed) {
  const std::string call =
      "--dist laplace --rows 16 --cols 64 --formats mxfp4 "
      "--rounding stochastic --csv - ";
  const auto numbers = [](const outcome& o) {  // without the speeds, which are the last two columns
    std::string line = o.output.substr(o.output.find('\n') + 1);
    line = line.substr(0, line.find('\n'));
    for (int i = 0; i < 2; ++i) line = line.substr(0, line.rfind(','));
    return line;
  };
  const std::string first = numbers(run(call + "--seed 5"));
  EXPECT_EQ(first, numbers(run(call + "--seed 5")));
  EXPECT_EQ(first, numbers(run(call + "--seed 5 --threads 2")));
  EXPECT_NE(first, numbers(run(call + "--seed 6")));
}

TEST_F(compare_program, bad_input_is_an_error_with_status_2) {
  const auto fails = [](const std::string& arguments, const std::string& message) {
    const outcome o = run(arguments);
    EXPECT_EQ(o.status, 2) << arguments << "\n" << o.output;
    EXPECT_THAT(o.output, HasSubstr(message)) << arguments;
  };
  fails("--formats mxfp5", "did you mean");
  fails("--formats mxfp4:pow2_flor", "did you mean pow2_floor");
  fails("--formats nvfp4@64", "--block");
  fails("--formats e4m3fn@x", "group size");
  fails("--formats ''", "--formats is empty");
  fails("--dist norml", "did you mean normal");
  fails("--rounding nearest_odd", "rounding");
  fails("--rounding hif8_hybrid --formats e4m3fn", "hif8");
  fails("--axis 2 --formats mxfp4", "axis");
  fails("--tensor nothing*", "matches");
  fails("--block 0", "block");
  fails("--no-such-option", "no-such-option");
  fails(path("absent.safetensors"), "absent.safetensors");
  fails(tensor_file({1, 2, NAN, 4}, "[2,2]"), "NaN at element 2");
  fails(tensor_file({1, 2, INFINITY, 4}, "[2,2]"), "infinity at element 2");
  fails(tensor_file({}, "[0,4]"), "empty");
  fails(tensor_file({1}, "[]"), "scalar");
  fails(tensor_file({1, 2, 3, 4}, "[3,2]"), "w.safetensors");
}

TEST_F(compare_program, a_truncated_file_is_an_error_at_every_length) {
  const std::string whole = text_of(tensor_file({1, 2, 3, 4}, "[2,2]"));
  ASSERT_EQ(run(path("w.safetensors") + " --formats mxfp4").status, 0);
  for (std::size_t n = 0; n < whole.size(); n += 7) {
    std::ofstream(path("cut.safetensors"), std::ios::binary) << whole.substr(0, n);
    const outcome o = run(path("cut.safetensors"));
    EXPECT_EQ(o.status, 2) << n << " bytes: " << o.output;
    EXPECT_THAT(o.output, HasSubstr("cut.safetensors"));
  }
}

TEST_F(compare_program, the_table_of_formats_in_the_readme_is_current) {
  const outcome table = run("--format-table");
  ASSERT_EQ(table.status, 0);
  EXPECT_THAT(text_of("README.md"), HasSubstr(table.output));
}

}  // namespace

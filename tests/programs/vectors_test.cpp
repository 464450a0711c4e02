// SPDX-License-Identifier: MIT

// The program binade-vectors from outside.

#include "programs/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

outcome run(const std::string& arguments) { return run_program("VECTORS", arguments); }

class vectors_program : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("binade_vectors_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(vectors_program, writes_files_that_it_finds_right) {
  for (const char* arguments :
       {"--format e4m3fn", "--format float8_e5m2 --rounding to_odd --saturation none",
        "--format bfloat16 --source float64", "--format hif8",
        "--format hif8 --rounding hif8_hybrid --unguarded --source float16",
        "--format e2m1fn --rounding stochastic --seed 7 --stream 3 --bits 16 --variant centered",
        "--recipe te_nvfp4", "--recipe deepseek_fp8 --source bfloat16 --rows 3 --columns 200",
        "--recipe ocp_mx --format mxfp8_e4m3"}) {
    for (const char* name : {"v.txt", "v.json"}) {
      const outcome written = run("write " + std::string(arguments) + " -o " + path(name));
      ASSERT_EQ(written.status, 0) << arguments << "\n" << written.output;
      EXPECT_EQ(written.output, "");
      const outcome checked = run("check " + path(name));
      EXPECT_EQ(checked.status, 0) << arguments << "\n" << checked.output;
      EXPECT_THAT(checked.output, HasSubstr(" vectors, 0 differ"));
    }
  }
}

TEST_F(vectors_program, takes_the_policies_of_the_format_where_none_is_named) {
  const auto expect = [](const std::string& format, const char* rounding, const char* saturation) {
    const std::string text = run("write --format " + format).output;
    EXPECT_THAT(text, HasSubstr("\nrounding: " + std::string(rounding) + "\n"));
    EXPECT_THAT(text, HasSubstr("\nsaturation: " + std::string(saturation) + "\n"));
  };
  expect("e4m3fn", "ties_to_even", "finite");
  expect("hif8", "ties_to_away", "finite");
  expect("float16", "ties_to_even", "none");
}

TEST_F(vectors_program, is_a_function_of_the_seed) {
  const std::string first = run("write --format e2m1fn --seed 5").output;
  EXPECT_THAT(first, StartsWith("# binade conformance vectors 1\n"));
  EXPECT_EQ(first, run("write --format e2m1fn --seed 5").output);
  EXPECT_NE(first, run("write --format e2m1fn --seed 6").output);
}

TEST_F(vectors_program, ends_with_1_and_says_where_a_file_differs) {
  const std::string theirs = write("theirs.txt",
                                   "generator: somebody\nformat: float8_e4m3fn\nsource: float32\n"
                                   "rounding: ties_to_even\nsaturation: finite\n"
                                   "3f800000 -> 38\n3f880000 -> 39\n7fc00000 -> ff\n");
  const outcome o = run("check " + theirs);
  EXPECT_EQ(o.status, 1);
  EXPECT_EQ(o.output, theirs + ": 3 vectors, 2 differ\n" + theirs +
                          ":7: input 3f880000 (1.0625): theirs 39 (1.125), ours 38 (1)\n");
  EXPECT_THAT(run("check --any-nan " + theirs).output, HasSubstr("3 vectors, 1 differ"));
  // One wrong file among right ones counts.
  ASSERT_EQ(run("write --format int4 -o " + path("ours.txt")).status, 0);
  EXPECT_EQ(run("check " + theirs + " " + path("ours.txt")).status, 1);
}

TEST_F(vectors_program, ends_with_2_on_an_error) {
  const auto fails = [](const std::string& arguments, const std::string& message) {
    const outcome o = run(arguments);
    EXPECT_EQ(o.status, 2) << arguments << "\n" << o.output;
    EXPECT_THAT(o.output, HasSubstr(message)) << arguments;
  };
  fails("", "subcommand");
  fails("write", "--format");
  fails("write --format e4m3fnn", "did you mean e4m3fn");
  fails("write --format e4m3fn --source float8", "source");
  fails("write --format e4m3fn --rounding nearest", "rounding");
  fails("write --format e4m3fn --rounding hif8_hybrid", "hif8");
  fails("write --format e4m3fn --rounding stochastic --bits 3", "1, 2, 4, 8, 16 and 32");
  fails("write --format e4m3fn -o " + path("absent/v.txt"), "cannot write");
  fails("write --recipe nobody", "recipe");
  fails("write --recipe ocp_mx --format nvfp4", "format");
  fails("write --recipe ocp_mx --rounding to_odd", "--recipe");
  fails("check " + path("absent.txt"), "absent.txt");
  fails("check " + write("broken.txt", "format: e4m3fn\nx\n"), "broken.txt:2: ");
  fails("check " + write("cut.json", "{\n\"format\": \"e4"), "cut.json:2: ");
  fails("check " + path("v.txt") + " --no-such-option", "no-such-option");
  EXPECT_EQ(run("--help").status, 0);
}

}  // namespace

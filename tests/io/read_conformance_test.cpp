// SPDX-License-Identifier: MIT
#include "binade/io/read_conformance.hpp"

#include "binade/core/error.hpp"
#include "binade/io/conformance_conversion.hpp"
#include "binade/io/write_conformance.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

using binade::conformance_vectors;
using binade::parse_conformance;

TEST(parse_conformance, gives_back_what_was_written) {
  for (const auto& source : binade::conformance_sources) {
    binade::conversion_case c;
    c.source = source;
    c.rounding = binade::rounding::stochastic{.seed = 3};
    const conformance_vectors written = make_vectors(c, {1, 32});
    const conformance_vectors text = parse_conformance(to_text(written));
    const conformance_vectors json = parse_conformance(to_json(written));
    EXPECT_EQ(text.vectors, written.vectors);
    EXPECT_EQ(json.vectors, written.vectors);
    for (const auto& entry : written.header) {
      ASSERT_NE(find_entry(text.header, entry.key), nullptr) << entry.key;
      ASSERT_NE(find_entry(json.header, entry.key), nullptr) << entry.key;
      EXPECT_EQ(find_entry(text.header, entry.key)->value, entry.value);
      EXPECT_EQ(find_entry(json.header, entry.key)->value, entry.value);
    }
    // Read and written again, nothing changes.
    EXPECT_EQ(to_text(text), to_text(written));
    EXPECT_EQ(to_json(json), to_json(written));
  }
}

TEST(parse_conformance, knows_the_lines_of_a_text_file) {
  const auto file = parse_conformance("# theirs\n\nformat: e4m3fn\r\n# and so\n3F800000 -> 38\n");
  ASSERT_EQ(file.header.size(), 1U);
  EXPECT_EQ(file.header[0].value, "e4m3fn");
  EXPECT_EQ(file.header[0].line, 3U);
  ASSERT_EQ(file.vectors.size(), 1U);
  EXPECT_EQ(file.vectors[0].line, 5U);
  EXPECT_EQ(to_string(file.vectors[0]), "3f800000 -> 38");
}

TEST(parse_conformance, knows_the_lines_of_a_json_file) {
  const auto file = parse_conformance(
      "\xef\xbb\xbf{\"title\": 5,\n\"signed\": true, \"code_bits\": 8,\n\"vectors\":\n [[\"01\", "
      "\"1 2\"],\n\n[\"02\",\n\"3\"]],\"x\":-1}");
  ASSERT_EQ(file.vectors.size(), 2U);
  EXPECT_EQ(file.vectors[0].line, 4U);
  EXPECT_EQ(file.vectors[1].line, 7U);
  ASSERT_EQ(file.header.size(), 3U);
  EXPECT_EQ(file.header[0].value, "yes");
  EXPECT_EQ(file.header[0].line, 2U);
  EXPECT_EQ(file.header[1].value, "8");
  EXPECT_EQ(file.header[2].value, "-1");
}

TEST(parse_conformance, accepts_values_with_colons_and_arrows) {
  const auto file = parse_conformance("comment: a: b -> c\n1 -> 2\n");
  EXPECT_EQ(file.header[0].value, "a: b -> c");
}

void expect_error(std::string_view text, const std::string& start, const std::string& part = "") {
  try {
    (void)parse_conformance(text, "theirs");
    ADD_FAILURE() << text.substr(0, 200) << ": no error; expected " << start << part;
  } catch (const binade::error& e) {
    const std::string message = e.what();
    EXPECT_EQ(message.substr(0, start.size()), start) << text.substr(0, 200);
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_LT(message.size(), 600U);
    for (const char c : message) EXPECT_TRUE(c >= ' ' && c <= '~') << message;
  }
}

TEST(parse_conformance, refuses_broken_text_files) {
  expect_error("", "theirs: the file has no vectors");
  expect_error("format: e4m3fn\n", "theirs: the file has no vectors");
  expect_error("format: e4m3fn\nx\n", "theirs:2: \"x\" is neither");
  expect_error("format:e4m3fn\n", "theirs:1: ");
  expect_error("1 -> 2\nformat: e4m3fn\n", "theirs:2: ", "is not \"INPUTS -> OUTPUTS\"");
  expect_error("1 -> 2\n1 > 2\n", "theirs:2: ");
  expect_error("1 -> \n", "theirs:1: the vector has no outputs");
  expect_error(" -> 2\n", "theirs:1: the vector has no inputs");
  expect_error("1  2 -> 2\n", "theirs:1: \"\" is no code");
  expect_error("0x1 -> 2\n", "theirs:1: \"0x1\" is no code");
  expect_error("1 -> 12345678901234567\n", "theirs:1: ", "1 to 16");
  expect_error("1 -> 2 -> 3\n", "theirs:1: ");
  expect_error("a: 1\na: 2\n1 -> 2\n", "theirs:2: a is given a second time, after line 1");
  expect_error("A: 1\n", "theirs:1: \"A\" is no key");
  expect_error(": 1\n", "theirs:1: \"\" is no key");
  expect_error(std::string("a: 1\n\0 -> 2\n", 12), "theirs:2: ", "NUL");
  expect_error("\xff\xfe\n", "theirs:1: ");
  expect_error(std::string(1000000, 'x'), "theirs:1: ");
  expect_error(std::string(1000000, '1') + " -> 2", "theirs:1: ");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "k" + std::to_string(i) + ": 1\n";
  expect_error(many, "theirs:65: the header has more than 64 keys");
}

TEST(parse_conformance, refuses_a_file_that_is_not_what_its_header_says) {
  expect_error("vectors: 2\n1 -> 2\n", "theirs:1: vectors is \"2\" but the file has 1");
  expect_error("# x\nhash: 0\n1 -> 2\n", "theirs:2: hash is \"0\" but that of the vectors is");
}

TEST(parse_conformance, refuses_broken_json_files) {
  expect_error("{", "theirs:1: the file is not valid JSON");
  expect_error("{}", "theirs: the file has no vectors");
  expect_error("{\n\"vectors\": []}", "theirs: the file has no vectors");
  expect_error("{\n\"vectors\": 1}", "theirs:2: a number given; \"vectors\" must be an array");
  expect_error("{\"vectors\": [\n1]}", "theirs:2: a number given; a vector must be an array");
  expect_error("{\"vectors\": [[\n\"1\"]]}", "theirs:2: a vector with one string or none");
  expect_error("{\"vectors\": [[]]}", "theirs:1: a vector with one string or none");
  expect_error("{\"vectors\": [[\"1\",\"2\",\"3\"]]}", "theirs:1: a third string");
  expect_error("{\"vectors\": [[\"1\",2]]}", "theirs:1: a number given");
  expect_error("{\"vectors\": [[\"1\",[\"2\"]]]}", "theirs:1: an array given");
  expect_error("{\"vectors\": {}}", "theirs:1: an object given");
  expect_error("{\"vectors\": null}", "theirs:1: null given");
  expect_error("{\"a\": {\"b\": 1}}", "theirs:1: an object given; the value of a key");
  expect_error("{\"a\": [1]}", "theirs:1: an array given; the value of a key");
  expect_error("{\"a\": null}", "theirs:1: null given");
  expect_error("{\"a\": 1,\n\"a\": 2}", "theirs:2: a is given a second time");
  expect_error("{\"vectors\": [[\"1\",\"2\"]],\n\"vectors\": []}", "theirs:2: a second");
  expect_error("{\"vectors\": [[\"1\",\"2\"]]}\n{", "theirs:2: the file is not valid JSON");
  expect_error("{\"vectors\": [[\"g\",\"2\"]]}", "theirs:1: \"g\" is no code");
  expect_error("{\"vectors\": [[\"1\",\"\"]]}", "theirs:1: the vector has no outputs");
  expect_error("{\"A\": 1}", "theirs:1: \"A\" is no key");
  expect_error("{\"a\": " + std::string(100000, '['), "theirs:1: an array given");
  expect_error("{\"a\": \"\xff\"}", "theirs:1: the file is not valid JSON in UTF-8");
}

TEST(parse_conformance, refuses_a_file_cut_at_any_place) {
  binade::conversion_case c;
  c.format = binade::any_format::of<binade::e2m1fn>();
  const conformance_vectors written = make_vectors(c, {1, 0});
  for (const std::string& whole : {to_text(written), to_json(written)}) {
    for (std::size_t n = 0; n + 1 < whole.size(); n += 7) {
      EXPECT_THROW((void)parse_conformance(std::string_view(whole).substr(0, n)), binade::error)
          << n << " of " << whole.size();
    }
  }
}

TEST(read_conformance, names_the_file) {
  const auto path = std::filesystem::path(testing::TempDir()) / "binade_read_conformance.txt";
  std::ofstream(path) << "a: 1\nx\n";
  try {
    (void)binade::read_conformance(path);
    ADD_FAILURE() << "no error";
  } catch (const binade::error& e) {
    EXPECT_EQ(std::string(e.what()).rfind(path.string() + ":2: ", 0), 0U) << e.what();
  }
  std::ofstream(path) << "a: 1\n1 -> 2\n";
  EXPECT_EQ(binade::read_conformance(path).vectors.size(), 1U);
  std::filesystem::remove(path);
  EXPECT_THROW((void)binade::read_conformance(path), binade::error);
}

}  // namespace

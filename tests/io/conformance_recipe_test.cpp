// SPDX-License-Identifier: MIT
#include "binade/io/conformance_recipe.hpp"

#include "binade/io/check_conformance.hpp"
#include "binade/io/read_conformance.hpp"
#include "binade/io/write_conformance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace {

using binade::recipe_case;

recipe_case case_of(const binade::any_recipe& r, std::size_t source = 0) {
  recipe_case c;
  c.recipe = r;
  c.source = binade::conformance_sources[source];
  return c;
}

TEST(make_vectors, writes_and_reads_back_every_recipe_from_every_source) {
  for (const binade::any_recipe& r : binade::all_recipes()) {
    for (const std::size_t source : {0U, 2U, 3U}) {
      const recipe_case c = case_of(r, source);
      const auto made = make_vectors(c, {1, 300});
      EXPECT_EQ(made.vectors.size(), 11U) << r.name;  // 300 numbers are two tensors of 256
      const std::string text = to_text(made);
      const auto result = check_vectors(binade::parse_conformance(text, r.name));
      EXPECT_EQ(result.vectors, 11U);
      EXPECT_EQ(result.different, 0U) << result.first->text;
      EXPECT_EQ(binade::parse_conformance(to_json(made)).vectors, made.vectors) << r.name;
    }
  }
}

TEST(make_vectors, has_the_words_of_the_packed_tensor) {
  const recipe_case c = case_of(binade::find_recipe("modelopt_nvfp4"));
  const auto made = make_vectors(c);
  for (const auto& v : made.vectors) {
    ASSERT_EQ(v.inputs.size(), 256U);
    ASSERT_EQ(v.outputs.size(), 256U + 16U + 1U);  // blocks of 16
    std::vector<float> x;
    for (const auto& w : v.inputs) {
      x.push_back(binade::bit_cast<float>(static_cast<std::uint32_t>(w.code)));
    }
    const auto q = binade::quantize(binade::matrix_view(x.data(), 2, 128), c.recipe);
    const auto view = q.view();
    for (std::size_t i = 0; i < 256; ++i) {
      ASSERT_EQ(v.outputs[i], binade::make_word(view.code(i / 128, i % 128), 4)) << i;
    }
    for (std::size_t i = 0; i < 16; ++i) {
      ASSERT_EQ(v.outputs[256 + i], binade::make_word(view.scale_code(i), 7)) << i;
    }
    ASSERT_EQ(v.outputs[272],
              binade::make_word(binade::bit_cast<std::uint32_t>(q.tensor_scale()), 32));
  }
}

TEST(make_vectors, has_adversarial_inputs_of_every_source) {
  for (const std::size_t source : {0U, 2U, 3U}) {
    const recipe_case c = case_of(binade::find_recipe("ocp_mx"), source);
    std::set<binade::value_class> kinds;
    bool negative_zero = false;
    bool subnormal = false;
    for (const auto& v : make_vectors(c).vectors) {
      for (const auto& w : v.inputs) {
        const binade::unpacked u = decode(c.source.spec, w.code);
        kinds.insert(u.kind);
        negative_zero |= u.kind == binade::value_class::zero && u.negative;
        subnormal |= u.kind == binade::value_class::finite && u.exponent < 1 - c.source.spec.bias;
      }
    }
    EXPECT_EQ(kinds.size(), 4U) << c.source.name;
    EXPECT_TRUE(negative_zero) << c.source.name;
    EXPECT_TRUE(subnormal) << c.source.name;
  }
}

TEST(make_subject, tells_recipes_apart_by_their_first_difference) {
  auto made = make_vectors(case_of(binade::find_recipe("ocp_mx")));
  for (auto& entry : made.header) {
    if (entry.key == "recipe") entry.value = "nvidia_mx_as_read";
    if (entry.key == "follows") entry.key = "comment";
  }
  const auto result = check_vectors(made);
  ASSERT_TRUE(result.first);
  EXPECT_NE(result.first->text.find(": theirs "), std::string::npos) << result.first->text;
  EXPECT_NE(result.first->text.find("element "), std::string::npos) << result.first->text;
  EXPECT_NE(result.first->text.find("... of 256"), std::string::npos) << result.first->text;
}

TEST(make_subject, says_what_an_output_is) {
  const auto subject = make_subject(case_of(binade::find_recipe("modelopt_nvfp4")));
  EXPECT_EQ(subject.output_text(3, 0x2), "element 3: 1");
  EXPECT_EQ(subject.output_text(257, 0x38), "scale 1: 1");
  EXPECT_EQ(subject.output_text(272, 0x3f000000), "tensor scale: 0.5");
  EXPECT_TRUE(subject.is_nan(257, 0x7f));
  EXPECT_FALSE(subject.is_nan(3, 0x7));
  EXPECT_EQ(subject.input_fault({}), "a tensor has 256 words of 8 digits");
}

TEST(recipe_of, refuses_what_is_no_recipe_case) {
  const auto message_of = [](const binade::conformance_header& header) -> std::string {
    try {
      (void)subject_of(binade::conformance_vectors{"theirs", header, {}});
    } catch (const binade::error& e) {
      return e.what();
    }
    return "no error";
  };
  const auto with = [](const char* recipe, const char* format, const char* source,
                       const char* rows) -> binade::conformance_header {
    return {{"recipe", recipe, 2},
            {"format", format, 3},
            {"source", source, 4},
            {"rows", rows, 5},
            {"columns", "64", 6}};
  };
  EXPECT_EQ(message_of(with("ocp_mx", "mxfp4", "float32", "2")), "no error");
  EXPECT_EQ(message_of(with("ocp_mxx", "mxfp4", "float32", "2")).rfind("theirs:2: ", 0), 0U);
  EXPECT_EQ(message_of(with("ocp_mx", "nvfp4", "float32", "2")).rfind("theirs:3: ", 0), 0U);
  EXPECT_EQ(message_of(with("ocp_mx", "mxfp4", "float64", "2")).rfind("theirs:4: ", 0), 0U);
  EXPECT_EQ(message_of(with("ocp_mx", "mxfp4", "float32", "0")).rfind("theirs:5: ", 0), 0U);
  EXPECT_EQ(message_of(with("ocp_mx", "mxfp4", "float32", "5000")).rfind("theirs:5: ", 0), 0U);
  EXPECT_EQ(message_of({{"recipe", "ocp_mx", 2}}), "theirs: the header has no \"source\"");
}

}  // namespace

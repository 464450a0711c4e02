// SPDX-License-Identifier: MIT
#include "binade/scale/delayed.hpp"

#include "binade/format/catalog.hpp"
#include "oracle/binary32.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using binade::delayed_scale;
using binade::e4m3fn;
using binade::e5m2;

namespace scaling = binade::scaling;

using scaling::delayed;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float largest_float = std::numeric_limits<float>::max();

std::string error_of(const auto& f) {
  try {
    f();
  } catch (const binade::error& e) {
    return e.what();
  }
  return "";
}

/// amax / 448 * 2^margin, rounded once.
float e4m3_scale(float amax, int margin = 0) {
  return oracle::nearest_float(
      oracle::rational(oracle::exact(amax) / 448 * oracle::two_to(margin)));
}

TEST(delayed, defaults_are_those_of_the_recipe) {
  const delayed o;
  EXPECT_EQ(o.length, 1024U);
  EXPECT_EQ(o.reduce, delayed::max);
  EXPECT_EQ(o.margin, 0);
  EXPECT_EQ(delayed_scale().options(), o);
}

TEST(delayed, the_first_step_uses_one) {
  for (const int margin : {0, 3}) {
    const delayed_scale s({.margin = margin});
    EXPECT_EQ(s.scale<e4m3fn>(), 1.0F);
    EXPECT_EQ(s.scale<e5m2>(), 1.0F);
    EXPECT_TRUE(s.history().empty());
  }
}

/// The definition, step by step from the whole run so far.
class model {
 public:
  explicit model(const delayed& o) : options_(o) {}
  float scale() const {
    float scale = 1;
    for (std::size_t t = 1; t <= amax_.size(); ++t) {
      const std::size_t first = t > options_.length ? t - options_.length : 0;
      float reduced = 0;
      bool special = false;
      for (std::size_t i = options_.reduce == delayed::max ? first : t - 1; i < t; ++i) {
        special = special || !std::isfinite(amax_[i]);
        reduced = std::fmax(reduced, amax_[i]);
      }
      if (!special && reduced > 0) scale = e4m3_scale(reduced, options_.margin);
    }
    return scale;
  }
  void update(float amax) { amax_.push_back(amax); }

 private:
  delayed options_;
  std::vector<float> amax_;
};

TEST(delayed, every_step_of_a_run_follows_the_definition) {
  std::mt19937 random(1);
  for (const std::size_t length : {1U, 2U, 5U, 50U}) {
    for (const auto reduce : {delayed::max, delayed::most_recent}) {
      for (const int margin : {0, 2, -1}) {
        const delayed o{.length = length, .reduce = reduce, .margin = margin};
        delayed_scale s(o);
        model expected(o);
        for (int step = 0; step < 60; ++step) {
          ASSERT_EQ(s.scale<e4m3fn>(), expected.scale())
              << "length " << length << " reduce " << reduce << " margin " << margin << " step "
              << step;
          const std::uint32_t r = static_cast<std::uint32_t>(random());
          float amax = oracle::float_of(0x3f000000U + r % 0x02000000U);
          if (r % 7 == 0) amax = 0;
          if (r % 11 == 0) amax = infinity;
          if (r % 13 == 0) amax = nan;
          s.update(amax);
          expected.update(amax);
          ASSERT_LE(s.history().size(), length);
        }
      }
    }
  }
}

TEST(delayed, a_step_does_not_see_its_own_amax) {
  delayed_scale s({.length = 2});
  s.update(448);
  EXPECT_EQ(s.scale<e4m3fn>(), 1.0F);
  s.update(896);
  EXPECT_EQ(s.scale<e4m3fn>(), 2.0F);
  s.update(224);
  EXPECT_EQ(s.scale<e4m3fn>(), 2.0F);  // 896 is still among the last two
  s.update(112);
  EXPECT_EQ(s.scale<e4m3fn>(), 0.5F);
  EXPECT_EQ(s.history(), (std::vector<float>{224, 112}));
}

TEST(delayed, zero_infinity_and_nan_keep_the_previous_scale) {
  for (const float bad : {0.0F, -0.0F, infinity, nan, -nan}) {
    delayed_scale recent({.reduce = delayed::most_recent});
    recent.update(bad);
    EXPECT_EQ(recent.scale<e4m3fn>(), 1.0F) << bad;
    recent.update(896);
    recent.update(bad);
    EXPECT_EQ(recent.scale<e4m3fn>(), 2.0F) << bad;
    recent.update(448);
    EXPECT_EQ(recent.scale<e4m3fn>(), 1.0F) << bad;
  }
  delayed_scale s({.length = 2});
  s.update(448);
  s.update(infinity);
  s.update(896);
  EXPECT_EQ(s.scale<e4m3fn>(), 1.0F) << "the infinity is still in the history";
  s.update(224);
  EXPECT_EQ(s.scale<e4m3fn>(), 2.0F);
  // Zeros that push the last number out.
  delayed_scale z({.length = 1});
  z.update(896);
  z.update(0);
  EXPECT_EQ(z.scale<e4m3fn>(), 2.0F);
}

TEST(delayed, each_format_has_its_scale) {
  delayed_scale s({.margin = 1});
  s.update(3.0F);
  const oracle::rational doubled = 6;
  EXPECT_EQ(s.scale<e4m3fn>(), oracle::nearest_float(oracle::rational(doubled / 448)));
  EXPECT_EQ(s.scale<e5m2>(), oracle::nearest_float(oracle::rational(doubled / 57344)));
  EXPECT_EQ(s.scale<binade::int8>(), oracle::nearest_float(oracle::rational(doubled / 127)));
  EXPECT_EQ(s.scale<binade::hif8>(), oracle::nearest_float(oracle::rational(doubled / 15)));
  EXPECT_EQ(s.scale(binade::any_format::of<binade::int8>(), -6),
            oracle::nearest_float(oracle::rational(doubled * 64 / 127)));
  EXPECT_EQ(s.rule<e4m3fn>().method, binade::scale_method::given);
  EXPECT_EQ(s.rule<e4m3fn>().scale, s.scale<e4m3fn>());
}

TEST(delayed, scales_stay_normal_and_finite) {
  delayed_scale s({.length = 1, .margin = 256});
  s.update(largest_float);
  EXPECT_EQ(s.scale<e4m3fn>(), largest_float);
  delayed_scale t({.length = 1, .margin = -256});
  t.update(1.0F);
  EXPECT_EQ(t.scale<e4m3fn>(), 0x1p-126F);
  delayed_scale u({.length = 1});
  u.update(0x1p-149F);
  EXPECT_EQ(u.scale<e4m3fn>(), 0x1p-126F);
}

delayed_scale example() {
  delayed_scale s({.length = 3, .reduce = delayed::most_recent, .margin = -2});
  s.update(1.0F);
  s.update(2.0F);
  s.update(nan);
  s.update(infinity);
  return s;
}

TEST(delayed, bytes_are_laid_out_as_documented) {
  const std::vector<std::byte> bytes = example().to_bytes();
  const std::uint8_t expected[] = {'b',  'd',  's',  '1',               //
                                   1,    0,    0,    0,                 // most_recent
                                   0xfe, 0xff, 0xff, 0xff,              // margin -2
                                   0,    0,    0,    0x40,              // amax 2.0
                                   3,    0,    0,    0,    0, 0, 0, 0,  // length
                                   3,    0,    0,    0,    0, 0, 0, 0,  // count
                                   0,    0,    0,    0x40,              // 2.0
                                   0,    0,    0xc0, 0x7f,              // NaN
                                   0,    0,    0x80, 0x7f};             // infinity
  ASSERT_EQ(bytes.size(), sizeof expected);
  EXPECT_EQ(std::memcmp(bytes.data(), expected, sizeof expected), 0);
}

TEST(delayed, text_is_as_documented) {
  EXPECT_EQ(example().to_text(),
            "binade.delayed_scale 1\nlength 3\nreduce most_recent\nmargin -2\namax 40000000\n"
            "history 40000000 7fc00000 7f800000\n");
  EXPECT_EQ(delayed_scale().to_text(),
            "binade.delayed_scale 1\nlength 1024\nreduce max\nmargin 0\namax 00000000\nhistory\n");
}

TEST(delayed, stored_forms_restore_everything) {
  std::mt19937 random(2);
  for (const std::size_t length : {1U, 4U, 100U}) {
    for (const auto reduce : {delayed::max, delayed::most_recent}) {
      delayed_scale s({.length = length, .reduce = reduce, .margin = 7});
      for (int step = 0; step < 20; ++step) {
        delayed_scale from_bytes = delayed_scale::from_bytes(s.to_bytes());
        delayed_scale from_text = delayed_scale::from_text(s.to_text());
        ASSERT_EQ(from_bytes, s);
        ASSERT_EQ(from_text, s);
        const float amax = step % 6 == 0 ? nan : static_cast<float>(random() % 1000);
        s.update(amax);
        from_bytes.update(amax);
        ASSERT_EQ(from_bytes, s) << "the restored one goes on differently";
        ASSERT_EQ(from_bytes.to_bytes(), s.to_bytes());
      }
    }
  }
  EXPECT_EQ(delayed_scale::from_text("binade.delayed_scale\t1 length 2 reduce max  margin 0\r\n"
                                     "amax 0 history"),
            delayed_scale({.length = 2}));
}

TEST(delayed, equality_sees_options_history_and_scale) {
  const delayed_scale a = example();
  delayed_scale b = example();
  EXPECT_EQ(a, b);
  b.update(3.0F);
  EXPECT_NE(a, b);
  EXPECT_NE(delayed_scale({.margin = 1}), delayed_scale({.margin = 2}));
  // The same history after different pasts.
  delayed_scale c({.length = 1});
  delayed_scale d({.length = 1});
  c.update(1);
  c.update(0);
  d.update(2);
  d.update(0);
  EXPECT_NE(c, d);
}

TEST(delayed, errors_say_what_is_wrong) {
  EXPECT_EQ(error_of([] { delayed_scale s({.length = 0}); }),
            "delayed_scale: length 0; it must be at least 1");
  EXPECT_EQ(error_of([] { delayed_scale s({.margin = 257}); }),
            "delayed_scale: margin 257; allowed are -256 to 256");
  delayed_scale s;
  s.update(1);
  const delayed_scale before = s;
  EXPECT_NE(error_of([&] { s.update(-1.0F); }).find("allowed are 0, positive numbers"),
            std::string::npos);
  EXPECT_NE(error_of([&] { s.update(-infinity); }), "");
  EXPECT_EQ(s, before);
}

TEST(delayed, broken_bytes_are_refused) {
  const std::vector<std::byte> good = example().to_bytes();
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_NE(
        error_of([&] { static_cast<void>(delayed_scale::from_bytes(std::span(good).first(n))); }),
        "")
        << n;
  }
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    std::vector<std::byte> bytes = good;
    bytes[at] = static_cast<std::byte>(value);
    return error_of([&] { static_cast<void>(delayed_scale::from_bytes(bytes)); });
  };
  EXPECT_NE(changed(0, 'x').find("bds1"), std::string::npos);
  EXPECT_NE(changed(4, 2).find("reduction 2; allowed are 0 and 1"), std::string::npos);
  EXPECT_NE(changed(9, 0).find("margin"), std::string::npos);
  EXPECT_NE(changed(16, 2).find("3 steps in a history of length 2"), std::string::npos);
  EXPECT_NE(changed(16, 0).find("length 0"), std::string::npos);
  EXPECT_NE(changed(24, 2).find("2 steps in 44 bytes"), std::string::npos);
  EXPECT_NE(changed(31, 0xff), "");                                       // a count that overflows
  EXPECT_NE(changed(35, 0xc0).find("c0000000"), std::string::npos);       // -2
  EXPECT_NE(changed(36, 1).find("7fc00001"), std::string::npos);          // another NaN
  EXPECT_NE(changed(15, 0xff).find("amax ff000000"), std::string::npos);  // a negative amax
  // An amax that the history contradicts.
  delayed_scale s({.length = 2});
  s.update(5);
  std::vector<std::byte> bytes = s.to_bytes();
  bytes[15] = std::byte{0x41};
  EXPECT_NE(error_of([&] {
              static_cast<void>(delayed_scale::from_bytes(bytes));
            }).find("does not follow from the history"),
            std::string::npos);
}

TEST(delayed, broken_text_is_refused) {
  const auto fails = [](const std::string& text) {
    return error_of([&] { static_cast<void>(delayed_scale::from_text(text)); });
  };
  EXPECT_EQ(fails(""), "delayed_scale: \"\" where the text must have \"binade.delayed_scale\"");
  EXPECT_EQ(fails("binade.delayed_scale 2"), "delayed_scale: \"2\" where the text must have \"1\"");
  EXPECT_EQ(fails("binade.delayed_scale 1 length -3"),
            "delayed_scale: \"-3\" where the text must have a number in base 10");
  EXPECT_EQ(fails("binade.delayed_scale 1 length 3 reduce median"),
            "delayed_scale: \"median\" where the text must have \"max\"");
  EXPECT_NE(fails("binade.delayed_scale 1 length 3 reduce max margin 0 amax 0 history 3f80000g"),
            "");
  EXPECT_NE(fails("binade.delayed_scale 1 length 1 reduce max margin 0 amax 40000000 history "
                  "40000000 40000000"),
            "");
  EXPECT_NE(fails("binade.delayed_scale 1 length 99999999999999999999999 reduce max"), "");
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/tensor/packed_span.hpp"

#include "binade/format/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using binade::e2m1fn;
using binade::e2m3fn;
using binade::e4m3fn;
using binade::error;
using binade::packed_size_bytes;
using binade::packed_span;

// The code widths below; 12 and 19 bits are nobody's format but must work.
struct twelve : binade::minifloat<twelve, 12> {
  using minifloat::minifloat;
  static constexpr binade::float_spec spec{.exponent_bits = 5, .mantissa_bits = 6, .bias = 15};
};

// The behaviour of the standard's own types, by concept.
template <class F>
constexpr bool behaves() {
  using span = packed_span<F>;
  using const_span = packed_span<const F>;
  using it = typename span::iterator;
  using const_it = typename const_span::iterator;
  static_assert(std::random_access_iterator<it> && std::random_access_iterator<const_it>);
  static_assert(std::sized_sentinel_for<it, it> && std::sortable<it> && std::permutable<it>);
  static_assert(std::indirectly_writable<it, F> && std::indirectly_swappable<it>);
  static_assert(!std::indirectly_writable<const_it, F>);
  static_assert(std::indirectly_copyable<const_it, it> && std::indirectly_copyable<it, F*>);
  static_assert(std::indirectly_copyable<const F*, it>);
  static_assert(std::same_as<std::iter_value_t<it>, F> &&
                std::same_as<std::iter_value_t<const_it>, F>);
  static_assert(std::convertible_to<it, const_it> && !std::convertible_to<const_it, it>);
  static_assert(std::convertible_to<span, const_span> && !std::convertible_to<const_span, span>);
  static_assert(std::ranges::random_access_range<span> && std::ranges::sized_range<const_span>);
  static_assert(std::ranges::borrowed_range<span> && std::ranges::common_range<span>);
  static_assert(std::is_trivially_copyable_v<span> && std::is_trivially_copyable_v<it>);
  static_assert(std::same_as<typename const_span::reference, F>);
  // Nothing rounds behind one's back: a number becomes an F only when asked to.
  static_assert(!std::is_assignable_v<typename span::reference, float>);
  static_assert(!std::is_assignable_v<typename const_it::reference, float>);
  return true;
}
static_assert(behaves<e2m1fn>() && behaves<e2m3fn>() && behaves<e4m3fn>() &&
              behaves<binade::bfloat16>() && behaves<twelve>() && behaves<binade::int3>());

// Code of element i, any bits.
std::uint32_t some_code(std::size_t i) {
  return static_cast<std::uint32_t>(i + 1) * 0x9e3779b9u >> 3;
}

// Bits of element i read one by one from the bytes.
std::uint32_t bits_of(const std::vector<std::byte>& bytes, std::size_t i, int bits) {
  std::uint32_t code = 0;
  for (int b = 0; b < bits; ++b) {
    const std::size_t at = i * static_cast<std::size_t>(bits) + static_cast<std::size_t>(b);
    code |= (std::to_integer<std::uint32_t>(bytes[at / 8]) >> at % 8 & 1) << b;
  }
  return code;
}

// One format of each width of the catalogue, and 12 bits.
template <class T>
class packed_span_of : public testing::Test {};
using widths = testing::Types<binade::int2, binade::int3, e2m1fn, binade::int5, e2m3fn,
                              binade::int7, e4m3fn, twelve, binade::bfloat16, binade::tfloat32>;
TYPED_TEST_SUITE(packed_span_of, widths);

template <class F>
void writes_what_it_reads_where_the_bits_lie() {
  constexpr std::size_t count = 19;
  std::vector<std::byte> bytes(packed_size_bytes(count, F::bit_count));
  const packed_span<F> span(bytes, count);
  std::vector<F> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(F::from_bits(some_code(i)));
    span[i] = values[i];
  }
  const packed_span<const F> constant = span;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(bits_of(bytes, i, F::bit_count), values[i].bits()) << "element " << i;
    EXPECT_EQ(span[i].bits(), values[i].bits()) << "element " << i;
    EXPECT_EQ(constant[i].bits(), values[i].bits()) << "element " << i;
    EXPECT_EQ(F(span[i]).bits(), values[i].bits()) << "a copy keeps the code, element " << i;
    EXPECT_EQ(static_cast<F>(constant.at(i)).bits(), values[i].bits()) << "element " << i;
  }
}

TEST(PackedSpan, writes_what_it_reads_where_the_bits_lie_in_every_format) {
  binade::for_each_type(binade::all_formats{}, []<class F>() {
    SCOPED_TRACE(F::names.name);
    writes_what_it_reads_where_the_bits_lie<F>();
  });
  writes_what_it_reads_where_the_bits_lie<twelve>();
}

TYPED_TEST(packed_span_of, iterates_in_both_directions_from_everywhere) {
  using F = TypeParam;
  constexpr std::ptrdiff_t count = 17;
  std::vector<std::byte> bytes(packed_size_bytes(count, F::bit_count));
  const packed_span<F> span(bytes, count);
  for (std::size_t i = 0; i < count; ++i) span[i] = F::from_bits(some_code(i));
  const packed_span<const F> constant = span;
  for (std::ptrdiff_t from = 0; from <= count; ++from) {
    const auto it = span.begin() + from;
    const auto cit = constant.end() - (count - from);
    EXPECT_EQ(it - span.begin(), from);
    EXPECT_EQ(span.end() - it, count - from);
    EXPECT_EQ(span.begin() - it, -from);
    EXPECT_TRUE(cit == decltype(cit)(it));
    for (std::ptrdiff_t to = 0; to < count; ++to) {
      const auto expected = F::from_bits(some_code(static_cast<std::size_t>(to))).bits();
      EXPECT_EQ(it[to - from].bits(), expected) << from << " to " << to;
      EXPECT_EQ((*(it + (to - from))).bits(), expected) << from << " to " << to;
      EXPECT_EQ((*((to - from) + it)).bits(), expected) << from << " to " << to;
      EXPECT_EQ((*(it - (from - to))).bits(), expected) << from << " to " << to;
      EXPECT_EQ(cit[to - from].bits(), expected) << from << " to " << to;
      EXPECT_EQ(it + (to - from) < it, to < from);
      EXPECT_EQ(it <=> it + (to - from), 0 <=> to - from);
    }
  }
  auto it = span.end();
  for (std::size_t i = count; i > 0; --i) {
    EXPECT_EQ((*--it).bits(), F::from_bits(some_code(i - 1)).bits());
  }
  EXPECT_TRUE(it == span.begin());
  EXPECT_EQ((*it++).bits(), F::from_bits(some_code(0)).bits());
  EXPECT_EQ((*it--).bits(), F::from_bits(some_code(1)).bits());
  EXPECT_EQ((*++it).bits(), F::from_bits(some_code(1)).bits());
}

// Every algorithm against the same one on a vector of unpacked codes.
TYPED_TEST(packed_span_of, serves_algorithms_as_a_vector_does) {
  using F = TypeParam;
  constexpr std::size_t count = 101;
  const auto less = [](const F& a, const F& b) { return a.bits() < b.bits(); };
  const auto is_odd = [](const F& x) { return x.bits() % 2 != 0; };
  std::vector<std::byte> bytes(packed_size_bytes(count, F::bit_count));
  const packed_span<F> packed(bytes, count);
  std::vector<F> plain(count);
  const auto refill = [&] {
    for (std::size_t i = 0; i < count; ++i) plain[i] = F::from_bits(some_code(i));
    std::ranges::copy(plain, packed.begin());
  };
  const auto check = [&](const char* what) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(bits_of(bytes, i, F::bit_count), plain[i].bits()) << what << ", element " << i;
    }
  };
  const auto run = [&](const char* what, auto algorithm) {
    refill();
    algorithm(plain);
    algorithm(packed);
    check(what);
  };
  run("copy", [](auto&) {});
  run("std::sort", [&](auto& r) { std::sort(r.begin(), r.end(), less); });
  run("ranges::sort", [&](auto& r) { std::ranges::sort(r, less); });
  run("heap", [&](auto& r) {
    std::make_heap(r.begin(), r.end(), less);
    std::sort_heap(r.begin(), r.end(), less);
  });
  run("nth_element", [&](auto& r) {
    std::nth_element(r.begin(), r.begin() + 40, r.end(), less);
    std::sort(r.begin(), r.begin() + 40, less);
    std::sort(r.begin() + 40, r.end(), less);
  });
  run("reverse", [](auto& r) { std::reverse(r.begin(), r.end()); });
  run("ranges::reverse", [](auto& r) { std::ranges::reverse(r); });
  run("rotate", [](auto& r) { std::rotate(r.begin(), r.begin() + 7, r.end()); });
  run("partition", [&](auto& r) {
    const auto middle = std::partition(r.begin(), r.end(), is_odd);
    std::sort(r.begin(), middle, less);
    std::sort(middle, r.end(), less);
  });
  run("ranges::partial_sort", [&](auto& r) {
    std::ranges::partial_sort(r, r.begin() + 60, less);
    std::ranges::sort(r.begin() + 60, r.end(), less);
  });
  run("remove_if", [&](auto& r) {
    std::fill(std::remove_if(r.begin(), r.end(), is_odd), r.end(), F::from_bits(1));
  });
  run("swap_ranges", [](auto& r) { std::swap_ranges(r.begin(), r.begin() + 9, r.begin() + 30); });
  run("iter_swap", [](auto& r) { std::ranges::iter_swap(r.begin() + 3, r.begin() + 4); });
  run("copy_backward", [](auto& r) { std::copy_backward(r.begin(), r.begin() + 50, r.end()); });
  run("fill", [](auto& r) { std::ranges::fill(r, F::from_bits(some_code(5))); });
  run("transform", [](auto& r) {
    std::transform(r.begin(), r.end(), r.begin(),
                   [](const F& x) { return F::from_bits(x.bits() / 2u); });
  });
  refill();
  EXPECT_EQ(std::count_if(packed.begin(), packed.end(), is_odd),
            std::count_if(plain.begin(), plain.end(), is_odd));
  std::vector<F> out;
  std::copy(packed.begin(), packed.end(), std::back_inserter(out));
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i].bits(), plain[i].bits());
  std::vector<F> reversed(std::make_reverse_iterator(packed.end()),
                          std::make_reverse_iterator(packed.begin()));
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(reversed[i].bits(), plain[count - 1 - i].bits());
  }
}

TYPED_TEST(packed_span_of, exchanges_and_assigns_values) {
  using F = TypeParam;
  std::vector<std::byte> bytes(packed_size_bytes(4, F::bit_count));
  const packed_span<F> span(bytes, 4);
  const F a = F::from_bits(some_code(1)), b = F::from_bits(some_code(2));
  span[1] = a;
  span[2] = b;
  swap(span[1], span[2]);
  EXPECT_EQ(span[1].bits(), b.bits());
  EXPECT_EQ(span[2].bits(), a.bits());
  F own = F::from_bits(some_code(3));
  const auto before = own.bits();
  swap(span[1], own);
  EXPECT_EQ(own.bits(), b.bits());
  swap(own, span[1]);
  EXPECT_EQ(own.bits(), before);
  span[0] = span[2];  // the value, not what it refers to
  span[2] = b;
  EXPECT_EQ(span[0].bits(), a.bits());
  auto first = span[0], third = span[3];
  third = first;
  EXPECT_EQ(span[3].bits(), a.bits());
  first = b;
  EXPECT_EQ(span[0].bits(), b.bits());
  EXPECT_EQ(span[3].bits(), a.bits());
  for (auto&& x : span) x = a;
  for (const auto& x : span) EXPECT_EQ(x.bits(), a.bits());
}

TEST(PackedReference, keeps_the_payload_of_nan) {
  using binade::e5m2;
  std::vector<std::byte> bytes(2);
  const packed_span<e5m2> span(bytes, 2);
  for (const std::uint32_t code : {0x7du, 0x7eu, 0x7fu, 0xfdu, 0xfeu, 0xffu}) {
    span[0] = e5m2::from_bits(code);
    e5m2 implicit = span[0];
    const e5m2 direct(span[0]);
    const auto cast = static_cast<e5m2>(span[0]);
    span[1] = span[0];
    EXPECT_EQ(implicit.bits(), code);
    EXPECT_EQ(direct.bits(), code);
    EXPECT_EQ(cast.bits(), code);
    EXPECT_EQ(span[1].bits(), code);
  }
}

TEST(PackedReference, computes_and_compares_as_its_value) {
  std::vector<std::byte> bytes(packed_size_bytes(3, 6));
  const packed_span<e2m3fn> span(bytes, 3);
  span[0] = e2m3fn(1.5f);
  span[1] = e2m3fn(2);
  EXPECT_EQ(span[0] + span[1], e2m3fn(3.5f));
  EXPECT_EQ(span[0] * e2m3fn(2), e2m3fn(3));
  EXPECT_TRUE(span[0] < span[1] && span[0] != span[1] && span[0] == span[0]);
  EXPECT_TRUE(span[0] < e2m3fn(2) && e2m3fn(2) == span[1]);
  std::ranges::sort(span, std::ranges::greater{});
  EXPECT_EQ(span[0], e2m3fn(2));
  EXPECT_EQ(span[2], e2m3fn(0));
  const packed_span<const e2m3fn> constant = span;
  const float x = constant[0];
  EXPECT_EQ(x, 2.0f);
}

TEST(PackedSpan, has_parts_that_need_not_begin_at_a_byte) {
  std::vector<std::byte> bytes(packed_size_bytes(20, 6));
  const packed_span<e2m3fn> span(bytes, 20);
  for (std::size_t i = 0; i < 20; ++i) span[i] = e2m3fn::from_bits(static_cast<std::uint32_t>(i));
  const auto part = span.subspan(3, 10).subspan(2, 5);
  ASSERT_EQ(part.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(part[i].bits(), i + 5);
  EXPECT_EQ(part.begin() - span.begin(), 5);  // iterators of one memory compare
  EXPECT_EQ(part.begin()[-5].bits(), 0);
  part[0] = e2m3fn::from_bits(63);
  EXPECT_EQ(span[5].bits(), 63);
  const packed_span<const e2m3fn> constant = part;
  EXPECT_EQ(constant[1].bits(), 6);
  EXPECT_TRUE(span.subspan(20, 0).empty());
  EXPECT_TRUE((packed_span<e2m3fn>().empty()));
  EXPECT_TRUE((packed_span<e2m3fn>().begin() == packed_span<e2m3fn>().end()));
}

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(PackedSpan, throws_on_wrong_sizes_and_indices) {
  std::vector<std::byte> bytes(3);
  EXPECT_EQ(message_of([&] { packed_span<e2m3fn>(bytes, 5); }),
            "packed_span: 3 bytes for 5 elements of 6 bits; needed are exactly 4");
  EXPECT_EQ(message_of([&] { packed_span<e2m1fn>(bytes, 4); }),
            "packed_span: 3 bytes for 4 elements of 4 bits; needed are exactly 2");
  const packed_span<e2m1fn> span(bytes, 6);
  EXPECT_EQ(message_of([&] { (void)span.at(6); }), "at: no element 6 in a packed_span of 6");
  EXPECT_EQ(message_of([&] { (void)span.subspan(4, 3); }),
            "subspan: 3 elements from 4 of a packed_span of 6; they must lie inside");
  EXPECT_EQ(message_of([&] { (void)span.subspan(7, 0); }),
            "subspan: 0 elements from 7 of a packed_span of 6; they must lie inside");
  EXPECT_EQ(message_of([&] { (void)span.subspan(1, ~std::size_t{0}); }),
            "subspan: 18446744073709551615 elements from 1 of a packed_span of 6; they must lie "
            "inside");
}

constexpr float sum_in_a_constant_expression() {
  std::byte bytes[2]{};
  const packed_span<e2m1fn> span(bytes, 3);
  span[0] = e2m1fn(1.5f);
  span[1] = e2m1fn(6);
  span[2] = span[0];
  float sum = 0;
  for (const e2m1fn x : packed_span<const e2m1fn>(span)) sum += x;
  return sum;
}
static_assert(sum_in_a_constant_expression() == 9.0f);

}  // namespace

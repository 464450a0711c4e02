// SPDX-License-Identifier: MIT
#include "binade/tensor/packing.hpp"

#include "binade/core/random.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <gmpxx.h>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

using binade::error;
using binade::pack;
using binade::packed_size_bytes;
using binade::read_code;
using binade::repack;
using binade::unpack;
using binade::write_code;
using binade::packing::bit_stream;
using binade::packing::high_nibble_first;
using binade::packing::split_halves;

using bytes = std::vector<std::byte>;
using codes32 = std::vector<std::uint32_t>;

bytes make_bytes(std::initializer_list<int> values) {
  bytes b;
  for (const int v : values) b.push_back(static_cast<std::byte>(v));
  return b;
}

std::string show(const bytes& b) {
  std::string text;
  for (const std::byte x : b)
    text += std::bitset<8>(std::to_integer<unsigned>(x)).to_string() + " ";
  return text;
}

codes32 random_codes(std::size_t count, int bits) {
  codes32 codes(count);
  for (std::size_t i = 0; i < count; ++i) {
    codes[i] = static_cast<std::uint32_t>(
        binade::random_bits(7, static_cast<std::uint64_t>(bits), i, 32) >> (32 - bits));
  }
  return codes;
}

// The oracle: all codes as one integer, code i at bit i * bits, written byte by byte by GMP.
bytes packed_by_gmp(const codes32& codes, int bits) {
  mpz_class all = 0;
  for (std::size_t i = codes.size(); i > 0; --i) {
    all <<= static_cast<mp_bitcnt_t>(bits);
    all += codes[i - 1];
  }
  const std::size_t total_bits = codes.size() * static_cast<std::size_t>(bits);
  bytes out((total_bits + 7) / 8);
  mpz_export(out.data(), nullptr, -1, 1, 0, 0, all.get_mpz_t());  // least significant byte first
  return out;
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

TEST(PackedSizeBytes, rounds_up_to_whole_bytes) {
  for (int bits = 1; bits <= 32; ++bits) {
    for (std::size_t count = 0; count <= 70; ++count) {
      std::size_t expected = 0;  // the bytes that have a bit of a code
      for (std::size_t bit = 0; bit < count * static_cast<std::size_t>(bits); bit += 8) ++expected;
      EXPECT_EQ(packed_size_bytes(count, bits), expected) << count << " codes of " << bits;
    }
  }
  static_assert(packed_size_bytes(4, 6) == 3 && packed_size_bytes(3, 19) == 8);
}

TEST(PackedSizeBytes, is_exact_up_to_the_top_of_size_t) {
  const mpz_class top = std::numeric_limits<std::size_t>::max();
  for (const int bits : {1, 3, 4, 6, 7, 8, 9, 12, 16, 19, 31, 32}) {
    // The largest count whose bits still fit in size_t bytes, and its neighbours.
    const mpz_class limit = top * 8 / bits;
    for (int step = -400; step <= 400; ++step) {
      const mpz_class count = limit + step;
      if (count > top) continue;
      const mpz_class exact = (count * bits + 7) / 8;
      std::string got;
      try {
        got = std::to_string(packed_size_bytes(count.get_ui(), bits));
      } catch (const error&) {
        got = "error";
      }
      // Near the top (within 32 bytes) an error is allowed too; a wrong number never is.
      if (exact > top) {
        EXPECT_EQ(got, "error") << count.get_str() << " codes of " << bits;
      } else if (exact <= top - 64) {
        EXPECT_EQ(got, exact.get_str()) << count.get_str() << " codes of " << bits;
      } else if (got != "error") {
        EXPECT_EQ(got, exact.get_str()) << count.get_str() << " codes of " << bits;
      }
    }
  }
}

TEST(PackedSizeBytes, throws_on_other_widths) {
  for (const int bits : {-1, 0, 33, 64, std::numeric_limits<int>::min()}) {
    EXPECT_EQ(message_of([&] { (void)packed_size_bytes(3, bits); }),
              "packed_size_bytes: codes of " + std::to_string(bits) + " bits; allowed are 1 to 32");
  }
}

TEST(Pack, has_the_published_byte_orders) {
  bytes out(3);
  // Interop facts: ONNX and DLPack put element i at bit i * bits, so four 6-bit codes take three
  // bytes; a pair of FP4 codes has its first one in the low nibble.
  pack(std::vector<std::uint8_t>{0b000001, 0b100010, 0b011100, 0b111111}, 6, out);
  EXPECT_EQ(show(out), show(make_bytes({0b10000001, 0b11001000, 0b11111101})));
  out.resize(1);
  pack(std::vector<std::uint8_t>{0x2, 0x7}, 4, out);  // fp4x2(1, 6)
  EXPECT_EQ(show(out), show(make_bytes({0x72})));
  pack(std::vector<std::uint8_t>{0x2, 0x7}, 4, out, high_nibble_first{});
  EXPECT_EQ(show(out), show(make_bytes({0x27})));
  pack(std::vector<std::uint8_t>{1, 2, 3, 0}, 2, out);
  EXPECT_EQ(show(out), show(make_bytes({0b00111001})));
  out.resize(8);  // ggml: byte j has elements j (low) and j + 8 (high)
  pack(std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 4, out,
       split_halves{.block = 16});
  EXPECT_EQ(show(out), show(make_bytes({0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7})));
}

TEST(Pack, agrees_with_one_big_integer_at_every_width_and_count) {
  for (int bits = 1; bits <= 32; ++bits) {
    for (std::size_t count = 0; count <= 67; ++count) {
      const codes32 codes = random_codes(count, bits);
      const bytes expected = packed_by_gmp(codes, bits);
      bytes got(expected.size(), std::byte{0xa5});
      pack(codes, bits, got);
      ASSERT_EQ(show(got), show(expected)) << count << " codes of " << bits << " bits";
      codes32 back(count, 0xdeadbeef);
      unpack(got, bits, back);
      ASSERT_EQ(back, codes) << count << " codes of " << bits << " bits";
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(read_code(got.data(), i, bits), codes[i]) << "element " << i << ", " << bits;
      }
    }
  }
}

TEST(Pack, takes_codes_of_8_16_and_32_bits) {
  const auto check = [](auto code_type, int bits) {
    using code = decltype(code_type);
    const codes32 wide = random_codes(41, bits);
    std::vector<code> codes;
    for (const std::uint32_t c : wide) codes.push_back(static_cast<code>(c));
    const bytes expected = packed_by_gmp(wide, bits);
    bytes got(expected.size());
    pack(codes, bits, got);
    EXPECT_EQ(show(got), show(expected)) << bits;
    std::vector<code> back(codes.size());
    unpack(got, bits, std::span<code>(back));
    EXPECT_EQ(back, codes) << bits;
  };
  for (int bits = 1; bits <= 8; ++bits) check(std::uint8_t{}, bits);
  for (int bits = 1; bits <= 16; ++bits) check(std::uint16_t{}, bits);
  for (int bits = 1; bits <= 32; ++bits) check(std::uint32_t{}, bits);
}

TEST(Pack, throws_before_it_writes) {
  const codes32 codes(5, 3);
  bytes out(3, std::byte{0x5a});
  const auto fails = [&](auto call, const std::string& text) {
    EXPECT_EQ(message_of(call), text);
    EXPECT_EQ(show(out), show(make_bytes({0x5a, 0x5a, 0x5a})));
  };
  fails([&] { pack(codes, 4, std::span(out).first(2)); },
        "pack: 2 bytes for 5 codes of 4 bits; needed are exactly 3");
  fails([&] { pack(codes, 3, out); }, "pack: 3 bytes for 5 codes of 3 bits; needed are exactly 2");
  fails([&] { pack(codes, 0, out); }, "packed_size_bytes: codes of 0 bits; allowed are 1 to 32");
  fails([&] { pack(codes32{1, 2, 3, 16, 17}, 4, out); },
        "pack: code 16 of element 3; codes of 4 bits are at most 15");
  fails([&] { pack(codes32{1, 2, 3}, 8, out, high_nibble_first{}); },
        "pack: a nibble layout for codes of 8 bits; it allows 4 only");
  fails([&] { pack(codes32(6, 1), 4, out, split_halves{.block = 4}); },
        "pack: split_halves with block 4 for 6 codes; the block must be even and divide their "
        "number");
  fails([&] { pack(codes32(6, 1), 4, out, split_halves{.block = 3}); },
        "pack: split_halves with block 3 for 6 codes; the block must be even and divide their "
        "number");
  fails([&] { pack(codes32(6, 1), 4, out, split_halves{.block = 0}); },
        "pack: split_halves with block 0 for 6 codes; the block must be even and divide their "
        "number");
  std::vector<std::uint8_t> same(3, 1);
  EXPECT_EQ(message_of([&] { pack(same, 8, std::as_writable_bytes(std::span(same))); }),
            "pack: source and destination overlap; they must not");
}

TEST(Unpack, throws_before_it_writes) {
  const bytes in(3, std::byte{0x5a});
  std::vector<std::uint8_t> codes(2, 99);
  const auto fails = [&](auto call, const std::string& text) {
    EXPECT_EQ(message_of(call), text);
    EXPECT_EQ(codes, (std::vector<std::uint8_t>{99, 99}));
  };
  fails([&] { unpack(in, 12, codes); },
        "unpack: codes of 12 bits into integers of 8; these must hold them");
  fails([&] { unpack(in, 8, codes); },
        "unpack: 3 bytes for 2 codes of 8 bits; needed are exactly 2");
  fails([&] { unpack(std::span(in).first(1), 4, codes, split_halves{.block = 4}); },
        "unpack: split_halves with block 4 for 2 codes; the block must be even and divide their "
        "number");
  fails([&] { unpack(std::as_bytes(std::span(codes)), 8, codes); },
        "unpack: source and destination overlap; they must not");
}

// The oracle is the layouts' own words: which byte and which nibble element i lies in.
TEST(Layouts, put_elements_where_their_stacks_do) {
  const auto nibble = [](const bytes& b, std::size_t byte, bool high) {
    return std::to_integer<std::uint32_t>(b[byte]) >> (high ? 4 : 0) & 0xf;
  };
  for (const std::size_t count : {0u, 1u, 2u, 3u, 31u, 64u, 65u}) {
    const codes32 codes = random_codes(count, 4);
    bytes out(packed_size_bytes(count, 4), std::byte{0xff});
    pack(codes, 4, out, high_nibble_first{});
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(nibble(out, i / 2, i % 2 == 0), codes[i]) << "element " << i << " of " << count;
    }
    if (count % 2 != 0) {
      EXPECT_EQ(nibble(out, count / 2, false), 0u) << "padding";
    }
    codes32 back(count);
    unpack(out, 4, back, high_nibble_first{});
    EXPECT_EQ(back, codes);
  }
  for (const std::size_t block : {2u, 16u, 32u, 6u}) {
    const codes32 codes = random_codes(3 * block, 4);
    bytes out(packed_size_bytes(codes.size(), 4));
    pack(codes, 4, out, split_halves{.block = block});
    for (std::size_t b = 0; b < 3; ++b) {
      for (std::size_t j = 0; j < block / 2; ++j) {
        const std::size_t byte = b * block / 2 + j;
        EXPECT_EQ(nibble(out, byte, false), codes[b * block + j]) << b << ", " << j;
        EXPECT_EQ(nibble(out, byte, true), codes[b * block + j + block / 2]) << b << ", " << j;
      }
    }
    codes32 back(codes.size());
    unpack(out, 4, back, split_halves{.block = block});
    EXPECT_EQ(back, codes);
  }
}

TEST(Repack, goes_between_layouts_and_back) {
  const codes32 codes = random_codes(96, 4);
  bytes pairs(48), halves(48), high(48), back(48, std::byte{0xff}), expected(48);
  pack(codes, 4, pairs);
  repack(pairs, bit_stream{}, halves, split_halves{.block = 32}, 96, 4);
  pack(codes, 4, expected, split_halves{.block = 32});
  EXPECT_EQ(show(halves), show(expected));
  repack(halves, split_halves{.block = 32}, high, high_nibble_first{}, 96, 4);
  pack(codes, 4, expected, high_nibble_first{});
  EXPECT_EQ(show(high), show(expected));
  repack(high, high_nibble_first{}, back, bit_stream{}, 96, 4);
  EXPECT_EQ(show(back), show(pairs));
}

TEST(Repack, clears_the_padding_and_checks_first) {
  bytes in = make_bytes({0x21, 0xf3}), out(2, std::byte{0xff});
  repack(in, bit_stream{}, out, high_nibble_first{}, 3, 4);
  EXPECT_EQ(show(out), show(make_bytes({0x12, 0x30})));
  EXPECT_EQ(message_of([&] { repack(in, bit_stream{}, in, high_nibble_first{}, 3, 4); }),
            "repack: source and destination overlap; they must not");
  EXPECT_EQ(message_of([&] { repack(in, bit_stream{}, out, high_nibble_first{}, 5, 4); }),
            "repack: 2 bytes for 5 codes of 4 bits; needed are exactly 3");
  EXPECT_EQ(message_of([&] { repack(in, bit_stream{}, out, split_halves{.block = 32}, 3, 4); }),
            "repack: split_halves with block 32 for 3 codes; the block must be even and divide "
            "their number");
  EXPECT_EQ(show(out), show(make_bytes({0x12, 0x30})));
}

TEST(WriteCode, changes_its_own_bits_only) {
  for (int bits = 1; bits <= 32; ++bits) {
    const std::size_t count = 21;
    for (const unsigned background : {0x00u, 0xffu, 0xa5u}) {
      const bytes before(packed_size_bytes(count, bits), static_cast<std::byte>(background));
      for (std::size_t i = 0; i < count; ++i) {
        // Bits above the width are ignored.
        const std::uint32_t code = 0x96c3a55a ^ static_cast<std::uint32_t>(i * 0x01010101);
        bytes got = before;
        write_code(got.data(), i, bits, code);
        const std::size_t first = i * static_cast<std::size_t>(bits);
        for (std::size_t bit = 0; bit < 8 * got.size(); ++bit) {
          const bool inside = bit >= first && bit < first + static_cast<std::size_t>(bits);
          const bool expected =
              inside ? (code >> (bit - first) & 1) != 0 : (background >> bit % 8 & 1) != 0;
          const bool is = (std::to_integer<unsigned>(got[bit / 8]) >> bit % 8 & 1) != 0;
          ASSERT_EQ(is, expected) << "bit " << bit << ", element " << i << ", " << bits << " bits";
        }
      }
    }
  }
}

// The bytes outside are not part of the array, so that the address sanitizer would see a touch; and
// in every build a constant expression may not read beyond one.
constexpr bool stays_inside(int bits) {
  for (std::size_t count = 1; count <= 9; ++count) {
    std::byte* memory = new std::byte[packed_size_bytes(count, bits)]();
    const std::uint32_t code = 0x9e3779b9u;
    write_code(memory, count - 1, bits, code);
    const std::uint32_t got = read_code(memory, count - 1, bits);
    delete[] memory;
    if (got != (bits == 32 ? code : code & ((1u << bits) - 1))) return false;
  }
  return true;
}
static_assert(stays_inside(1) && stays_inside(2) && stays_inside(3) && stays_inside(4));
static_assert(stays_inside(5) && stays_inside(6) && stays_inside(7) && stays_inside(8));
static_assert(stays_inside(9) && stays_inside(12) && stays_inside(16) && stays_inside(19));
static_assert(stays_inside(24) && stays_inside(25) && stays_inside(31) && stays_inside(32));

TEST(ReadCode, stays_inside_at_run_time_too) {
  for (int bits = 1; bits <= 32; ++bits) EXPECT_TRUE(stays_inside(bits)) << bits;
}

TEST(ReadCode, reaches_beyond_four_gigabits) {
  // Bit positions above 2^32: a 32-bit position would wrap to byte 0.
  const std::size_t slot = (std::size_t{1} << 32) / 4 + 1;
  const std::size_t byte = slot / 2;
  // Half a gigabyte, of which the system has to provide two pages.
  auto* memory = static_cast<std::byte*>(std::calloc(byte + 1, 1));
  ASSERT_NE(memory, nullptr);
  write_code(memory, slot, 4, 0xb);
  EXPECT_EQ(std::to_integer<int>(memory[byte]), 0xb0);
  EXPECT_EQ(std::to_integer<int>(memory[0]), 0);
  EXPECT_EQ(read_code(memory, slot, 4), 0xbu);
  std::free(memory);
}

}  // namespace

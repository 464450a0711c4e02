// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/bits.hpp"
#include "binade/core/error.hpp"
#include "binade/format/any_format.hpp"
#include "binade/scale/rule.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Scales that follow from earlier tensors, so that a tensor is quantized in the pass that measures
// it.

namespace binade::inline v0 {

namespace scaling {

/// What `delayed_scale` does: the amax of the last `length` steps are reduced to one, and the scale
/// is that amax over the element's target, times 2^margin.
struct delayed {
  enum reduction : std::uint8_t {
    max,          ///< of all steps in the history; NaN if one of them is
    most_recent,  ///< the last step's
  };

  std::size_t length = 1024;  ///< at least 1
  reduction reduce = max;
  int margin = 0;  ///< -256 to 256

  friend constexpr bool operator==(const delayed&, const delayed&) = default;
};

}  // namespace scaling

/// The scale of step t of a training run from the amax of steps t - length to t - 1. A step asks
/// for `scale()` or `rule()`, quantizes with it, and hands the amax of its tensor to `update()`.
///
/// The first step's scale is 1. Where the reduced amax is 0, infinite or NaN, the previous scale
/// stays; an infinity or NaN thus freezes a scale that is the maximum until it leaves the history.
///
/// Stored form, bytes: "bds1", then little-endian u32 reduction (0 max, 1 most_recent), i32 margin,
/// u32 amax, u64 length, u64 count, u32 history[count], oldest first; an amax is the bits of a
/// binary32, the one before `length` is what the scale follows from (0: nothing yet).
/// Stored form, text: words between white space: "binade.delayed_scale 1 length <n> reduce
/// <max|most_recent> margin <n> amax <hex> history <hex> ...", the hex being the same bits in 8
/// digits. Both forms hold everything; equal objects have equal forms.
/// Source: Transformer Engine, DelayedScaling recipe (its float arithmetic rounds more often).
class delayed_scale {
 public:
  /// Throws: error if length is 0 or margin is out of range.
  explicit delayed_scale(const scaling::delayed& options = {}) : options_(options) {
    check(options_);
  }

  [[nodiscard]] const scaling::delayed& options() const noexcept { return options_; }
  /// The amax of the steps in the history, oldest first.
  [[nodiscard]] std::vector<float> history() const {
    std::vector<float> values;
    for (const std::uint32_t bits : history_) values.push_back(bit_cast<float>(bits));
    return values;
  }

  /// The scale of the current step for elements of a format: what dequantization multiplies by.
  ///
  /// Error:  amax * 2^margin / target, rounded once, within [2^-126, largest float]. The target is
  ///         that of range_of(element, element_exponent).
  [[nodiscard]] float scale(const any_format& element, int element_exponent = 0) const noexcept {
    if (amax_ == 0) return 1.0F;
    const unpacked target = range_of(element, element_exponent).target;
    const unpacked amax = unpack(bit_cast<float>(amax_));
    const unpacked exact = scale_exponent(divide(amax, target), options_.margin);
    return bit_cast<float>(static_cast<std::uint32_t>(encode_scale(any_format::binary32(), exact)));
  }
  template <format F>
  [[nodiscard]] float scale() const noexcept {
    return scale(any_format::of<F>());
  }
  /// The same as an option for `quantize`.
  template <format F>
  [[nodiscard]] scale_rule rule() const noexcept {
    return scaling::given{scale<F>()};
  }

  /// Ends a step whose tensor had this largest magnitude.
  ///
  /// NaN:    kept in the history, as is infinity.
  /// Throws: error if amax is negative; before it changes anything.
  void update(float amax) {
    auto bits = bit_cast<std::uint32_t>(amax);
    if ((bits & 0x7fffffffU) > infinity) bits = nan;
    if (bits == 0x80000000U) bits = 0;
    if (bits > nan) {
      fail("amax ", std::to_string(amax), "; allowed are 0, positive numbers, infinity and NaN");
    }
    if (history_.size() == options_.length) history_.erase(history_.begin());
    history_.push_back(bits);
    const std::uint32_t reduced = reduce();
    if (is_usable(reduced)) amax_ = reduced;
  }

  [[nodiscard]] std::vector<std::byte> to_bytes() const {
    std::vector<std::byte> bytes(header_bytes + 4 * history_.size());
    std::memcpy(bytes.data(), magic, 4);
    put(bytes, 4, static_cast<std::uint32_t>(options_.reduce));
    put(bytes, 8, static_cast<std::int32_t>(options_.margin));
    put(bytes, 12, amax_);
    put(bytes, 16, std::uint64_t{options_.length});
    put(bytes, 24, std::uint64_t{history_.size()});
    for (std::size_t i = 0; i < history_.size(); ++i) {
      put(bytes, header_bytes + 4 * i, history_[i]);
    }
    return bytes;
  }
  /// Throws: error unless `bytes` is what to_bytes() gives for some object.
  [[nodiscard]] static delayed_scale from_bytes(std::span<const std::byte> bytes) {
    if (bytes.size() < header_bytes || std::memcmp(bytes.data(), magic, 4) != 0) {
      fail(std::to_string(bytes.size()),
           " bytes that do not begin as a stored scale; needed are "
           "\"bds1\" and at least ",
           std::to_string(header_bytes), " bytes");
    }
    const auto reduction = get<std::uint32_t>(bytes, 4);
    const auto count = get<std::uint64_t>(bytes, 24);
    if (reduction > 1) fail("reduction ", std::to_string(reduction), "; allowed are 0 and 1");
    if (count != (bytes.size() - header_bytes) / 4 || bytes.size() % 4 != 0) {
      fail(std::to_string(count), " steps in ", std::to_string(bytes.size()),
           " bytes; needed are 32 and 4 a step");
    }
    delayed_scale s({.length = static_cast<std::size_t>(get<std::uint64_t>(bytes, 16)),
                     .reduce = static_cast<scaling::delayed::reduction>(reduction),
                     .margin = get<std::int32_t>(bytes, 8)});
    s.amax_ = get<std::uint32_t>(bytes, 12);
    for (std::size_t i = 0; i < count; ++i) {
      s.history_.push_back(get<std::uint32_t>(bytes, header_bytes + 4 * i));
    }
    s.check_state();
    return s;
  }

  [[nodiscard]] std::string to_text() const {
    std::string text;
    append(text, "binade.delayed_scale 1\nlength ", std::to_string(options_.length), "\nreduce ",
           name_of(options_.reduce), "\nmargin ", std::to_string(options_.margin), "\namax ",
           hex(amax_), "\nhistory");
    for (const std::uint32_t bits : history_) append(text, " ", hex(bits));
    append(text, "\n");
    return text;
  }
  /// Throws: error unless `text` is of the form above.
  [[nodiscard]] static delayed_scale from_text(std::string_view text) {
    reader in{text};
    in.expect("binade.delayed_scale");
    in.expect("1");
    scaling::delayed options;
    in.expect("length");
    options.length = in.number<std::size_t>(10);
    in.expect("reduce");
    options.reduce = scaling::delayed::max;
    if (in.peek() == name_of(scaling::delayed::most_recent)) {
      options.reduce = scaling::delayed::most_recent;
    }
    in.expect(name_of(options.reduce));
    in.expect("margin");
    options.margin = in.number<int>(10);
    delayed_scale s(options);
    in.expect("amax");
    s.amax_ = in.number<std::uint32_t>(16);
    in.expect("history");
    while (!in.peek().empty()) s.history_.push_back(in.number<std::uint32_t>(16));
    s.check_state();
    return s;
  }

  friend bool operator==(const delayed_scale&, const delayed_scale&) = default;

 private:
  static constexpr std::uint32_t infinity = 0x7f800000;
  static constexpr std::uint32_t nan = 0x7fc00000;
  static constexpr char magic[] = "bds1";
  static constexpr std::size_t header_bytes = 32;

  /// Words between white space.
  struct reader {
    std::string_view rest;

    [[nodiscard]] std::string_view peek() {
      const std::size_t begin = rest.find_first_not_of(" \t\r\n");
      rest = begin == std::string_view::npos ? std::string_view{} : rest.substr(begin);
      return rest.substr(0, rest.find_first_of(" \t\r\n"));
    }
    void expect(std::string_view word) {
      if (peek() != word) {
        fail("\"", std::string(peek().substr(0, 40)), "\" where the text must have \"",
             std::string(word), "\"");
      }
      rest.remove_prefix(word.size());
    }
    template <class T>
    T number(int base) {
      const std::string_view word = peek();
      T value{};
      const auto [end, status] =
          std::from_chars(word.data(), word.data() + word.size(), value, base);
      if (word.empty() || status != std::errc{} || end != word.data() + word.size()) {
        fail("\"", std::string(word.substr(0, 40)), "\" where the text must have a number in base ",
             std::to_string(base));
      }
      rest.remove_prefix(word.size());
      return value;
    }
  };

  template <class... Parts>
  static void append(std::string& text, const Parts&... parts) {
    (text.append(std::string_view(parts)), ...);
  }
  template <class... Parts>
  [[noreturn]] static void fail(const Parts&... parts) {
    std::string message = "delayed_scale: ";
    append(message, parts...);
    BINADE_THROW(error{message});
  }
  static void check(const scaling::delayed& o) {
    if (o.length == 0) fail("length 0; it must be at least 1");
    if (o.margin < -256 || o.margin > 256) {
      fail("margin ", std::to_string(o.margin), "; allowed are -256 to 256");
    }
  }
  [[nodiscard]] static const char* name_of(scaling::delayed::reduction r) noexcept {
    return r == scaling::delayed::max ? "max" : "most_recent";
  }
  [[nodiscard]] static std::string hex(std::uint32_t bits) {
    std::string digits(8, '0');
    for (std::size_t i = 8; i-- > 0; bits >>= 4) digits[i] = "0123456789abcdef"[bits & 15];
    return digits;
  }
  template <class T>
  static void put(std::span<std::byte> bytes, std::size_t at, T value) noexcept {
    std::memcpy(bytes.data() + at, &value, sizeof value);  // little-endian, as config.hpp checks
  }
  template <class T>
  [[nodiscard]] static T get(std::span<const std::byte> bytes, std::size_t at) noexcept {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }

  [[nodiscard]] static bool is_usable(std::uint32_t bits) noexcept {
    return bits != 0 && bits < infinity;
  }
  /// The bits of floats that are not negative are ordered as the floats are, NaN last.
  [[nodiscard]] std::uint32_t reduce() const noexcept {
    if (history_.empty()) return 0;
    if (options_.reduce == scaling::delayed::most_recent) return history_.back();
    std::uint32_t largest = 0;
    for (const std::uint32_t bits : history_) largest = bits > largest ? bits : largest;
    return largest;
  }
  void check_state() const {
    if (history_.size() > options_.length) {
      fail(std::to_string(history_.size()), " steps in a history of length ",
           std::to_string(options_.length));
    }
    for (const std::uint32_t bits : history_) {
      if (bits > infinity && bits != nan) {
        fail("amax ", hex(bits),
             " in the history; allowed are 0, positive numbers, 7f800000 and "
             "7fc00000");
      }
    }
    const std::uint32_t reduced = reduce();
    if (amax_ >= infinity || (is_usable(reduced) && amax_ != reduced) ||
        (history_.empty() && amax_ != 0)) {
      fail("amax ", hex(amax_), " does not follow from the history, whose reduced amax is ",
           hex(reduced));
    }
  }

  scaling::delayed options_;
  std::vector<std::uint32_t> history_;  // oldest first
  std::uint32_t amax_ = 0;              // what the scale follows from; 0: nothing yet
};

}  // namespace binade::inline v0

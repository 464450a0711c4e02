// SPDX-License-Identifier: MIT

// Included once per target, inside its namespace.

/// The conversions of the target. All need the default floating-point environment. Templates: what
/// a program does not call costs it no compile time.
struct conversions {
  template <class Source>
  static constexpr auto floats = encode_floats<Source, std::uint8_t>;
  template <class Source>
  static constexpr auto wide_floats = encode_floats<Source, std::uint16_t>;
  template <class Source, class Code>
  static constexpr auto upper_bits = encode_codes<Source, upper, Code, upper_encoder>;
  template <class Source>
  static constexpr auto ranks = encode_ranks<Source>;
  template <class Source, rounds_integers How>
  static constexpr auto integers =
      encode_codes<Source, integer<How>, std::uint8_t, integer_encoder>;
  template <class Source>
  static constexpr auto codebooks = encode_codes<Source, codebook, std::uint8_t, codebook_encoder>;
  template <class Source>
  static constexpr auto binades_of = encode_codes<Source, binades, std::uint16_t, binade_encoder>;
  template <class Source>
  static constexpr auto wide_codebooks = encode_wide_codebook<Source>;
  template <class Source>
  static constexpr auto stochastic_floats = encode_stochastic<Source>;

  using ordinary = ordinary_store;
  using streaming = streaming_store;
  template <class Store>
  static constexpr auto table_to_float = decode_floats<Store>;
  template <class Store>
  static constexpr auto table_to_words = decode_words<Store>;
  template <class Store, class Source>
  static constexpr auto to_float = widen<Store, Source>;
};

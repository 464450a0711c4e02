// SPDX-License-Identifier: MIT

// Included once per target, inside its region and namespace. The bulk driver of conversions.

/// Calls f(from, to) for `Step` elements at a time: y[i] is made of x[i]. What does not fill a step
/// goes through full buffers: the same code, so the same bits. Elements are prefetched well ahead:
/// kernels fill the reorder buffer with arithmetic, so that the hardware's own prefetch runs late.
/// With streaming_store, which needs it, `to` is aligned to 64 bytes.
template <std::size_t Step, class Store = ordinary_store, class In, class Out, class Function>
BINADE_ALWAYS_INLINE void for_each_step(const In* x, Out* y, std::size_t n,
                                        const Function& f) noexcept {
  constexpr std::size_t line = 64 / sizeof(In);
  constexpr std::size_t ahead = 4096 / sizeof(In);
  In in[Step] = {};
  alignas(64) Out out[Step];
  std::size_t whole = Step;  // of the elements of this step, those to be done
  if constexpr (Store::is_streaming) {
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(y) % 64 / sizeof(Out);
    if (beyond != 0) whole = 64 / sizeof(Out) - beyond;
  }
  for (std::size_t i = 0; i < n;) {
    const std::size_t count = n - i < whole ? n - i : whole;
    if (count != Step) std::memcpy(in, x + i, count * sizeof(In));
    BINADE_UNROLL(8)
    for (std::size_t k = 0; k < Step; k += line) __builtin_prefetch(x + i + k + ahead);
    f(count == Step ? x + i : static_cast<const In*>(in),
      count == Step ? y + i : static_cast<Out*>(out));
    if (count != Step) std::memcpy(y + i, out, count * sizeof(Out));
    i += count;
    whole = Step;
  }
  Store::finish();
}

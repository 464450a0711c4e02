// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"

#include <atomic>
#include <exception>  // terminate
#include <stdexcept>
#include <string>

namespace binade::inline v0 {

/// What every public entry point throws when an argument, a shape or a file is wrong.
///
/// The message names the function, what is wrong, what was given and what is allowed, in that
/// order.
class error : public std::runtime_error {
 public:
  explicit error(const std::string& message) : std::runtime_error(message) {}
  explicit error(const char* message) : std::runtime_error(message) {}
};

/// Receives the message of an error in code that is compiled without exceptions. It should not
/// return.
using error_handler = void (*)(const char* message);

namespace detail {
inline std::atomic<error_handler> current_error_handler{nullptr};
}  // namespace detail

/// Makes `handler` what `on_error` calls; null restores the default. Any thread may call it at any
/// time.
///
/// Post: the former handler is returned, null for the default.
inline error_handler set_error_handler(error_handler handler) noexcept {
  return detail::current_error_handler.exchange(handler, std::memory_order_acq_rel);
}

/// Ends a call that cannot go on, in code that is compiled without exceptions.
///
/// It calls the handler of `set_error_handler` with `message`, which is valid during the call only.
/// Without a handler, or after one that returns, the program ends by `std::terminate`. Nothing is
/// printed.
[[noreturn]] BINADE_NOINLINE inline void on_error(const char* message) {
  if (const error_handler handler = detail::current_error_handler.load(std::memory_order_acquire)) {
    handler(message);
  }
  std::terminate();
}

}  // namespace binade::inline v0

// BINADE_THROW(error{"..."}) raises its argument: `throw` with exceptions, `binade::on_error` with
// its message without them.
#if defined(__cpp_exceptions)
#define BINADE_THROW(...) throw __VA_ARGS__
#else
#define BINADE_THROW(...) ::binade::on_error((__VA_ARGS__).what())
#endif

// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/error.hpp"

#include <cstdint>
#include <string>

namespace binade::inline v0::cuda {

/// What became of a call that prepares or launches work on a GPU. Such calls never throw; `check`
/// turns a failure into an error.
///
/// It holds text of static storage only, so that making one allocates nothing.
class [[nodiscard]] status {
 public:
  /// Who refused.
  enum class domain : std::uint8_t { none, argument, cuda, cublas };

  /// Success.
  constexpr status() noexcept = default;

  /// An argument that `function` does not allow.
  [[nodiscard]] static constexpr status refused(const char* function, const char* what,
                                                std::uint64_t given, const char* allowed) noexcept {
    status s;
    s.domain_ = domain::argument;
    s.function_ = function;
    s.what_ = what;
    s.given_ = given;
    s.allowed_ = allowed;
    return s;
  }
  /// What a library answered to `function`: its code, and its text for it.
  [[nodiscard]] static constexpr status failed(domain who, int code, const char* function,
                                               const char* what) noexcept {
    status s;
    s.domain_ = who;
    s.code_ = code;
    s.function_ = function;
    s.what_ = what;
    return s;
  }

  [[nodiscard]] constexpr bool ok() const noexcept { return domain_ == domain::none; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] constexpr domain origin() const noexcept { return domain_; }
  /// The library's code; 0 if no library failed.
  [[nodiscard]] constexpr int code() const noexcept { return code_; }

  /// For people: the function, what is wrong, what was given and what is allowed; "ok" for success.
  [[nodiscard]] std::string message() const {
    if (ok()) return "ok";
    std::string text = function_;
    text.append(": ").append(what_);
    if (domain_ == domain::argument) {
      text.append(" is ").append(std::to_string(given_)).append("; allowed: ").append(allowed_);
    } else {
      text.append(domain_ == domain::cuda ? " (CUDA error " : " (cuBLAS status ");
      text.append(std::to_string(code_)).append(")");
    }
    return text;
  }
  /// Throws: error with `message()` unless the call succeeded.
  void check() const {
    if (!ok()) BINADE_THROW(error{"cuda::" + message()});
  }

 private:
  const char* function_ = "";
  const char* what_ = "";
  const char* allowed_ = "";
  std::uint64_t given_ = 0;
  int code_ = 0;
  domain domain_ = domain::none;
};

}  // namespace binade::inline v0::cuda

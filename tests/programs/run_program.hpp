// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/wait.h>

/// What a program printed, and how it ended.
struct outcome {
  int status;          ///< -1 if it did not end by itself
  std::string output;  ///< of both streams
};

/// Runs the program whose path is in the environment variable `variable`, with these arguments as a
/// shell reads them.
inline outcome run_program(const char* variable, const std::string& arguments) {
  const std::string command = std::string(std::getenv(variable)) + " " + arguments + " 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  outcome o{-1, ""};
  if (pipe == nullptr) return o;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    o.output.append(buffer, n);
  }
  const int status = pclose(pipe);
  o.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return o;
}

// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "checkpoint/command_line.hpp"

#include <fmt/format.h>

namespace checkpoint_tool {
namespace {

/// The names of subcommands and options, separated by spaces.
std::string words_of(const command_text& c) {
  std::string words;
  const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
  for (const command_text& s : c.subcommands) add(s.name.substr(s.name.rfind(' ') + 1));
  for (const option_text& o : c.options) {
    if (o.is_positional) continue;
    for (const std::string& name : o.names) add(name);
  }
  return words;
}

void bash_cases(const command_text& c, std::string& out) {
  for (const command_text& s : c.subcommands) {
    out += fmt::format("      \"{}\") command=$next words=\"{}\" ;;\n", s.name, words_of(s));
    bash_cases(s, out);
  }
}

/// The words that name a command decide what may follow; others leave it as it was.
std::string bash(const command_text& program) {
  std::string cases;
  bash_cases(program, cases);
  std::string out = "# completes binade in bash\n_binade() {\n  local command=binade word next\n";
  out += fmt::format("  local words=\"{}\"\n", words_of(program));
  out +=
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    next=\"$command $word\"\n    case \"$next\" in\n";
  out += cases;
  out +=
      "    esac\n  done\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "  [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] ||\n"
      "    COMPREPLY+=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\ncomplete -o filenames -F _binade binade\n";
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string fish(const command_text& program) {
  std::string out = "# completes binade in fish\n";
  std::string all;
  for (const command_text& s : program.subcommands) {
    all += " " + s.name.substr(s.name.rfind(' ') + 1);
  }
  for (const command_text& s : program.subcommands) {
    const std::string name = s.name.substr(s.name.rfind(' ') + 1);
    out += fmt::format("complete -c binade -n 'not __fish_seen_subcommand_from{}' -a {} -d {}\n",
                       all, name, quoted(s.description));
    for (const option_text& o : s.options) {
      if (o.is_positional) continue;
      out += fmt::format("complete -c binade -n '__fish_seen_subcommand_from {}'", name);
      for (const std::string& n : o.names) {
        out += n.starts_with("--") ? " -l " + n.substr(2) : " -s " + n.substr(1);
      }
      out += fmt::format("{} -d {}\n", o.takes_value ? " -r" : "", quoted(o.description));
    }
  }
  return out;
}

}  // namespace

std::string completions(const command_text& program, const std::string& shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash(program);
  if (shell == "fish") return fish(program);
  throw binade::error("binade completions: no completions for \"" + shell +
                      "\"; allowed are bash, zsh and fish");
}

}  // namespace checkpoint_tool

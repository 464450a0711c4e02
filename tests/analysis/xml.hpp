// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// A strict reader of the markup that reports are made of: XML, and the little of HTML that is not.
namespace xml {

struct element {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;  // directly inside, as written
  std::size_t depth = 0;

  [[nodiscard]] std::string attribute(std::string_view wanted) const {
    for (const auto& [key, value] : attributes) {
      if (key == wanted) return value;
    }
    return "";
  }
};

struct document {
  std::vector<element> elements;  // in the order of their start tags
  std::string problem;            // empty: well-formed

  [[nodiscard]] std::vector<element> named(std::string_view name) const {
    std::vector<element> found;
    std::copy_if(elements.begin(), elements.end(), std::back_inserter(found),
                 [name](const element& e) { return e.name == name; });
    return found;
  }
  [[nodiscard]] std::vector<element> of_class(std::string_view wanted) const {
    std::vector<element> found;
    for (const element& e : elements) {
      const std::string all = " " + e.attribute("class") + " ";
      if (all.find(" " + std::string(wanted) + " ") != std::string::npos) found.push_back(e);
    }
    return found;
  }
};

/// Whether character data holds no bare markup and only references that XML knows.
inline std::string text_problem(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == '<' || c == '>') return "bare angle bracket";
    if (c < 0x20 && c != '\n' && c != '\t') return "control character";
    if (c != '&') continue;
    const std::size_t end = text.find(';', i);
    if (end == std::string_view::npos) return "bare ampersand";
    const std::string_view reference = text.substr(i + 1, end - i - 1);
    const bool named = reference == "amp" || reference == "lt" || reference == "gt" ||
                       reference == "quot" || reference == "apos";
    const bool numeric =
        reference.size() > 1 && reference[0] == '#' &&
        std::all_of(reference.begin() + (reference[1] == 'x' ? 2 : 1), reference.end(),
                    [](unsigned char d) { return std::isxdigit(d) != 0; });
    if (!named && !numeric) return "unknown reference &" + std::string(reference) + ";";
  }
  return "";
}

/// Reads markup. `html`: a doctype, elements without an end, and raw style and script are allowed.
enum class dialect { xml, html };
inline document read(std::string_view markup, dialect kind = dialect::xml) {
  document result;
  std::vector<std::size_t> open;
  const auto fail = [&](std::size_t at, const std::string& what) {
    result.problem = what + " before: " + std::string(markup.substr(at, 60));
    return result;
  };
  std::size_t i = 0;
  if (kind == dialect::html && markup.starts_with("<!DOCTYPE html>\n")) i = 16;
  std::size_t roots = 0;
  while (i < markup.size()) {
    const std::size_t start = markup.find('<', i);
    const std::string_view text = markup.substr(i, start - i);
    if (const std::string problem = text_problem(text); !problem.empty()) return fail(i, problem);
    if (open.empty() && text.find_first_not_of(" \n") != std::string_view::npos) {
      return fail(i, "text outside of the root");
    }
    if (!open.empty()) result.elements[open.back()].text += text;
    if (start == std::string_view::npos) break;
    i = start + 1;
    const bool closing = i < markup.size() && markup[i] == '/';
    if (closing) ++i;
    const auto is_name = [&](std::size_t k) {
      return k < markup.size() && (std::isalnum(static_cast<unsigned char>(markup[k])) != 0 ||
                                   markup[k] == '-' || markup[k] == ':');
    };
    element e;
    for (; is_name(i); ++i) e.name += markup[i];
    if (e.name.empty()) return fail(start, "no name");
    if (closing) {
      if (open.empty() || result.elements[open.back()].name != e.name) {
        return fail(start, "end tag without start");
      }
      open.pop_back();
      if (i >= markup.size() || markup[i++] != '>') return fail(start, "end tag without end");
      continue;
    }
    if (open.empty() && ++roots > 1) return fail(start, "second root");
    std::set<std::string> keys;
    while (i < markup.size() && (markup[i] == ' ' || markup[i] == '\n')) {
      std::string key;
      for (++i; is_name(i); ++i) key += markup[i];
      if (markup.substr(i, 2) != "=\"") return fail(start, "attribute without value: " + key);
      const std::size_t end = markup.find('"', i + 2);
      if (end == std::string_view::npos) return fail(start, "attribute without end: " + key);
      const std::string value(markup.substr(i + 2, end - i - 2));
      if (const std::string problem = text_problem(value); !problem.empty()) {
        return fail(start, problem);
      }
      if (!keys.insert(key).second) return fail(start, "attribute twice: " + key);
      e.attributes.emplace_back(key, value);
      i = end + 1;
    }
    const bool empty = i < markup.size() && markup[i] == '/';
    if (empty) ++i;
    if (i >= markup.size() || markup[i++] != '>') return fail(start, "start tag without end");
    e.depth = open.size();
    result.elements.push_back(e);
    const bool no_end = e.name == "meta" || e.name == "br";
    if (kind == dialect::html && (e.name == "style" || e.name == "script")) {
      const std::size_t end = markup.find("</" + e.name + ">", i);
      if (end == std::string_view::npos) return fail(start, "raw text without end");
      result.elements.back().text = markup.substr(i, end - i);
      i = end + e.name.size() + 3;
    } else if (!empty && !(kind == dialect::html && no_end)) {
      open.push_back(result.elements.size() - 1);
    }
  }
  if (!open.empty()) result.problem = "no end of " + result.elements[open.back()].name;
  if (roots == 0) result.problem = "no root";
  return result;
}

}  // namespace xml

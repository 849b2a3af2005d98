// Typed access to one TOML table that remembers which keys were asked for, so that what is left over is an unknown key.
#pragma once
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "tools/manifest/manifest.h"
#include "tools/manifest/problems.h"

namespace pith::manifest {

inline u32 line_of(const toml::node& node) { return node.source().begin.line; }

/// One table of the manifest. Every getter answers nothing where the key is absent; a value of the wrong type is a problem.
class Fields {
 public:
  Fields(const toml::table& table, std::string what, Problems& problems) : table_(table), what_(std::move(what)), problems_(problems) {}
  Fields(const Fields&) = delete;

  /// Call it last: reports every key that no getter asked for.
  void finish() {
    for (auto&& [key, node] : table_) {
      if (!known_.contains(std::string(key.str()))) problems_.add(u32(key.source().begin.line), "unknown key `", key.str(), "` in ", what_);
    }
  }

  u32 line() const { return line_of(table_); }

  std::optional<Name> string(std::string_view key) {
    const toml::node* node = get(key);
    if (!node) return {};
    if (const auto* value = node->as_string()) return Name{value->get(), line_of(*node)};
    return wrong(key, *node, "a string");
  }

  std::optional<bool> boolean(std::string_view key) {
    const toml::node* node = get(key);
    if (!node) return {};
    if (const auto* value = node->as_boolean()) return value->get();
    return wrong(key, *node, "true or false");
  }

  std::optional<u64> number(std::string_view key, u64 least, u64 most) {
    const toml::node* node = get(key);
    if (!node) return {};
    if (auto value = number_of(*node, least, most)) return value;
    return wrong(key, *node, text("a number from ", least, " to ", most));
  }

  /// A string like "64 KiB", as pages.
  std::optional<u64> pages(std::string_view key);

  /// The table under `key`.
  const toml::table* table(std::string_view key) {
    const toml::node* node = get(key);
    if (!node) return nullptr;
    if (node->is_table()) return node->as_table();
    wrong(key, *node, "a table, as in {…}");
    return nullptr;
  }

  /// Every element of the array under `key`; `one` returns false where the element is not what was expected.
  void each(std::string_view key, std::string_view expected, const std::function<bool(const toml::node&)>& one) {
    const toml::node* node = get(key);
    if (!node) return;
    const toml::array* array = node->as_array();
    if (!array) {
      wrong(key, *node, expected);
      return;
    }
    for (const toml::node& element : *array) {
      if (!one(element)) wrong(key, element, expected);
    }
  }

  const toml::node* get(std::string_view key) {
    known_.insert(std::string(key));
    return table_.get(key);
  }

  std::nullopt_t wrong(std::string_view key, const toml::node& node, std::string_view expected) {
    problems_.add(line_of(node), "`", key, "` in ", what_, " must be ", expected);
    return std::nullopt;
  }

  /// The node as a number in the range, if it is one.
  static std::optional<u64> number_of(const toml::node& node, u64 least, u64 most) {
    const auto* value = node.as_integer();
    if (!value || value->get() < 0 || u64(value->get()) < least || u64(value->get()) > most) return {};
    return u64(value->get());
  }

 private:
  const toml::table& table_;
  std::string what_;
  Problems& problems_;
  std::set<std::string> known_;
};

}  // namespace pith::manifest

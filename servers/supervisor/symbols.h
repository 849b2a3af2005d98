// Names for addresses in components' programs, from the module that the packing tool makes.
#pragma once
#include <string_view>

#include "base/types.h"

namespace pith::supervisor {

/// Reads the text of tools/manifest/symbol_table: per component a line `component NAME`, then lines `address size name`, hexadecimal, by
/// rising address. The text is searched where it lies; a line that makes no sense is skipped.
class Symbols {
 public:
  explicit Symbols(std::string_view text) : text_(text) {}

  struct Place {
    std::string_view function;  ///< empty: unknown
    u64 offset = 0;
  };
  /// Those of one component.
  Symbols of(std::string_view component) const;
  /// The function that `address` lies in; the text is one component's.
  Place find(u64 address) const;

 private:
  std::string_view text_;
};

}  // namespace pith::supervisor

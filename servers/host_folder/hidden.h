// Names, in the folder itself, of files that have lost theirs while a client still has them open. No client is shown such a name.
#pragma once
#include <string_view>

#include "base/types.h"

namespace pith::host_folder {

inline constexpr std::string_view kHiddenPrefix = ".pith-removed-";

class HiddenName {
 public:
  explicit HiddenName(u64 number) {
    kHiddenPrefix.copy(text_, kHiddenPrefix.size());
    for (u32 i = 0; i < kDigits; i++) text_[kHiddenPrefix.size() + i] = "0123456789abcdef"[number >> (60 - 4 * i) & 15];
  }
  std::string_view text() const { return {text_, sizeof text_}; }

 private:
  static constexpr u32 kDigits = 16;
  char text_[kHiddenPrefix.size() + kDigits];
};

inline bool is_hidden_name(std::string_view name) { return name.starts_with(kHiddenPrefix); }

}  // namespace pith::host_folder

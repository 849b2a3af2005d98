// Text of bounded length.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "base/types.h"

namespace pith::supervisor {

/// A text that stops growing when it is full.
template <usize kMost>
class Text {
 public:
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) {
    if (length_ >= kMost - 1) return;
    va_list values;
    va_start(values, format);
    int written = vsnprintf(text_ + length_, kMost - length_, format, values);
    va_end(values);
    if (written > 0) length_ = length_ + usize(written) < kMost ? length_ + usize(written) : kMost - 1;
  }
  void clear() { length_ = 0; }
  std::string_view view() const { return {text_, length_}; }

 private:
  char text_[kMost] = {};
  usize length_ = 0;
};

}  // namespace pith::supervisor

// Writes text and numbers through Platform.write_diagnostic.
#include "servers/root/print.h"

#include "abi/boot_information.h"
#include "abi/kernel.h"

namespace pith::root {

void print(std::string_view text) {
  constexpr kernel::Platform kPlatform{RootSlot::Platform};
  while (!text.empty()) {
    u64 word = 0;
    usize length = text.size() < 8 ? text.size() : 8;
    for (usize i = 0; i < length; i++) word |= u64{u8(text[i])} << (8 * i);
    (void)kPlatform.write_diagnostic(word);
    text.remove_prefix(length);
  }
}

void print(u64 number) {
  char digits[20];
  usize first = sizeof digits;
  do {
    digits[--first] = char('0' + number % 10);
    number /= 10;
  } while (number);
  print(std::string_view(digits + first, sizeof digits - first));
}

}  // namespace pith::root

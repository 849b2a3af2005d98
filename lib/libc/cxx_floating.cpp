// Floating-point numbers as text for <charconv> and <format>, by way of the C library and `long double`, which needs no vector registers.
#include <charconv>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_LIBCPP_BEGIN_NAMESPACE_STD

namespace {

constexpr int kMostText = 512;

to_chars_result put(char* first, char* last, const char* text, int length) {
  if (length < 0 || length >= kMostText || length > last - first) return {last, errc::value_too_large};
  memcpy(first, text, size_t(length));
  return {first + length, errc{}};
}

char conversion_for(chars_format format) {
  switch (format) {
    case chars_format::fixed:
      return 'f';
    case chars_format::scientific:
      return 'e';
    case chars_format::hex:
      return 'a';
    default:
      return 'g';
  }
}

/// A negative `precision` is C's default. C writes 0x before hexadecimal digits, C++ does not.
int print(char* text, long double value, chars_format format, int precision) {
  char pattern[] = {'%', '.', '*', 'L', conversion_for(format), '\0'};
  int length = snprintf(text, kMostText, pattern, precision, value);
  char* prefix = format == chars_format::hex && length > 0 ? strstr(text, "0x") : nullptr;
  if (prefix) {
    memmove(prefix, prefix + 2, strlen(prefix + 2) + 1);
    length -= 2;
  }
  return length;
}

/// The fewest digits that read back as the same number.
template <class Number>
to_chars_result shortest(char* first, char* last, Number value, chars_format format) {
  char text[kMostText];
  int length = print(text, value, format, -1);
  if (format != chars_format::hex && value == value) {
    for (int precision = 0; precision <= 36; ++precision) {
      length = print(text, value, format, precision);
      if (length >= kMostText || Number(strtold(text, nullptr)) == value) break;
    }
  }
  return put(first, last, text, length);
}

to_chars_result precise(char* first, char* last, long double value, chars_format format, int precision) {
  char text[kMostText];
  return put(first, last, text, print(text, value, format, precision));
}

}  // namespace

to_chars_result to_chars(char* first, char* last, float value) { return shortest(first, last, value, chars_format::general); }
to_chars_result to_chars(char* first, char* last, double value) { return shortest(first, last, value, chars_format::general); }
to_chars_result to_chars(char* first, char* last, long double value) { return shortest(first, last, value, chars_format::general); }

to_chars_result to_chars(char* first, char* last, float value, chars_format format) { return shortest(first, last, value, format); }
to_chars_result to_chars(char* first, char* last, double value, chars_format format) { return shortest(first, last, value, format); }
to_chars_result to_chars(char* first, char* last, long double value, chars_format format) { return shortest(first, last, value, format); }

to_chars_result to_chars(char* first, char* last, float value, chars_format format, int precision) {
  return precise(first, last, value, format, precision);
}
to_chars_result to_chars(char* first, char* last, double value, chars_format format, int precision) {
  return precise(first, last, value, format, precision);
}
to_chars_result to_chars(char* first, char* last, long double value, chars_format format, int precision) {
  return precise(first, last, value, format, precision);
}

_LIBCPP_END_NAMESPACE_STD

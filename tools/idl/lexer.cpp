// Cuts an interface file into tokens.
#include "tools/idl/lexer.h"

namespace pith::idl {
namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(const std::string& file, std::string_view text, Diagnostics& diagnostics) : text_(text), diagnostics_(diagnostics) {
    where_.file = file;
  }

  TokenList run() {
    while (position_ < text_.size()) scan();
    add(TokenKind::End, "", where_);
    return std::move(list_);
  }

 private:
  char peek(size_t ahead = 0) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0'; }

  /// Steps over one byte; the bytes that continue a character do not count as columns.
  char take() {
    char c = text_[position_++];
    if (c == '\n') {
      ++where_.line;
      where_.column = 1;
    } else if ((static_cast<unsigned char>(peek()) & 0xc0) != 0x80) {
      ++where_.column;
    }
    return c;
  }

  Token& add(TokenKind kind, std::string text, const Location& where) {
    list_.tokens.push_back({kind, std::move(text), 0, where});
    return list_.tokens.back();
  }

  void scan() {
    Location start = where_;
    char c = peek();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      take();
    } else if (c == '/' && peek(1) == '/') {
      comment(start);
    } else if (is_name_start(c)) {
      add(TokenKind::Name, take_name(), start);
    } else if (is_digit(c)) {
      number(start);
    } else if (c == '"') {
      string(start);
    } else if (c == '-' && peek(1) == '>') {
      take();
      take();
      add(TokenKind::Symbol, "->", start);
    } else if (std::string_view(";{}(),:=<>").find(c) != std::string_view::npos) {
      add(TokenKind::Symbol, std::string(1, take()), start);
    } else {
      diagnostics_.report(start, "unexpected character");
      take();
      while ((static_cast<unsigned char>(peek()) & 0xc0) == 0x80) take();
    }
  }

  void comment(const Location& start) {
    bool documentation = peek(2) == '/' && peek(3) != '/';
    for (int slashes = documentation ? 3 : 2; slashes > 0; --slashes) take();
    if (peek() == ' ') take();
    std::string line;
    while (position_ < text_.size() && peek() != '\n') line += take();
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
    if (documentation) {
      add(TokenKind::Documentation, std::move(line), start);
    } else if (list_.tokens.empty()) {
      list_.summary += (list_.summary.empty() ? "" : " ") + line;
    }
  }

  std::string take_name() {
    std::string name;
    while (is_name_start(peek()) || is_digit(peek())) name += take();
    return name;
  }

  void number(const Location& start) {
    std::string digits = take_name();
    int base = digits.starts_with("0x") ? 16 : 10;
    uint64_t value = 0;
    bool bad = base == 16 && digits.size() == 2;
    for (char c : digits.substr(base == 16 ? 2 : 0)) {
      uint64_t digit = is_digit(c) ? uint64_t(c - '0') : c >= 'a' && c <= 'f' ? uint64_t(c - 'a' + 10) : 99;
      bad |= digit >= uint64_t(base) || value > (UINT64_MAX - digit) / uint64_t(base);
      value = value * uint64_t(base) + digit;
    }
    if (bad) diagnostics_.report(start, "bad number '" + digits + "'");
    add(TokenKind::Number, std::move(digits), start).number = value;
  }

  void string(const Location& start) {
    take();
    std::string contents;
    while (peek() != '"') {
      if (position_ >= text_.size() || peek() == '\n') return diagnostics_.report(start, "the string does not end on its line");
      char c = take();
      if (c == '\\' && (peek() == '"' || peek() == '\\')) c = take();
      contents += c;
    }
    take();
    add(TokenKind::String, std::move(contents), start);
  }

  std::string_view text_;
  Diagnostics& diagnostics_;
  size_t position_ = 0;
  Location where_;
  TokenList list_;
};

}  // namespace

TokenList tokenize(const std::string& file, std::string_view text, Diagnostics& diagnostics) {
  return Lexer(file, text, diagnostics).run();
}

}  // namespace pith::idl

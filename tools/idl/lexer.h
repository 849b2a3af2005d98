// Cuts an interface file into tokens.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tools/idl/diagnostics.h"

namespace pith::idl {

enum class TokenKind { End, Name, Number, String, Documentation, Symbol };

/// One token; `text` is the name, the symbol, the string's contents or the documentation line without its slashes.
struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;
  uint64_t number = 0;
  Location where;
};

/// The tokens of a file, ended by one of kind End, and its opening `//` comment.
struct TokenList {
  std::vector<Token> tokens;
  std::string summary;
};

TokenList tokenize(const std::string& file, std::string_view text, Diagnostics& diagnostics);

}  // namespace pith::idl

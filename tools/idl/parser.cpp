// Reads one interface file into the model.
#include "tools/idl/parser.h"

#include "tools/idl/lexer.h"

namespace pith::idl {
namespace {

TypeKind type_kind(const std::string& name) {
  if (name == "u64") return TypeKind::U64;
  if (name == "FrameNumber") return TypeKind::FrameNumber;
  if (name == "CapabilitySlot") return TypeKind::CapabilitySlot;
  if (name == "ObjectType") return TypeKind::ObjectType;
  if (name == "VirtualAddress") return TypeKind::VirtualAddress;
  if (name == "bytes") return TypeKind::Bytes;
  return TypeKind::Unknown;
}

/// Recursive descent. After the first mistake only End is seen, so that every loop ends and nothing more is reported.
class Parser {
 public:
  Parser(TokenList list, Diagnostics& diagnostics) : list_(std::move(list)), diagnostics_(diagnostics) {
    end_.where = list_.tokens.back().where;
  }

  Interface run(const std::string& file) {
    Interface result;
    result.file = file;
    result.summary = list_.summary;
    skip_documentation();
    expect_word("interface");
    result.name = expect_name("the interface's name");
    expect(";");
    while (!at_end()) {
      std::string documentation = take_documentation();
      if (at_end() && documentation.empty()) break;
      if (take_word("error")) {
        result.errors.push_back(error());
      } else if (take_word("object")) {
        result.objects.push_back(object(documentation));
      } else if (take_word("service")) {
        result.services.push_back(service(documentation));
      } else {
        fail("expected 'error', 'object' or 'service'");
      }
    }
    return result;
  }

 private:
  const Token& current() const { return failed_ ? end_ : list_.tokens[position_]; }
  bool at_end() const { return current().kind == TokenKind::End; }
  bool is(TokenKind kind, std::string_view text) const { return current().kind == kind && current().text == text; }
  void advance() {
    if (!at_end()) ++position_;
  }

  void fail(const std::string& message) {
    if (failed_) return;
    const Token& token = current();
    std::string found = token.kind == TokenKind::End             ? "the end of the file"
                        : token.kind == TokenKind::Documentation ? "documentation"
                        : token.kind == TokenKind::String        ? "a string"
                                                                 : "'" + token.text + "'";
    diagnostics_.report(token.where, message + ", found " + found);
    failed_ = true;
  }

  bool take(std::string_view symbol) {
    if (!is(TokenKind::Symbol, symbol)) return false;
    advance();
    return true;
  }
  bool take_word(std::string_view word) {
    if (!is(TokenKind::Name, word)) return false;
    advance();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!take(symbol)) fail("expected '" + std::string(symbol) + "'");
  }
  void expect_word(std::string_view word) {
    if (!take_word(word)) fail("expected '" + std::string(word) + "'");
  }
  Name expect_name(const char* what) {
    if (current().kind != TokenKind::Name) fail(std::string("expected ") + what);
    Name name{current().text, current().where};
    advance();
    return name;
  }
  uint64_t expect_number() {
    if (current().kind != TokenKind::Number) fail("expected a number");
    uint64_t number = current().number;
    advance();
    return number;
  }
  std::string expect_string() {
    if (current().kind != TokenKind::String) fail("expected a text in quotes");
    std::string text = current().text;
    advance();
    return text;
  }

  void skip_documentation() {
    while (current().kind == TokenKind::Documentation) advance();
  }
  std::string take_documentation() {
    std::string text;
    while (current().kind == TokenKind::Documentation) {
      text += (text.empty() ? "" : "\n") + current().text;
      advance();
    }
    return text;
  }

  ErrorEntry error() {
    ErrorEntry entry;
    entry.name = expect_name("the error's name");
    expect("=");
    entry.number = expect_number();
    entry.text = expect_string();
    expect(";");
    return entry;
  }

  Object object(const std::string& documentation) {
    Object object;
    object.documentation = documentation;
    object.name = expect_name("the object's name");
    expect("=");
    object.number = expect_number();
    expect("{");
    while (!at_end() && !is(TokenKind::Symbol, "}")) {
      std::string text = take_documentation();
      if (take_word("right")) {
        object.rights.push_back(right());
      } else {
        object.methods.push_back(method(text, "expected 'right', 'method', 'fast' or 'long'"));
      }
    }
    expect("}");
    return object;
  }

  Service service(const std::string& documentation) {
    Service service;
    service.documentation = documentation;
    service.name = expect_name("the service's name");
    expect("{");
    while (!at_end() && !is(TokenKind::Symbol, "}")) {
      std::string text = take_documentation();
      service.methods.push_back(method(text, "expected 'method', 'deferred method' or 'read method'"));
    }
    expect("}");
    return service;
  }

  Right right() {
    Right right;
    right.name = expect_name("the right's name");
    expect("=");
    right.bit = expect_number();
    right.text = expect_string();
    expect(";");
    return right;
  }

  Method method(const std::string& documentation, const char* expected) {
    Method method;
    method.documentation = documentation;
    if (take_word("fast")) {
      method.kind = MethodKind::Fast;
    } else if (take_word("long")) {
      method.kind = MethodKind::Long;
    } else if (take_word("deferred")) {
      method.kind = MethodKind::Deferred;
      expect_word("method");
    } else if (take_word("read")) {
      method.kind = MethodKind::Read;
      expect_word("method");
    } else if (!take_word("method")) {
      fail(expected);
    }
    method.name = expect_name("the method's name");
    expect("=");
    method.number = expect_number();
    if (method.kind != MethodKind::Fast && method.kind != MethodKind::Long) {
      method.arguments = parameters();
      expect("->");
      method.results = parameters();
    }
    clauses(method);
    expect(";");
    return method;
  }

  void clauses(Method& method) {
    method.badge = take_word("badge");
    if (take_word("requires")) method.right.push_back(expect_name("a right"));
    if (take_word("errors")) {
      method.has_error_list = true;
      if (!take_word("none")) {
        do method.errors.push_back(expect_name("an error's name"));
        while (take(","));
      }
    }
    if (take_word("retry")) {
      expect_word("safe");
      method.retry_safe = true;
    }
  }

  std::vector<Parameter> parameters() {
    std::vector<Parameter> list;
    expect("(");
    if (take(")")) return list;
    do {
      Parameter parameter;
      parameter.name = expect_name("a parameter's name");
      expect(":");
      parameter.type = type();
      list.push_back(std::move(parameter));
    } while (take(","));
    expect(")");
    return list;
  }

  Type type() {
    Type type;
    Name name = expect_name("a type");
    type.name = name.text;
    type.where = name.where;
    type.kind = type_kind(type.name);
    if (type.kind == TypeKind::Bytes) {
      expect("<");
      type.size = expect_number();
      expect(">");
    }
    return type;
  }

  TokenList list_;
  Diagnostics& diagnostics_;
  Token end_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace

Interface parse(const std::string& file, std::string_view text, Diagnostics& diagnostics) {
  return Parser(tokenize(file, text, diagnostics), diagnostics).run(file);
}

}  // namespace pith::idl

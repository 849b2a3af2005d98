// Generated text, line by line, and how names and types are written in it.
#include "tools/idl/text.h"

namespace pith::idl {

void Text::documentation(std::string_view indent, std::string_view text) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    line(indent, "/// ", text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

std::string decimal(uint64_t number) { return std::to_string(number); }

std::string camel_case(std::string_view snake_case) {
  std::string result;
  bool upper = true;
  for (char c : snake_case) {
    if (c == '_') {
      upper = true;
      continue;
    }
    result += upper && c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
    upper = false;
  }
  return result;
}

std::string snake_case(std::string_view camel_case) {
  std::string result;
  for (char c : camel_case) {
    bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !result.empty()) result += '_';
    result += is_upper ? char(c - 'A' + 'a') : c;
  }
  return result;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string counted(size_t number, std::string_view noun) { return decimal(number) + " " + std::string(noun) + (number == 1 ? "" : "s"); }

std::string operation_name(const Object& object, const Method& method) { return object.name.text + camel_case(method.name.text); }

std::string result_struct(std::string_view owner, const Method& method) {
  return std::string(owner) + camel_case(method.name.text) + "Result";
}

std::string result_type(std::string_view owner, const Method& method) {
  if (method.results.empty()) return "void";
  if (method.results.size() == 1) return value_type(method.results[0].type);
  return result_struct(owner, method);
}

std::string value_type(const Type& type) { return type.kind == TypeKind::Bytes ? "Bytes" : type.name; }

std::string to_word(const Type& type, const std::string& value) {
  switch (type.kind) {
    case TypeKind::FrameNumber:
    case TypeKind::CapabilitySlot:
      return "u64{" + value + ".raw}";
    case TypeKind::VirtualAddress:
      return value + ".raw";
    case TypeKind::ObjectType:
      return "u64(" + value + ")";
    case TypeKind::Bytes:
      return "u64{" + value + ".size()}";
    default:
      return value;
  }
}

std::string from_word(const Type& type, const std::string& word) {
  if (type.kind == TypeKind::U64) return word;
  if (is_narrow(type)) return type.name + "(u32(" + word + "))";
  return type.name + "(" + word + ")";
}

bool is_narrow(const Type& type) {
  return type.kind == TypeKind::FrameNumber || type.kind == TypeKind::CapabilitySlot || type.kind == TypeKind::ObjectType;
}

void write_result_struct(Text& out, std::string_view owner, const Method& method) {
  out.line();
  out.line("/// What ", owner, ".", method.name.text, " answers.");
  out.line("struct ", result_struct(owner, method), " {");
  for (const Parameter& result : method.results) out.line("  ", value_type(result.type), " ", result.name.text, ";");
  out.line("};");
}

void write_contract(Text& out, std::string_view indent, const Method& method) {
  std::string text;
  if (!method.right.empty()) text = "Requires " + method.right[0].text + ". ";
  text += "Errors: ";
  for (size_t i = 0; i < method.errors.size(); ++i) text += (i ? ", " : "") + method.errors[i].text;
  if (method.errors.empty()) text += "none";
  out.documentation(indent, text + "." + (method.retry_safe ? " May be retried." : ""));
}

std::string parameter_list(const std::vector<Parameter>& parameters) {
  std::string text;
  for (const Parameter& parameter : parameters) {
    std::string type = parameter.type.kind == TypeKind::Bytes ? "std::span<const std::byte>" : parameter.type.name;
    text += (text.empty() ? "" : ", ") + type + " " + parameter.name.text;
  }
  return text;
}

}  // namespace pith::idl

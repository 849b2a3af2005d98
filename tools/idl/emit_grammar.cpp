// Emits abi/grammar.h: a table of all kernel operations for programs that make them up (fuzzers) or print them (traces).
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

std::string kind_name(const Type& type) {
  switch (type.kind) {
    case TypeKind::FrameNumber:
      return "Frame";
    case TypeKind::CapabilitySlot:
      return "Slot";
    case TypeKind::VirtualAddress:
      return "Address";
    case TypeKind::ObjectType:
      return "Type";
    default:
      return "U64";
  }
}

std::string method_kind(MethodKind kind) {
  switch (kind) {
    case MethodKind::Fast:
      return "Fast";
    case MethodKind::Long:
      return "Long";
    default:
      return "Method";
  }
}

void write_words(Text& out, const char* field, const std::vector<Parameter>& list) {
  std::string text;
  for (const Parameter& parameter : list) {
    text += (text.empty() ? "" : ", ") + ("{WordKind::" + kind_name(parameter.type)) + ", " + quoted(parameter.name.text) + "}";
  }
  out.line("     .", field, "_count = ", decimal(list.size()), ",");
  out.line("     .", field, "s = {", text, "},");
}

void write_operation(Text& out, const Object& object, const Method& method) {
  out.line("    {.name = ", quoted(object.name.text + "." + method.name.text), ",");
  out.line("     .operation = Operation::", operation_name(object, method), ",");
  out.line("     .kind = OperationKind::", method_kind(method.kind), ",");
  out.line("     .object = ", decimal(object.number), ",");
  std::string right = method.right.empty() ? "0" : "right::" + object.name.text + "::" + method.right[0].text;
  out.line("     .right = ", right, ",");
  write_words(out, "argument", method.arguments);
  write_words(out, "result", method.results);
  std::string errors;
  for (const Name& error : method.errors) errors += (errors.empty() ? "" : ", ") + ("Error::" + error.text);
  out.line("     .errors = error_bits({{", errors, "}})},");
}

}  // namespace

GeneratedFile emit_grammar(const Model& model) {
  Text out;
  size_t count = 0;
  for (const Object& object : model.kernel.objects) count += object.methods.size();
  out.line("// All kernel operations as a table, for fuzzers and traces; generated from ", model.kernel.file, ".");
  out.line("#pragma once");
  out.line("#include \"abi/error.h\"");
  out.line("#include \"abi/operation.h\"");
  out.line();
  out.line("namespace pith::grammar {");
  out.line();
  out.line("/// What a word means.");
  out.line("enum class WordKind : u8 { U64, Frame, Slot, Address, Type };");
  out.line();
  out.line("/// How an operation is entered: all words described here, an entry of its own, or words laid out by hand.");
  out.line("enum class OperationKind : u8 { Method, Fast, Long };");
  out.line();
  out.line("struct Word {");
  out.line("  WordKind kind;");
  out.line("  const char* name;");
  out.line("};");
  out.line();
  out.line("struct OperationEntry {");
  out.line("  const char* name;  ///< Object.method");
  out.line("  Operation operation;");
  out.line("  OperationKind kind;");
  out.line("  u32 object;  ///< ObjectType, or 31 for System");
  out.line("  u32 right;   ///< the rights bit that it needs, 0 for System");
  out.line("  u32 argument_count;");
  out.line("  Word arguments[6];");
  out.line("  u32 result_count;");
  out.line("  Word results[6];");
  out.line("  u64 errors;  ///< error_bit of each documented error");
  out.line("};");
  out.line();
  out.line("static_assert(kErrorLimit <= 64);");
  out.line("constexpr u64 error_bit(Error error) { return u64{1} << u32(error); }");
  out.line();
  out.line("/// A list of errors that is written out where it is used.");
  out.line("struct ErrorList {");
  out.line("  Error errors[kErrorLimit] = {};");
  out.line("};");
  out.line("constexpr u64 error_bits(ErrorList list) {");
  out.line("  u64 bits = 0;");
  out.line("  for (Error error : list.errors) bits |= error == Error(0) ? 0 : error_bit(error);");
  out.line("  return bits;");
  out.line("}");
  out.line();
  out.line("/// What looking up the capability itself may answer, besides the errors of the operation.");
  out.line("inline constexpr u64 kCapabilityErrors =");
  out.line("    error_bits({{Error::BadSlot, Error::EmptySlot, Error::Stale, Error::WrongType, Error::MissingRight}});");
  out.line();
  out.line("inline constexpr u32 kOperationCount = ", decimal(count), ";");
  out.line("inline constexpr OperationEntry kOperations[kOperationCount] = {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) write_operation(out, object, method);
  }
  out.line("};");
  out.line();
  out.line("}  // namespace pith::grammar");
  return {"abi/grammar.h", out.contents()};
}

}  // namespace pith::idl

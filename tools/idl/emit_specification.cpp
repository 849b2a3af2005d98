// Emits what belongs to the executable specification in spec/: its functions, one per operation, and the way to them.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

bool has_own_words(const Method& method) { return method.kind == MethodKind::Fast || method.kind == MethodKind::Long; }

std::string misfit_error(const Type& type) {
  if (type.kind == TypeKind::FrameNumber) return "BadFrame";
  return type.kind == TypeKind::CapabilitySlot ? "BadSlot" : "BadArgument";
}

void write_declaration(Text& out, const Object& object, const Method& method) {
  std::string parameters = "FrameNumber caller";
  if (object.number != kSystemNumber) parameters += ", FrameNumber self";
  if (method.badge || has_own_words(method)) parameters += ", Badge badge";
  if (has_own_words(method)) parameters += ", Handle handle";
  if (!method.arguments.empty()) parameters += ", " + parameter_list(method.arguments);
  if (!method.results.empty()) parameters += ", Results& results";
  out.line();
  out.documentation("", method.documentation);
  out.line("Error ", specification_function(object, method), "(", parameters, ");");
}

void write_case(Text& out, const Object& object, const Method& method) {
  std::string arguments = "caller";
  out.line("    case Operation::", operation_name(object, method), ": {");
  if (object.number != kSystemNumber) {
    out.line("      Capability named = TRY(lookup(caller, handle.slot(), ObjectType::", object.name.text, ", right::", object.name.text,
             "::", method.right[0].text, "));");
    arguments += ", named.frame";
  }
  if (method.badge || has_own_words(method)) arguments += ", named.badge";
  if (has_own_words(method)) arguments += ", handle";
  for (size_t i = 0; i < method.arguments.size(); ++i) {
    const Type& type = method.arguments[i].type;
    std::string word = "words[" + decimal(i) + "]";
    if (is_narrow(type)) out.line("      if (", word, " >> 32 != 0) return Error::", misfit_error(type), ";");
    arguments += ", " + from_word(type, word);
  }
  if (method.results.empty()) {
    out.line("      return ", specification_function(object, method), "(", arguments, ");");
  } else {
    out.line("      Results results{};");
    out.line("      Error error = ", specification_function(object, method), "(", arguments, ", results);");
    out.line("      for (u32 i = 0; i < ", decimal(method.results.size()), " && error == kSuccess; i++) words[i] = results.word[i];");
    out.line("      return error;");
  }
  out.line("    }");
}

}  // namespace

std::string specification_function(const Object& object, const Method& method) {
  return snake_case(object.name.text) + "_" + method.name.text;
}

GeneratedFile emit_specification_operations(const Model& model) {
  Text out;
  out.line("// One function per operation: what it answers and what it changes; generated from ", model.kernel.file, ".");
  out.line("#pragma once");
  out.line("#include \"spec/state.h\"");
  out.line();
  out.line("namespace pith::spec {");
  out.line();
  out.line("/// Results of an operation that has some, in their order.");
  out.line("struct Results {");
  out.line("  u64 word[", decimal(kKernelWords), "];");
  out.line("};");
  out.line();
  out.line(
      "// `caller` is the thread that asks and `self` the object that its capability names. An error other than kSuccess comes first if "
      "it");
  out.line("// stands first in the function; nothing has changed then unless the function says so.");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) write_declaration(out, object, method);
  }
  out.line();
  out.line("}  // namespace pith::spec");
  return {"spec/generated/operations.h", out.contents()};
}

GeneratedFile emit_specification_dispatch(const Model& model) {
  Text out;
  out.line("// From an operation's code to what it means; generated from ", model.kernel.file, ".");
  out.line("#pragma once");
  out.line("#include \"spec/frame.h\"");
  out.line("#include \"spec/generated/operations.h\"");
  out.line();
  out.line("namespace pith::spec {");
  out.line();
  out.line("/// The caller's capability is looked up first, then numbers that do not fit are refused, then the operation decides.");
  out.line("/// Results take the place of the caller's first words.");
  out.line("inline Error dispatch(FrameNumber caller, Operation operation, Handle handle) {");
  out.line("  u64* words = threads[caller].words;");
  out.line("  switch (operation) {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) write_case(out, object, method);
  }
  out.line("  }");
  out.line("  return Error::NotSupported;");
  out.line("}");
  out.line();
  out.line("}  // namespace pith::spec");
  return {"spec/generated/dispatch.h", out.contents()};
}

}  // namespace pith::idl

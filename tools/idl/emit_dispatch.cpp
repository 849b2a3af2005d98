// Emits the kernel's side: the switch over all operations and the structures that its handlers return.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

/// What a word that does not fit into a 32-bit type is refused with.
std::string misfit_error(const Type& type) {
  if (type.kind == TypeKind::FrameNumber) return "BadFrame";
  if (type.kind == TypeKind::CapabilitySlot) return "BadSlot";
  return "BadArgument";
}

void write_lookup(Text& out, const Object& object, const Method& method, bool is_badged) {
  out.line("      auto object = ", is_badged ? "lookup_badged<" : "lookup<", object.name.text,
           ">(caller, handle.slot(), right::", object.name.text, "::", method.right[0].text, ");");
  out.line("      if (!object) [[unlikely]] return object.error();");
}

void write_fit_checks(Text& out, const Method& method) {
  for (size_t i = 0; i < method.arguments.size(); ++i) {
    const Type& type = method.arguments[i].type;
    if (is_narrow(type)) out.line("      if (!fits(words.w[", decimal(i), "])) [[unlikely]] return Error::", misfit_error(type), ";");
  }
}

void write_results(Text& out, const Method& method) {
  out.line("      if (!result) [[unlikely]] return result.error();");
  for (size_t i = 0; i < method.results.size(); ++i) {
    const Parameter& parameter = method.results[i];
    std::string value = method.results.size() == 1 ? "(*result)" : "result->" + parameter.name.text;
    if (method.results.size() == 1 && parameter.type.kind == TypeKind::U64) value = "*result";
    out.line("      words.w[", decimal(i), "] = ", to_word(parameter.type, value), ";");
  }
  out.line("      return kSuccess;");
}

void write_case(Text& out, const Object& object, const Method& method) {
  bool has_own_words = method.kind == MethodKind::Fast || method.kind == MethodKind::Long;
  bool is_badged = method.badge || has_own_words;
  bool is_system = object.number == kSystemNumber;
  out.line("    case Operation::", operation_name(object, method), ": {");
  if (!is_system) write_lookup(out, object, method, is_badged);
  std::string callee = (is_system ? object.name.text + "::" : is_badged ? "object->object." : "object->") + method.name.text;
  std::string arguments = is_badged ? "caller, object->badge" : "caller";
  if (has_own_words) {
    out.line("      return ", callee, "(", arguments, ", handle, words);");
  } else {
    write_fit_checks(out, method);
    for (size_t i = 0; i < method.arguments.size(); ++i) {
      arguments += ", " + from_word(method.arguments[i].type, "words.w[" + decimal(i) + "]");
    }
    if (method.results.empty()) {
      out.line("      return ", callee, "(", arguments, ").error();");
    } else {
      out.line("      auto result = ", callee, "(", arguments, ");");
      write_results(out, method);
    }
  }
  out.line("    }");
}

}  // namespace

GeneratedFile emit_kernel_results(const Model& model) {
  Text out;
  out.line("// What the kernel's handlers with several results return; generated from ", model.kernel.file, ".");
  out.line("#pragma once");
  out.line("#include \"abi/types.h\"");
  out.line();
  out.line("namespace pith {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) {
      if (method.results.size() > 1) write_result_struct(out, object.name.text, method);
    }
  }
  out.line();
  out.line("}  // namespace pith");
  return {"kernel/generated/results.h", out.contents()};
}

GeneratedFile emit_dispatch(const Model& model) {
  Text out;
  out.line("// From an operation's code to the handler of its object; generated from ", model.kernel.file, ".");
  out.line("// Included once, after `Words`, `lookup`, `lookup_badged` and all objects are defined.");
  out.line("#pragma once");
  for (const char* header : {"abi/error.h", "abi/handle.h", "abi/operation.h", "base/result.h", "kernel/generated/results.h"}) {
    out.line("#include \"", header, "\"");
  }
  out.line();
  out.line("namespace pith {");
  out.line();
  out.line("/// Whether a word is a value of a 32-bit type: nothing is cut off silently.");
  out.line("constexpr bool fits(u64 word) { return word >> 32 == 0; }");
  out.line();
  out.line(
      "/// Checks capability, right and ranges, calls the handler, and puts its results into `words`. The capability is looked up first,");
  out.line("/// so its errors come before those of the arguments. A handler that blocks the caller leaves `words` to whoever wakes it.");
  out.line("inline Error dispatch(Thread& caller, Handle handle, Words& words) {");
  out.line("  switch (Operation(handle.operation_code())) {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) write_case(out, object, method);
  }
  out.line("  }");
  out.line("  return Error::NotSupported;");
  out.line("}");
  out.line();
  out.line("}  // namespace pith");
  return {"kernel/generated/dispatch.h", out.contents()};
}

}  // namespace pith::idl

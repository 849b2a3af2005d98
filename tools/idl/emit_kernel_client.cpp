// Emits abi/kernel.h: a class per kernel object whose methods enter the kernel.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

void write_method(Text& out, const Object& object, const Method& method) {
  bool is_system = object.number == kSystemNumber;
  std::string type = result_type(object.name.text, method);
  out.line();
  out.documentation("  ", method.documentation);
  write_contract(out, "  ", method);
  out.line("  ", is_system ? "static " : "", "Result<", type, "> ", method.name.text, "(", parameter_list(method.arguments), ")",
           is_system ? "" : " const", " {");
  std::string words;
  for (const Parameter& argument : method.arguments) words += (words.empty() ? "" : ", ") + to_word(argument.type, argument.name.text);
  out.line("    Words words{{", words, "}};");
  out.line("    Status status = invoke(Handle::operation(u32(Operation::", operation_name(object, method), "), ",
           is_system ? "kNoSlot" : "this->slot", ").raw, words);");
  if (method.results.empty()) {
    out.line("    return status.is_error() ? Error(status.error_number()) : kSuccess;");
  } else {
    out.line("    if (status.is_error()) [[unlikely]] return Error(status.error_number());");
    std::string values;
    for (size_t i = 0; i < method.results.size(); ++i) {
      values += (i ? ", " : "") + from_word(method.results[i].type, "words.w[" + decimal(i) + "]");
    }
    out.line("    return ", method.results.size() == 1 ? values : type + "{" + values + "}", ";");
  }
  out.line("  }");
}

}  // namespace

GeneratedFile emit_kernel_client(const Model& model) {
  Text out;
  out.line("// The kernel's operations as functions, one class per object; generated from ", model.kernel.file, ".");
  out.line("#pragma once");
  for (const char* header : {"abi/error.h", "abi/handle.h", "abi/operation.h", "base/result.h", "lib/ipc/invoke.h"}) {
    out.line("#include \"", header, "\"");
  }
  out.line();
  out.line("namespace pith::kernel {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) {
      if (method.results.size() > 1) write_result_struct(out, object.name.text, method);
    }
    out.line();
    out.documentation("", object.documentation);
    out.line("struct ", object.name.text, " {");
    if (object.number != kSystemNumber) out.line("  CapabilitySlot slot;");
    for (const Method& method : object.methods) {
      if (method.kind == MethodKind::Method) write_method(out, object, method);
    }
    out.line("};");
  }
  out.line();
  out.line("}  // namespace pith::kernel");
  return {"abi/kernel.h", out.contents()};
}

}  // namespace pith::idl

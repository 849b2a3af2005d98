// Emits abi/operation.h: operation codes, rights, and operation names for traces.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

void write_codes(Text& out, const Model& model) {
  out.line("/// What an operation's handle names: object type * 32 + method.");
  out.line("enum class Operation : u32 {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) {
      out.line("  ", operation_name(object, method), " = ", decimal(object.number), " * 32 + ", decimal(method.number), ",");
    }
  }
  out.line("};");
  out.line();
  out.line("/// The type of the object that an operation is done with; System's number is no frame's type.");
  out.line("constexpr ObjectType object_type(Operation operation) { return ObjectType(u32(operation) / 32); }");
  for (const Object& object : model.kernel.objects) {
    if (object.number == kSystemNumber) continue;
    out.line("static_assert(u32(ObjectType::", object.name.text, ") == ", decimal(object.number), ");");
  }
}

void write_rights(Text& out, const Model& model) {
  out.line("/// The bits of each object's rights masks.");
  out.line("namespace right {");
  for (const Object& object : model.kernel.objects) {
    if (object.rights.empty()) continue;
    out.line();
    out.line("struct ", object.name.text, " {");
    for (const Right& right : object.rights) {
      out.line("  static constexpr u32 ", right.name.text, " = ", decimal(1u << right.bit), ";  ///< ", right.text);
    }
    out.line("};");
  }
  out.line();
  out.line("}  // namespace right");
}

void write_names(Text& out, const Model& model) {
  out.line("/// `Object.method` for traces.");
  out.line("constexpr const char* operation_name(u32 code) {");
  out.line("  switch (Operation(code)) {");
  for (const Object& object : model.kernel.objects) {
    for (const Method& method : object.methods) {
      out.line("    case Operation::", operation_name(object, method), ": return ", quoted(object.name.text + "." + method.name.text), ";");
    }
  }
  out.line("  }");
  out.line("  return \"unknown\";");
  out.line("}");
}

}  // namespace

GeneratedFile emit_operations(const Model& model) {
  Text out;
  out.line("// Operation codes, rights and names of the kernel's interface; generated from ", model.kernel.file, ".");
  out.line("#pragma once");
  out.line("#include \"abi/types.h\"");
  out.line();
  out.line("namespace pith {");
  out.line();
  write_codes(out, model);
  out.line();
  write_rights(out, model);
  out.line();
  write_names(out, model);
  out.line();
  out.line("}  // namespace pith");
  return {"abi/operation.h", out.contents()};
}

}  // namespace pith::idl

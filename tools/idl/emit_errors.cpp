// Emits abi/error.h: the errors with their names and texts.
#include <algorithm>

#include "tools/idl/emit.h"

namespace pith::idl {

GeneratedFile emit_errors(const Model& model) {
  const std::vector<ErrorEntry>& errors = model.errors.errors;
  uint64_t highest = 0;
  for (const ErrorEntry& entry : errors) highest = std::max(highest, entry.number);
  Text out;
  out.line("// Every error of the system; generated from ", model.errors.file, ".");
  out.line("#pragma once");
  out.line("#include \"base/types.h\"");
  out.line();
  out.line("namespace pith {");
  out.line();
  out.line("/// What went wrong; 0 is success.");
  out.line("enum class Error : u32 {");
  for (const ErrorEntry& entry : errors) {
    out.line("  ", entry.name.text, " = ", decimal(entry.number), ",  ///< ", entry.text);
  }
  out.line("};");
  out.line();
  out.line("/// Greater than every error's number.");
  out.line("inline constexpr u32 kErrorLimit = ", decimal(highest + 1), ";");
  out.line();
  out.line("/// The error's name as in the interface file.");
  out.line("constexpr const char* error_name(Error error) {");
  out.line("  if (error == Error(0)) return \"Success\";");
  out.line("  switch (error) {");
  for (const ErrorEntry& entry : errors) out.line("    case Error::", entry.name.text, ": return ", quoted(entry.name.text), ";");
  out.line("  }");
  out.line("  return \"Unknown\";");
  out.line("}");
  out.line();
  out.line("/// One sentence for people.");
  out.line("constexpr const char* error_text(Error error) {");
  out.line("  if (error == Error(0)) return \"Success\";");
  out.line("  switch (error) {");
  for (const ErrorEntry& entry : errors) {
    out.line("    case Error::", entry.name.text, ":");
    out.line("      return ", quoted(entry.text), ";");
  }
  out.line("  }");
  out.line("  return \"Unknown error.\";");
  out.line("}");
  out.line();
  out.line("}  // namespace pith");
  return {"abi/error.h", out.contents()};
}

}  // namespace pith::idl

// Emits the reference pages: one per interface file, and an index.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

/// `(frame: FrameNumber, count: u64)`.
std::string signature(const std::vector<Parameter>& list) {
  std::string text;
  for (const Parameter& parameter : list) {
    std::string type = parameter.type.name;
    if (parameter.type.kind == TypeKind::Bytes) type += "<" + decimal(parameter.type.size) + ">";
    text += (text.empty() ? "" : ", ") + parameter.name.text + ": " + type;
  }
  return "(" + text + ")";
}

/// How Markdown names a heading in a link.
std::string anchor(std::string_view heading) {
  std::string text;
  for (char c : heading) text += c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return text;
}

const char* kind_note(MethodKind kind) {
  switch (kind) {
    case MethodKind::Fast:
      return "*Fast: an entry of its own with six words in registers.*";
    case MethodKind::Long:
      return "*Its words are laid out by hand, see `lib/ipc/ipc.h`.*";
    case MethodKind::Deferred:
      return "*May be answered later.*";
    case MethodKind::Read:
      return "*Changes nothing.*";
    default:
      return nullptr;
  }
}

void write_method(Text& out, const std::string& owner, const Method& method) {
  out.line();
  out.line("### ", owner, ".", method.name.text);
  out.line();
  bool has_words = method.kind != MethodKind::Fast && method.kind != MethodKind::Long;
  if (has_words) {
    out.line("`", method.name.text, " ", signature(method.arguments), " -> ", signature(method.results), "`");
    out.line();
  }
  out.line(method.documentation);
  if (const char* note = kind_note(method.kind)) {
    out.line();
    out.line(note);
  }
  out.line();
  out.line("- Number: ", decimal(method.number));
  if (!method.right.empty()) out.line("- Right: ", method.right[0].text);
  if (method.badge) out.line("- Uses the capability's badge.");
  std::string errors;
  for (const Name& error : method.errors) errors += (errors.empty() ? "" : ", ") + ("[" + error.text + "](errors.md)");
  out.line("- Errors: ", errors.empty() ? "none" : errors);
  if (method.retry_safe) out.line("- May be retried.");
}

/// What the operation does, as the executable specification says it.
void write_definition(Text& out, const Model& model, const std::string& function) {
  auto found = model.specification.find(function);
  if (found == model.specification.end()) return;
  out.line();
  out.line("`", found->second.file, "`:");
  out.line("```cpp");
  std::string_view text = found->second.text;
  if (text.ends_with('\n')) text.remove_suffix(1);
  out.line(text);
  out.line("```");
}

GeneratedFile error_page(const Interface& file) {
  Text out;
  out.line("# Errors");
  out.line();
  out.line(file.summary);
  out.line();
  out.line("| Number | Name | Meaning |");
  out.line("|---:|---|---|");
  for (const ErrorEntry& entry : file.errors) out.line("| ", decimal(entry.number), " | ", entry.name.text, " | ", entry.text, " |");
  return {"errors.md", out.contents()};
}

void write_object(Text& out, const Model& model, const Object& object) {
  out.line();
  out.line("## ", object.name.text);
  out.line();
  out.line(object.documentation);
  out.line();
  out.line("Object type ", decimal(object.number), ", ", counted(object.methods.size(), "operation"), ".");
  if (!object.rights.empty()) {
    out.line();
    out.line("| Right | Bit | Allows to |");
    out.line("|---|---:|---|");
    for (const Right& right : object.rights) out.line("| ", right.name.text, " | ", decimal(right.bit), " | ", right.text, " |");
  }
  for (const Method& method : object.methods) {
    write_method(out, object.name.text, method);
    write_definition(out, model, specification_function(object, method));
  }
}

GeneratedFile kernel_page(const Model& model) {
  const Interface& file = model.kernel;
  Text out;
  out.line("# The kernel's operations");
  out.line();
  out.line(file.summary);
  out.line();
  out.line(
      "An operation with a right may also answer BadSlot, EmptySlot, Stale, WrongType or MissingRight for the capability it is done with;");
  out.line("the errors listed here are those about its arguments and the object's state. Bit 7 of every rights mask is Grant: handing the");
  out.line("capability on and badging it.");
  out.line();
  if (!model.specification.empty()) {
    out.line(
        "Each operation is followed by its definition: the function of the executable specification in `spec/`, which the kernel is tested "
        "and proved");
    out.line(
        "against. It begins when the capability has been looked up (`spec/frame.h`), on the state in `spec/state.h`: `caller` is the "
        "thread that asks, `self`");
    out.line("the object. The checks come in order; where one fails nothing has changed.");
    out.line();
  }
  out.line("| Object | Type | What it is |");
  out.line("|---|---:|---|");
  for (const Object& object : file.objects) {
    std::string first = object.documentation.substr(0, object.documentation.find('\n'));
    out.line("| [", object.name.text, "](#", anchor(object.name.text), ") | ", decimal(object.number), " | ", first, " |");
  }
  for (const Object& object : file.objects) write_object(out, model, object);
  return {"kernel.md", out.contents()};
}

GeneratedFile service_page(const Interface& file) {
  Text out;
  out.line("# ", file.name.text);
  out.line();
  out.line(file.summary);
  out.line();
  out.line("Every call may also answer BadMessage when it is malformed, and the errors of the kernel's `Endpoint.call`.");
  for (const Service& service : file.services) {
    out.line();
    out.line("## ", service.name.text);
    if (!service.documentation.empty()) {
      out.line();
      out.line(service.documentation);
    }
    for (const Method& method : service.methods) write_method(out, service.name.text, method);
  }
  return {file.name.text + ".md", out.contents()};
}

}  // namespace

std::vector<GeneratedFile> emit_reference(const Model& model) {
  std::vector<GeneratedFile> pages = {error_page(model.errors), kernel_page(model)};
  Text index;
  index.line("# Reference");
  index.line();
  index.line("Made from the interface files; every page names what each operation needs and answers.");
  index.line();
  index.line("- [errors](errors.md): ", model.errors.summary);
  index.line("- [kernel](kernel.md): ", model.kernel.summary);
  for (const Interface& file : model.services) {
    pages.push_back(service_page(file));
    index.line("- [", file.name.text, "](", file.name.text, ".md): ", file.summary);
  }
  pages.push_back({"README.md", index.contents()});
  return pages;
}

}  // namespace pith::idl

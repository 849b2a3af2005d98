// Emits protocols/x.h: a service's method numbers and the class whose methods call it.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

const Parameter* find_bytes(const std::vector<Parameter>& list) {
  for (const Parameter& parameter : list) {
    if (parameter.type.kind == TypeKind::Bytes) return &parameter;
  }
  return nullptr;
}

void write_numbers(Text& out, const Service& service) {
  out.line();
  out.line("/// Word 0 of a call to ", service.name.text, ", beside the call's number.");
  out.line("enum class ", service.name.text, "Method : u64 {");
  for (const Method& method : service.methods) out.line("  ", camel_case(method.name.text), " = ", decimal(method.number), ",");
  out.line("};");
}

/// `fetch`: what is answered when the server says Again, if it may: it has bytes that its token could not carry.
void write_answer(Text& out, const Service& service, const Method& method, const std::string& fetch) {
  if (method.results.empty()) {
    out.line("    return ipc::answer_error(received);");
    return;
  }
  out.line("    Error error = ipc::answer_error(received);");
  if (fetch.empty())
    out.line("    if (error != kSuccess) [[unlikely]] return error;");
  else
    out.line("    if (error != kSuccess) [[unlikely]] return error == Error::Again ? ", fetch, " : error;");
  std::string values;
  for (size_t i = 0; i < method.results.size(); ++i) {
    const Parameter& result = method.results[i];
    std::string word = "received.words.w[" + decimal(i + 1) + "]";
    std::string value = from_word(result.type, word);
    if (result.type.kind == TypeKind::Bytes) {
      out.line("    if (!ipc::holds_bytes(received.status.words(), ", word, ", ", decimal(result.type.size),
               ")) return Error::BadMessage;");
      value = "Bytes{ipc::bytes_in_buffer(" + word + ")}";
    }
    values += (i ? ", " : "") + value;
  }
  out.line("    return ", method.results.size() == 1 ? values : result_struct(service.name.text, method) + "{" + values + "}", ";");
}

void write_method(Text& out, const Service& service, const Method& method) {
  const Parameter* sent = find_bytes(method.arguments);
  out.line();
  out.documentation("  ", method.documentation);
  write_contract(out, "  ", method);
  out.line(find_bytes(method.results) ? "  [[gnu::always_inline]] Result<" : "  Result<", result_type(service.name.text, method), "> ",
           method.name.text, "(", parameter_list(method.arguments), ") const {");
  if (sent) {
    out.line("    if (", sent->name.text, ".size() > ", decimal(sent->type.size), ") return Error::BadMessage;");
    out.line("    ipc::put_bytes(", sent->name.text, ");");
  }
  std::string words = "ipc::numbered(u64(" + service.name.text + "Method::" + camel_case(method.name.text) + "))";
  for (const Parameter& argument : method.arguments) words += ", " + to_word(argument.type, argument.name.text);
  std::string length = sent ? "ipc::message_length(" + sent->name.text + ".size())" : "kRegisterWords";
  if (!find_bytes(method.results)) {
    if (sent) {
      out.line("    ipc::Received received = ipc::call_message(this->slot, {{", words, "}}, ", length, ");");
    } else {
      out.line("    ipc::Received received = ipc::call(this->slot, {{", words, "}});");
    }
    write_answer(out, service, method, "");
    out.line("  }");
    return;
  }
  // Seldom needed, and so apart: the same call, by its number.
  std::string number = words.substr(0, words.find(", ")), rest = words.substr(number.size()), names, fetched = "fetch_" + method.name.text;
  for (const Parameter& argument : method.arguments) names += ", " + argument.name.text;
  out.line("    const u64 call_word = ", number, ";");
  out.line("    ipc::Received received = ipc::call_message(this->slot, {{call_word", rest, "}}, ", length, ");");
  write_answer(out, service, method, fetched + "(call_word" + names + ")");
  out.line("  }");
  std::string parameters = parameter_list(method.arguments);
  out.line("  [[gnu::cold, gnu::noinline]] Result<", result_type(service.name.text, method), "> ", fetched, "(u64 call_word",
           parameters.empty() ? "" : ", ", parameters, ") const {");
  out.line("    ipc::Received received = ipc::call_for_bytes(this->slot, {{call_word", rest, "}}, ", length, ");");
  write_answer(out, service, method, "");
  out.line("  }");
}

}  // namespace

GeneratedFile emit_service_client(const Interface& file) {
  Text out;
  out.line("// How to call ", file.name.text, "; generated from ", file.file, ".");
  out.line("#pragma once");
  out.line("#include \"lib/ipc/bytes.h\"");
  out.line("#include \"lib/ipc/number.h\"");
  out.line();
  out.line("namespace pith::protocols {");
  for (const Service& service : file.services) {
    write_numbers(out, service);
    for (const Method& method : service.methods) {
      if (method.results.size() > 1) write_result_struct(out, service.name.text, method);
    }
    out.line();
    out.documentation("", service.documentation.empty() ? file.summary : service.documentation);
    out.line("struct ", service.name.text, "Client {");
    out.line("  CapabilitySlot slot;");
    for (const Method& method : service.methods) write_method(out, service, method);
    out.line("};");
  }
  out.line();
  out.line("}  // namespace pith::protocols");
  return {"protocols/" + file.name.text + ".h", out.contents()};
}

}  // namespace pith::idl

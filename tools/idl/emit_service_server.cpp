// Emits protocols/x_server.h: the class that a service derives from, which decodes calls and encodes answers.
#include "tools/idl/emit.h"

namespace pith::idl {
namespace {

bool is_bytes(const Parameter& parameter) { return parameter.type.kind == TypeKind::Bytes; }

std::string room_name(const Parameter& parameter) { return parameter.name.text + "_room"; }

/// `values` as the words of an answer.
std::string answer_words(const std::vector<Parameter>& results, const std::string& source) {
  std::string words = "0";
  for (const Parameter& result : results) {
    std::string value = results.size() > 1 ? source + "->" + result.name.text : is_bytes(result) ? source + "->" : "(*" + source + ")";
    if (is_bytes(result)) {
      words += ", u64{" + value + (results.size() > 1 ? "." : "") + "size()}";
    } else if (result.type.kind == TypeKind::U64 && results.size() == 1) {
      words += ", *" + source;
    } else {
      words += ", " + to_word(result.type, value);
    }
  }
  return words;
}

void write_handler(Text& out, const Service& service, const Method& method) {
  bool is_deferred = method.kind == MethodKind::Deferred;
  std::string parameters = "Session session";
  if (is_deferred) parameters += ", Token token";
  if (!method.arguments.empty()) parameters += ", " + parameter_list(method.arguments);
  std::string note;
  for (const Parameter& result : method.results) {
    if (!is_bytes(result)) continue;
    parameters += ", std::span<std::byte, " + decimal(result.type.size) + "> " + room_name(result);
    note = "The answer's bytes may lie in `" + room_name(result) + "` or in memory that lives on.";
  }
  if (is_deferred) note = "An error is the answer; after success reply_" + method.name.text + " gives it, now or later.";
  out.line();
  out.documentation("  ", method.documentation);
  write_contract(out, "  ", method);
  out.documentation("  ", note);
  std::string type = is_deferred ? "void" : result_type(service.name.text, method);
  const char* constant = method.kind == MethodKind::Read ? " const" : "";
  out.line("  virtual Result<", type, "> ", method.name.text, "(", parameters, ")", constant, " = 0;");
}

void write_deferred_reply(Text& out, const Service& service, const Method& method) {
  out.line();
  out.line("  /// Answers a call of ", method.name.text, " that was set aside.");
  out.line("  void reply_", method.name.text, "(Token token, Result<", result_type(service.name.text, method), "> answer) {");
  if (method.results.empty()) {
    out.line("    reply(token, {{u64(answer.error())}});");
  } else {
    out.line("    if (!answer) return reply(token, {{u64(answer.error())}});");
    out.line("    reply(token, {{", answer_words(method.results, "answer"), "}});");
  }
  out.line("  }");
}

/// Refuses what does not fit and gives the handler's arguments.
std::string write_arguments(Text& out, const Method& method) {
  const Parameter* bytes = nullptr;
  std::string size = "0";
  std::string arguments = method.kind == MethodKind::Deferred ? "session, token" : "session";
  std::string misfits;
  for (size_t i = 0; i < method.arguments.size(); ++i) {
    const Parameter& argument = method.arguments[i];
    std::string word = "words.w[" + decimal(i + 1) + "]";
    if (is_narrow(argument.type)) misfits += " || !fits(" + word + ")";
    if (is_bytes(argument)) {
      bytes = &argument;
      size = word;
    }
    arguments += ", " + (is_bytes(argument) ? "take_bytes(" + argument.name.text + "_copy, " + word + ")" : from_word(argument.type, word));
  }
  std::string most = decimal(bytes ? bytes->type.size : 0);
  out.line("        if (!is_well_formed(received, ", size, ", ", most, ")", misfits, ") return ipc::Answer::status(Error::BadMessage);");
  if (bytes) out.line("        std::byte ", bytes->name.text, "_copy[", most, "];");
  for (const Parameter& result : method.results) {
    if (!is_bytes(result)) continue;
    out.line("        std::byte ", room_name(result), "[", decimal(result.type.size), "];");
    arguments += ", " + room_name(result);
  }
  return arguments;
}

void write_case(Text& out, const Service& service, const Method& method) {
  out.line("      case ", service.name.text, "Method::", camel_case(method.name.text), ": {");
  std::string call = method.name.text + "(" + write_arguments(out, method) + ")";
  if (method.kind == MethodKind::Deferred) {
    out.line("        Result<void> result = ", call, ";");
    out.line("        return result ? ipc::Answer::later() : ipc::Answer::status(result.error());");
  } else if (method.results.empty()) {
    out.line("        return ipc::Answer::status(", call, ".error());");
  } else {
    out.line("        Result<", result_type(service.name.text, method), "> result = ", call, ";");
    out.line("        if (!result) return ipc::Answer::status(result.error());");
    const Parameter* bytes = nullptr;
    for (const Parameter& result : method.results) bytes = is_bytes(result) ? &result : bytes;
    std::string words = "{{" + answer_words(method.results, "result") + "}}";
    if (bytes) {
      std::string source = method.results.size() == 1 ? "*result" : "result->" + bytes->name.text;
      out.line("        return ipc::Answer::with_bytes(", words, ", ", source, ", ", decimal(bytes->type.size), ");");
    } else {
      out.line("        return {", words, "};");
    }
  }
  out.line("      }");
}

void write_decoder(Text& out, const Service& service) {
  uint64_t deferred = 0, reads = 0;
  for (const Method& method : service.methods) {
    uint64_t bit = uint64_t{1} << method.number;
    if (method.kind == MethodKind::Deferred) deferred |= bit;
    if (method.kind == MethodKind::Read) reads |= bit;
  }
  bool uses_token = deferred != 0;
  out.line();
  out.line("  static constexpr u32 kDeferredMethods = ", decimal(deferred), ";");
  out.line("  static constexpr u32 kReadMethods = ", decimal(reads), ";");
  out.line();
  out.line("  bool is_deferred(u64 word) const final { return is_among(kDeferredMethods, word); }");
  out.line();
  out.line("  ipc::Answer handle(const ipc::Received& received, Token", uses_token ? " token" : "", ") final {");
  out.line("    const Words& words = received.words;");
  out.line("    Session session = received.status.badge();");
  out.line("    switch (", service.name.text, "Method(words.w[0] & ipc::kMethodMask)) {");
  for (const Method& method : service.methods) write_case(out, service, method);
  out.line("    }");
  out.line("    return ipc::Answer::status(Error::BadMessage);");
  out.line("  }");
}

}  // namespace

GeneratedFile emit_service_server(const Interface& file) {
  Text out;
  out.line("// What a provider of ", file.name.text, " derives from; generated from ", file.file, ".");
  out.line("#pragma once");
  out.line("#include \"lib/ipc/server.h\"");
  out.line("#include \"protocols/", file.name.text, ".h\"");
  out.line();
  out.line("namespace pith::protocols {");
  for (const Service& service : file.services) {
    out.line();
    out.line("/// Implement the pure functions and call serve(). Bytes that a handler gets are its own copy, gone when it returns.");
    out.line("class ", service.name.text, "Server : public ipc::Server {");
    out.line(" public:");
    out.line("  using Server::Server;");
    for (const Method& method : service.methods) write_handler(out, service, method);
    for (const Method& method : service.methods) {
      if (method.kind == MethodKind::Deferred) write_deferred_reply(out, service, method);
    }
    write_decoder(out, service);
    out.line("};");
  }
  out.line();
  out.line("}  // namespace pith::protocols");
  return {"protocols/" + file.name.text + "_server.h", out.contents()};
}

}  // namespace pith::idl

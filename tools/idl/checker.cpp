// Refuses interfaces that contradict themselves or do not fit the messages that carry them.
#include "tools/idl/checker.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace pith::idl {
namespace {

using WordSet = std::set<std::string, std::less<>>;

/// Words that generated C++ cannot use as names.
const WordSet kReservedWords = {"alignas", "alignof", "and",      "asm",     "auto",      "bool",      "break",    "case",     "catch",
                                "char",    "class",   "concept",  "const",   "constexpr", "continue",  "decltype", "default",  "delete",
                                "do",      "double",  "else",     "enum",    "export",    "extern",    "false",    "float",    "for",
                                "friend",  "goto",    "if",       "inline",  "int",       "long",      "mutable",  "new",      "noexcept",
                                "not",     "nullptr", "operator", "or",      "private",   "protected", "public",   "register", "requires",
                                "return",  "short",   "signed",   "sizeof",  "static",    "struct",    "switch",   "template", "this",
                                "throw",   "true",    "try",      "typedef", "typeid",    "typename",  "union",    "unsigned", "using",
                                "virtual", "void",    "volatile", "while",   "xor"};

/// Names that the generated functions use themselves.
const WordSet kOwnKernelParameters = {"words", "status", "caller", "handle"};
const WordSet kOwnServiceParameters = {"words", "session", "token", "received", "buffer", "answer", "error"};
const WordSet kOwnServiceMethods = {"serve", "step", "signals", "fault", "handle", "is_deferred", "reply", "fits", "slot"};

class Checker {
 public:
  Checker(const Model& model, Diagnostics& diagnostics) : model_(model), diagnostics_(diagnostics) {}

  void run() {
    errors();
    contents(model_.kernel, Expected::Objects);
    Seen objects;
    for (const Object& object : model_.kernel.objects) check_object(object, objects);
    Seen services;
    for (const Interface& file : model_.services) {
      contents(file, Expected::Services);
      for (const Service& service : file.services) check_service(service, services);
    }
  }

 private:
  enum class Expected { Errors, Objects, Services };

  /// Numbers and names that are taken.
  struct Seen {
    std::map<uint64_t, std::string> numbers;
    std::set<std::string> names;
  };

  void report(const Name& name, const std::string& message) { diagnostics_.report(name.where, message); }

  void unique(Seen& seen, const char* what, const Name& name, uint64_t number) {
    unique_name(seen, what, name);
    auto [place, is_new] = seen.numbers.emplace(number, name.text);
    if (!is_new) report(name, std::string(what) + " " + name.text + " has the number " + std::to_string(number) + " of " + place->second);
  }

  void unique_name(Seen& seen, const char* what, const Name& name) {
    if (kReservedWords.contains(name.text)) report(name, "'" + name.text + "' is a word of C++");
    if (!seen.names.insert(name.text).second) report(name, std::string("duplicate ") + what + " " + name.text);
  }

  void spelled(const Name& name, const char* what, const char* style) {
    bool wants_upper = std::string_view(style) == "CamelCase";
    bool is_upper = !name.text.empty() && name.text[0] >= 'A' && name.text[0] <= 'Z';
    bool has_underscore = name.text.find('_') != std::string::npos;
    bool has_upper = std::any_of(name.text.begin(), name.text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (wants_upper ? !is_upper || has_underscore : has_upper) report(name, std::string(what) + " " + name.text + " must be " + style);
  }

  /// A file holds what its interface's name promises and nothing else.
  void contents(const Interface& file, Expected expected) {
    if (expected != Expected::Errors && !file.errors.empty()) report(file.errors[0].name, "errors belong into interface 'errors'");
    if (expected != Expected::Objects && !file.objects.empty()) report(file.objects[0].name, "objects belong into interface 'kernel'");
    if (expected != Expected::Services && !file.services.empty()) {
      report(file.services[0].name, "services belong into an interface of their own");
    }
  }

  void errors() {
    contents(model_.errors, Expected::Errors);
    Seen seen;
    for (const ErrorEntry& entry : model_.errors.errors) {
      unique(seen, "error", entry.name, entry.number);
      spelled(entry.name, "error", "CamelCase");
      if (entry.number < 1 || entry.number > 63) report(entry.name, "an error's number is 1 to 63");
      error_names_.insert(entry.name.text);
    }
  }

  void check_object(const Object& object, Seen& objects) {
    unique(objects, "object", object.name, object.number);
    spelled(object.name, "object", "CamelCase");
    if (object.number < 1 || object.number > kSystemNumber) report(object.name, "an object's number is 1 to 31");
    if (object.documentation.empty()) report(object.name, "object " + object.name.text + " has no documentation");
    Seen rights;
    for (const Right& right : object.rights) {
      unique(rights, "right", right.name, right.bit);
      spelled(right.name, "right", "CamelCase");
      if (right.bit > 6) report(right.name, "a right's bit is 0 to 6");
    }
    Seen methods;
    for (const Method& method : object.methods) {
      check_method(method, methods, kKernelWords);
      check_operation(object, method, rights);
    }
  }

  void check_operation(const Object& object, const Method& method, const Seen& rights) {
    if (method.kind == MethodKind::Deferred) report(method.name, "only a service's methods can be deferred");
    if (method.kind == MethodKind::Read) report(method.name, "only a service's methods can be reads");
    bool is_system = object.number == kSystemNumber;
    if (is_system && (!method.right.empty() || method.badge)) report(method.name, "methods of System have neither right nor badge");
    if (!is_system && method.right.empty()) report(method.name, "method " + method.name.text + " requires no right");
    for (const Name& right : method.right) {
      if (!rights.names.contains(right.text)) report(right, "unknown right " + right.text);
    }
    // The dispatcher refuses words that do not fit with these errors, so they must be documented.
    for (const Parameter& argument : method.arguments) {
      const char* needed = argument.type.kind == TypeKind::FrameNumber      ? "BadFrame"
                           : argument.type.kind == TypeKind::CapabilitySlot ? "BadSlot"
                           : argument.type.kind == TypeKind::ObjectType     ? "BadArgument"
                                                                            : nullptr;
      auto is_needed = [&](const Name& error) { return error.text == needed; };
      if (needed && std::none_of(method.errors.begin(), method.errors.end(), is_needed)) {
        report(argument.name, "a " + argument.type.name + " argument needs the error " + needed);
      }
    }
    for (const auto* list : {&method.arguments, &method.results}) {
      for (const Parameter& parameter : *list) {
        if (parameter.type.kind == TypeKind::Bytes) diagnostics_.report(parameter.type.where, "kernel operations carry no bytes");
      }
    }
  }

  void check_service(const Service& service, Seen& services) {
    unique_name(services, "service", service.name);
    spelled(service.name, "service", "CamelCase");
    Seen methods;
    for (const Method& method : service.methods) {
      check_method(method, methods, kServiceWords);
      if (method.kind == MethodKind::Fast || method.kind == MethodKind::Long)
        report(method.name, "only kernel operations are fast or long");
      if (!method.right.empty()) report(method.right[0], "a service's methods require no right");
      if (method.badge) report(method.name, "a service's methods always get their session");
      if (kOwnServiceMethods.contains(method.name.text))
        report(method.name, "'" + method.name.text + "' is a name of the server's base class");
      if (method.kind != MethodKind::Deferred) continue;
      if (method.results.size() > kDeferredWords) report(method.name, "a deferred answer carries at most 4 results");
      for (const Parameter& result : method.results) {
        if (result.type.kind == TypeKind::Bytes) diagnostics_.report(result.type.where, "a deferred answer carries no bytes");
      }
    }
  }

  void check_method(const Method& method, Seen& methods, size_t words) {
    unique(methods, "method", method.name, method.number);
    spelled(method.name, "method", "snake_case");
    if (method.number >= kMethodsPerObject) report(method.name, "a method's number is 0 to 31");
    if (method.documentation.empty()) report(method.name, "method " + method.name.text + " has no documentation");
    bool is_kernel = words == kKernelWords;
    parameters(method.arguments, "argument", words, is_kernel ? kOwnKernelParameters : kOwnServiceParameters);
    parameters(method.results, "result", words, is_kernel ? kOwnKernelParameters : kOwnServiceParameters);
    if (!method.has_error_list) report(method.name, "method " + method.name.text + " has no list of errors (or 'errors none')");
    std::set<std::string> listed;
    for (const Name& error : method.errors) {
      if (!error_names_.contains(error.text)) report(error, "unknown error " + error.text);
      if (!listed.insert(error.text).second) report(error, "error " + error.text + " is listed twice");
    }
  }

  void parameters(const std::vector<Parameter>& list, const char* what, size_t words, const WordSet& own) {
    Seen seen;
    size_t bytes = 0;
    for (const Parameter& parameter : list) {
      unique_name(seen, what, parameter.name);
      spelled(parameter.name, what, "snake_case");
      if (own.contains(parameter.name.text)) {
        report(parameter.name, "'" + parameter.name.text + "' is a name that the generated code uses");
      }
      if (parameter.type.kind == TypeKind::Unknown) diagnostics_.report(parameter.type.where, "unknown type " + parameter.type.name);
      if (parameter.type.kind != TypeKind::Bytes) continue;
      if (parameter.type.size < 1 || parameter.type.size > kMostBytes) {
        diagnostics_.report(parameter.type.where, "bytes<N> needs an N of 1 to " + std::to_string(kMostBytes));
      }
      if (++bytes == 2) diagnostics_.report(parameter.type.where, "at most one bytes<N> in each direction");
    }
    if (list.size() > words) {
      report(list[words].name, "more than " + std::to_string(words) + " " + what + "s do not fit into the registers");
    }
  }

  const Model& model_;
  Diagnostics& diagnostics_;
  std::set<std::string> error_names_;
};

}  // namespace

void check(const Model& model, Diagnostics& diagnostics) { Checker(model, diagnostics).run(); }

}  // namespace pith::idl

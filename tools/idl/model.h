// What an interface file says, once it is read.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tools/idl/diagnostics.h"

namespace pith::idl {

enum class TypeKind { Unknown, U64, FrameNumber, CapabilitySlot, ObjectType, VirtualAddress, Bytes };

/// A parameter's type; `size` is the N of `bytes<N>`.
struct Type {
  TypeKind kind = TypeKind::Unknown;
  std::string name;
  uint64_t size = 0;
  Location where;
};

/// A name and where it stands.
struct Name {
  std::string text;
  Location where;
};

struct Parameter {
  Name name;
  Type type;
};

enum class MethodKind {
  Method,    ///< words in, words out
  Fast,      ///< an operation with an entry of its own
  Long,      ///< an operation whose words the hand-written stub lays out
  Deferred,  ///< a service's method that may be answered later
  Read,      ///< a service's method that changes nothing
};

struct Method {
  MethodKind kind = MethodKind::Method;
  Name name;
  uint64_t number = 0;
  std::string documentation;
  std::vector<Parameter> arguments;
  std::vector<Parameter> results;
  bool badge = false;       ///< the handler also gets the capability's badge
  std::vector<Name> right;  ///< none or one
  std::vector<Name> errors;
  bool has_error_list = false;
  bool retry_safe = false;
};

struct Right {
  Name name;
  uint64_t bit = 0;
  std::string text;
};

struct Object {
  Name name;
  uint64_t number = 0;
  std::string documentation;
  std::vector<Right> rights;
  std::vector<Method> methods;
};

struct Service {
  Name name;
  std::string documentation;
  std::vector<Method> methods;
};

struct ErrorEntry {
  Name name;
  uint64_t number = 0;
  std::string text;
};

/// One file.
struct Interface {
  std::string file;
  Name name;
  std::string summary;
  std::vector<ErrorEntry> errors;
  std::vector<Object> objects;
  std::vector<Service> services;
};

/// A function that defines an operation.
struct Specified {
  std::string file;
  std::string text;
};

/// All files together.
struct Model {
  /// Text of the functions in spec/, by name, and the file that each is in.
  std::map<std::string, Specified> specification;
  Interface errors;
  Interface kernel;
  std::vector<Interface> services;
};

/// Number of the object whose methods need no capability.
inline constexpr uint64_t kSystemNumber = 31;
inline constexpr uint64_t kMethodsPerObject = 32;
inline constexpr size_t kKernelWords = 6;
inline constexpr size_t kServiceWords = 5;
inline constexpr size_t kDeferredWords = 4;  // Endpoint.reply_token carries the token, the status and four words
inline constexpr uint64_t kMostBytes = 464;

}  // namespace pith::idl

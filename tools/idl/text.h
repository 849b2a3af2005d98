// Generated text, line by line, and how names and types are written in it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tools/idl/model.h"

namespace pith::idl {

/// Text under construction.
class Text {
 public:
  template <class... Parts>
  void line(const Parts&... parts) {
    (contents_.append(std::string_view(parts)), ...);
    contents_ += '\n';
  }
  /// Documentation as `///` lines.
  void documentation(std::string_view indent, std::string_view text);
  const std::string& contents() const { return contents_; }

 private:
  std::string contents_;
};

/// A file to write below the output folder.
struct GeneratedFile {
  std::string path;
  std::string contents;
};

std::string decimal(uint64_t number);
/// `reply_receive` as `ReplyReceive`.
std::string camel_case(std::string_view snake_case);
/// `AddressSpace` as `address_space`.
std::string snake_case(std::string_view camel_case);
/// With quotes and backslashes escaped, in quotes.
std::string quoted(std::string_view text);
/// "word" or "words" after its number.
std::string counted(size_t number, std::string_view noun);

/// `RegionCreate`, the name of an operation in `enum class Operation`.
std::string operation_name(const Object& object, const Method& method);
/// `RegionReclaimResult`.
std::string result_struct(std::string_view owner, const Method& method);
/// The type inside a method's `Result<…>`.
std::string result_type(std::string_view owner, const Method& method);
/// `FrameNumber`, `u64`, … as a member or result; bytes are `Bytes`.
std::string value_type(const Type& type);
/// C++ that makes a word out of a value of that type.
std::string to_word(const Type& type, const std::string& value);
/// C++ that makes a value of that type out of a word.
std::string from_word(const Type& type, const std::string& word);
/// Whether the type's values have 32 bits.
bool is_narrow(const Type& type);
/// The definition of a result structure.
void write_result_struct(Text& out, std::string_view owner, const Method& method);
/// `<errors>, <right>` of a method as documentation lines.
void write_contract(Text& out, std::string_view indent, const Method& method);
/// `FrameNumber frame, u64 count`.
std::string parameter_list(const std::vector<Parameter>& parameters);

}  // namespace pith::idl

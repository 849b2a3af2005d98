// Walks a type's entries in debug information.
#include "tools/layout/description.h"

#include <cstring>
#include <sstream>

namespace pith::layout {

namespace {

using llvm::DWARFDie;
using namespace llvm::dwarf;

uint64_t number(DWARFDie die, Attribute attribute, uint64_t otherwise = 0) { return toUnsigned(die.find(attribute), otherwise); }
DWARFDie type_of(DWARFDie die) { return die.getAttributeValueAsReferencedDie(DW_AT_type); }
std::string name_of(DWARFDie die) {
  const char* name = die.getShortName();
  return name ? name : "";
}

class Description {
 public:
  explicit Description(std::string& problem) : problem_(problem) {}

  /// What the type at `offset` is.
  void add(DWARFDie type, const std::string& name, uint64_t offset) {
    type = without_names(type);
    out_ << offset << " " << name << ": ";
    switch (type ? type.getTag() : DW_TAG_unspecified_type) {
      case DW_TAG_base_type:
        out_ << "base " << number(type, DW_AT_encoding) << " of " << number(type, DW_AT_byte_size) << "\n";
        return;
      case DW_TAG_enumeration_type:
        return add_enumeration(type);
      case DW_TAG_array_type:
        return add_array(type, name, offset);
      case DW_TAG_structure_type:
      case DW_TAG_class_type:
      case DW_TAG_union_type:
        return add_fields(type, name, offset);
      case DW_TAG_pointer_type:
        return add_pointer(type, name);
      default:
        refuse(name, "is of a kind that a vault cannot hold");
    }
  }

  std::string text() const { return out_.str(); }

 private:
  static DWARFDie without_names(DWARFDie type) {
    while (type && (type.getTag() == DW_TAG_typedef || type.getTag() == DW_TAG_const_type || type.getTag() == DW_TAG_volatile_type))
      type = type_of(type);
    return type;
  }

  void add_enumeration(DWARFDie type) {
    out_ << "enumeration of " << number(type, DW_AT_byte_size);
    for (DWARFDie value : type.children()) {
      if (value.getTag() == DW_TAG_enumerator) out_ << " " << name_of(value) << "=" << toSigned(value.find(DW_AT_const_value), 0);
    }
    out_ << "\n";
  }

  void add_array(DWARFDie type, const std::string& name, uint64_t offset) {
    out_ << "array";
    for (DWARFDie range : type.children()) {
      if (range.getTag() == DW_TAG_subrange_type) out_ << " " << number(range, DW_AT_count, number(range, DW_AT_upper_bound) + 1);
    }
    out_ << "\n";
    add(type_of(type), name + "[]", offset);
  }

  void add_fields(DWARFDie type, const std::string& name, uint64_t offset) {
    out_ << (type.getTag() == DW_TAG_union_type ? "union of " : "structure of ") << number(type, DW_AT_byte_size) << "\n";
    if (type.find(DW_AT_containing_type)) refuse(name, "has virtual functions");
    if (type.find(DW_AT_declaration)) refuse(name, "is only declared");
    for (DWARFDie field : type.children()) {
      bool is_base = field.getTag() == DW_TAG_inheritance;
      // A static member has no place.
      if ((field.getTag() != DW_TAG_member && !is_base) || field.find(DW_AT_external)) continue;
      std::string inner = name + "." + (is_base ? "<base>" : name_of(field));
      uint64_t place = offset + number(field, DW_AT_data_member_location);
      if (auto bits = field.find(DW_AT_bit_size))
        out_ << toUnsigned(bits, 0) << " bits from " << number(field, DW_AT_data_bit_offset) << " on\n";
      add(type_of(field), inner, place);
    }
  }

  void add_pointer(DWARFDie type, const std::string& name) {
    DWARFDie target = without_names(type_of(type));
    out_ << "pointer\n";
    if (target && target.getTag() == DW_TAG_subroutine_type) refuse(name, "points to a function");
  }

  void refuse(const std::string& name, const char* why) {
    if (problem_.empty()) problem_ = name + " " + why;
    out_ << why << "\n";
  }

  std::ostringstream out_;
  std::string& problem_;
};

}  // namespace

std::string describe(DWARFDie type, std::string& problem) {
  Description description(problem);
  description.add(type, "state", 0);
  return description.text();
}

uint64_t hash_of(const std::string& description) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char letter : description) hash = (hash ^ uint8_t(letter)) * 0x100000001b3;
  return hash ? hash : 1;
}

uint64_t constant_of(DWARFDie type, const char* name) {
  for (DWARFDie member : type.children()) {
    if (name_of(member) == name) return number(member, DW_AT_const_value);
  }
  return 0;
}

}  // namespace pith::layout

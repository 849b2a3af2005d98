// What the source calls the fields that the memory model numbers, and where instructions came from.
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>

#include "verify/prover/executor.h"

namespace pith::verify {

namespace {

/// The type itself, without qualifiers and names for it, or what an array has.
const llvm::DIType* bare(const llvm::DIType* type, bool& is_array) {
  while (type != nullptr) {
    if (auto* composite = llvm::dyn_cast<llvm::DICompositeType>(type)) {
      if (composite->getTag() != llvm::dwarf::DW_TAG_array_type) return composite;
      is_array = true;
      type = composite->getBaseType();
    } else if (auto* derived = llvm::dyn_cast<llvm::DIDerivedType>(type); derived != nullptr && derived->getTag() != llvm::dwarf::DW_TAG_pointer_type) {
      type = derived->getBaseType();
    } else {
      return type;
    }
  }
  return nullptr;
}

/// The member of the record that lies `offset` bits from its start; null: none.
const llvm::DIDerivedType* member_at(const llvm::DICompositeType& record, std::uint64_t offset) {
  for (const llvm::DINode* element : record.getElements()) {
    auto* member = llvm::dyn_cast<llvm::DIDerivedType>(element);
    if (member == nullptr || member->isStaticMember()) continue;
    bool is_part = member->getTag() == llvm::dwarf::DW_TAG_member || member->getTag() == llvm::dwarf::DW_TAG_inheritance;
    if (is_part && member->getOffsetInBits() <= offset && offset < member->getOffsetInBits() + member->getSizeInBits()) return member;
  }
  return nullptr;
}

/// As LLVM's structure is called: `pith::Thread`, which is another than `pith::spec::Thread`.
std::string whole_name(const llvm::DIScope& type) {
  std::string name = type.getName().empty() ? "(anonymous namespace)" : type.getName().str();
  const llvm::DIScope* outside = type.getScope();
  bool is_named = outside != nullptr && (llvm::isa<llvm::DINamespace>(outside) || llvm::isa<llvm::DICompositeType>(outside));
  return is_named ? whole_name(*outside) + "::" + name : name;
}

/// The source's types by name. A process reads one module.
const std::map<std::string, const llvm::DICompositeType*>& records_of(const llvm::Module& module) {
  static const std::map<std::string, const llvm::DICompositeType*> records = [&] {
    llvm::DebugInfoFinder finder;
    finder.processModule(module);
    std::map<std::string, const llvm::DICompositeType*> found;
    for (const llvm::DIType* type : finder.types()) {
      auto* composite = llvm::dyn_cast<llvm::DICompositeType>(type);
      if (composite != nullptr && !composite->getElements().empty()) found.emplace(whole_name(*composite), composite);
    }
    return found;
  }();
  return records;
}

/// The source's type of an LLVM structure: what is called `struct.pith::Thread`, or with a number behind it where modules were linked.
const llvm::DICompositeType* type_called(const llvm::Module& module, llvm::StringRef name) {
  name = name.substr(name.find('.') + 1);
  name = name.substr(0, name.find('.'));  // linked modules number types of one name
  auto known = records_of(module).find(name.str());
  return known == records_of(module).end() ? nullptr : known->second;
}

}  // namespace

std::string MemoryModel::name_of(int leaf) const {
  const Leaf& it = leaves_[std::size_t(leaf)];
  std::string name = objects_[std::size_t(it.object)].name;
  llvm::Type* type = objects_[std::size_t(it.object)].type;
  while (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) name += "[]", type = array->getElementType();
  if (it.path.empty()) return name;
  std::string by_number = name + "." + it.path;
  auto* outermost = llvm::dyn_cast<llvm::StructType>(type);
  if (outermost == nullptr || !outermost->hasName()) return by_number;
  const llvm::DIType* known = type_called(module_, outermost->getName());
  std::uint64_t offset = 0;  // in bytes, of the leaf in what `known` describes
  for (std::string rest = it.path; !rest.empty();) {
    while (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) type = array->getElementType();
    auto* record = llvm::cast<llvm::StructType>(type);
    std::size_t dot = rest.find('.');
    unsigned field = unsigned(std::stoul(rest.substr(0, dot)));
    rest = dot == std::string::npos ? "" : rest.substr(dot + 1);
    offset += layout_.getStructLayout(record)->getElementOffset(field);
    type = record->getElementType(field);
  }
  for (auto* composite = llvm::dyn_cast_or_null<llvm::DICompositeType>(known); composite != nullptr;) {
    if (composite->getTag() == llvm::dwarf::DW_TAG_enumeration_type || composite->getElements().empty()) return name;
    const llvm::DIDerivedType* member = member_at(*composite, offset * 8);
    if (member == nullptr) return by_number;
    offset -= member->getOffsetInBits() / 8;
    if (member->getTag() == llvm::dwarf::DW_TAG_member && !member->getName().empty()) name += "." + member->getName().str();
    bool is_array = false;
    const llvm::DIType* inner = bare(member->getBaseType(), is_array);
    if (is_array) name += "[]";
    composite = llvm::dyn_cast_or_null<llvm::DICompositeType>(inner);
    if (is_array && composite != nullptr && composite->getSizeInBits() != 0) offset %= composite->getSizeInBits() / 8;
    if (composite == nullptr) return name;
  }
  return by_number;
}

std::string location(const llvm::Instruction* instruction) {
  if (instruction == nullptr) return "";
  if (const llvm::DILocation* at = instruction->getDebugLoc().get()) {
    std::string text = at->getFilename().str() + ":" + std::to_string(at->getLine());
    // An inlined helper says little: the place in a source file that it was called from says where.
    while (at->getFilename().ends_with(".h") && at->getInlinedAt() != nullptr) at = at->getInlinedAt();
    std::string from = at->getFilename().str() + ":" + std::to_string(at->getLine());
    return from == text ? text : text + " for " + from;
  }
  return instruction->getFunction()->getName().str();
}

}  // namespace pith::verify

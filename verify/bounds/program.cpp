// Reading the ELF file: code, symbols, names.
#include "verify/bounds/program.h"

#include <llvm/Demangle/Demangle.h>
#include <llvm/Object/ELFObjectFile.h>

#include "verify/bounds/disassembler.h"

namespace pith::bounds {

std::string short_name(const std::string& symbol) {
  std::string name = llvm::demangle(symbol);
  for (const char* part : {"(anonymous namespace)::", "pith::"}) {
    while (true) {
      auto found = name.find(part);
      if (found == std::string::npos) break;
      name.erase(found, std::string(part).size());
    }
  }
  // Parameters, and what the compiler appends to clones, go; a return type stands only before template instances.
  if (auto parameters = name.find('('); parameters != std::string::npos) name.resize(parameters);
  return name;
}

Program::Program() = default;
Program::~Program() = default;

std::unique_ptr<Program> Program::load(const std::string& path, std::string& problem) {
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  if (!file) {
    problem = path + ": " + llvm::toString(file.takeError());
    return nullptr;
  }
  auto* elf = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(file->getBinary());
  if (elf == nullptr || elf->getArch() != llvm::Triple::x86_64) {
    problem = path + ": not an ELF file for x86-64";
    return nullptr;
  }
  std::unique_ptr<Program> program(new Program);
  for (const auto& section : elf->sections()) {
    if (!section.isText() || section.getSize() == 0) continue;
    auto content = section.getContents();
    if (!content || !program->text_.empty()) {
      problem = path + ": there must be one section of code";
      return nullptr;
    }
    program->text_.assign(content->begin(), content->end());
    program->text_start_ = section.getAddress();
  }
  u64 text_end = program->text_start_ + program->text_.size();
  for (const llvm::object::ELFSymbolRef symbol : elf->symbols()) {
    auto name = symbol.getName();
    auto address = symbol.getAddress();
    if (!name || !address || name->empty()) continue;
    std::string known_as = short_name(name->str());
    u8 type = symbol.getELFType();
    if (type == llvm::ELF::STT_FILE || type == llvm::ELF::STT_SECTION) continue;
    program->by_name_.try_emplace(known_as, *address, *address + symbol.getSize());
    bool is_code = *address >= program->text_start_ && *address < text_end;
    if (!is_code || type == llvm::ELF::STT_OBJECT) continue;
    if (type == llvm::ELF::STT_FUNC) {
      program->functions_[*address] = symbol.getSize();
      program->names_[*address] = known_as;
    } else {
      program->names_.try_emplace(*address, known_as);
    }
  }
  program->disassembler_ = std::make_unique<Disassembler>("x86_64-unknown-none-elf");
  return program;
}

const Instruction* Program::at(u64 address) {
  if (auto known = instructions_.find(address); known != instructions_.end()) return &known->second;
  if (address < text_start_ || address >= text_start_ + text_.size()) return nullptr;
  auto bytes = std::span(text_).subspan(address - text_start_);
  Instruction found = disassembler_->decode(bytes, address);
  if (found.size == 0) return nullptr;
  // A lock prefix is decoded as an instruction; it belongs to what follows it.
  if (found.shape.operation.ends_with("_PREFIX") && found.size < bytes.size()) {
    Instruction rest = disassembler_->decode(bytes.subspan(found.size), address + found.size);
    if (rest.size == 0) return nullptr;
    rest.address = address;
    rest.size += found.size;
    found = rest;
  }
  return &instructions_.emplace(address, found).first->second;
}

std::optional<u64> Program::address_of(const std::string& name) const {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  return found->second.first;
}

std::string Program::name_of(u64 address) const {
  auto after = names_.upper_bound(address);
  if (after == names_.begin()) return "?";
  return std::prev(after)->second;
}

std::pair<u64, u64> Program::extent_of(const std::string& name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? std::pair<u64, u64>() : found->second;
}

}  // namespace pith::bounds

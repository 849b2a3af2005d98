// A linked program as instructions: what the processor will run, with symbols to name it.
#pragma once
#include <llvm/MC/MCInst.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"

namespace pith::bounds {

/// What an instruction does to the flow of control.
enum class Flow : u8 {
  Next,      ///< goes on with the next one
  Branch,    ///< goes to the target or on
  Jump,      ///< goes to the target
  Call,      ///< calls the target
  Return,    ///< returns to the caller
  End,       ///< ends the kernel entry: to user code or to sleep
  Dead,      ///< never executed without a bug: a trap on purpose
  Indirect,  ///< goes where only the running program knows: refused
};

/// What the name of an operation says, taken apart once: ADD64ri8 is ADD, 64 bits, form ri8.
struct Shape {
  std::string operation, form;
  u32 width = 0;
};

struct Instruction {
  u64 address = 0;
  u32 size = 0;
  Flow flow = Flow::Next;
  bool is_repeated = false;  ///< a string instruction that runs once per unit of rcx
  u64 target = 0;
  u32 condition = 0;  ///< of a branch, as the architecture numbers it
  llvm::MCInst code;
  Shape shape;

  u64 next() const { return address + size; }
};

class Disassembler;

/// Instructions and symbols of one ELF file. Instructions are decoded where they are asked for.
class Program {
 public:
  /// Nothing, and the reason in `problem`, for a file that cannot be read.
  static std::unique_ptr<Program> load(const std::string& path, std::string& problem);
  ~Program();

  /// The instruction at an address, or nullptr where there is none.
  const Instruction* at(u64 address);
  const Disassembler& disassembler() const { return *disassembler_; }

  /// Start of the symbol with this short name; short names leave out parameters, `pith::` and anonymous namespaces.
  std::optional<u64> address_of(const std::string& name) const;
  /// Short name of the symbol at or before an address.
  std::string name_of(u64 address) const;
  /// Whether a symbol of a function starts here.
  bool is_function(u64 address) const { return functions_.contains(address); }
  /// Start and end of an object, empty if there is no such symbol.
  std::pair<u64, u64> extent_of(const std::string& name) const;

 private:
  Program();
  std::vector<u8> text_;
  u64 text_start_ = 0;
  std::map<u64, std::string> names_;  ///< code
  std::map<std::string, std::pair<u64, u64>> by_name_;
  std::map<u64, u64> functions_;  ///< start and size
  std::map<u64, Instruction> instructions_;
  std::unique_ptr<Disassembler> disassembler_;
};

/// `pith::(anonymous namespace)::walk(unsigned int)` is `walk`.
std::string short_name(const std::string& symbol);

}  // namespace pith::bounds

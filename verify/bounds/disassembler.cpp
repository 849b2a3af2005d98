// Decoding through LLVM's MC layer. What is particular to x86-64 stands in `classify`: which instructions leave the kernel.
#include "verify/bounds/disassembler.h"

#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>

#include <cstdlib>

namespace pith::bounds {

namespace {

/// Takes a name such as ADD64ri8_REV apart. Names without a width keep their whole text as operation.
Shape shape_of(std::string name) {
  if (auto reversed = name.find("_REV"); reversed != std::string::npos) name.resize(reversed);
  if (name == "LEA64_32r") return {"LEA", "r", 32};
  usize digits = name.find_first_of("0123456789");
  if (digits == std::string::npos) return {name, "", 0};
  char* end = nullptr;
  u64 width = std::strtoul(name.c_str() + digits, &end, 10);
  bool is_width = width == 8 || width == 16 || width == 32 || width == 64;
  if (!is_width) return {name, "", 0};
  return {name.substr(0, digits), end, u32(width)};
}

/// Flags that the decoder gives to an instruction behind a prefix REP or REPNE.
constexpr unsigned kRepeated = 4 | 8;

bool is_one_of(llvm::StringRef name, std::initializer_list<const char*> names) {
  for (const char* each : names) {
    if (name == each) return true;
  }
  return false;
}

}  // namespace

Disassembler::Disassembler(const std::string& triple) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  std::string problem;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (target == nullptr) std::abort();  // LLVM was built without it
  registers_.reset(target->createMCRegInfo(triple));
  assembly_.reset(target->createMCAsmInfo(*registers_, triple, llvm::MCTargetOptions()));
  subtarget_.reset(target->createMCSubtargetInfo(triple, "", ""));
  instructions_.reset(target->createMCInstrInfo());
  context_ = std::make_unique<llvm::MCContext>(llvm::Triple(triple), assembly_.get(), registers_.get(), subtarget_.get());
  decoder_.reset(target->createMCDisassembler(*subtarget_, *context_));
  analysis_.reset(target->createMCInstrAnalysis(instructions_.get()));
  printer_.reset(target->createMCInstPrinter(llvm::Triple(triple), 0, *assembly_, *instructions_, *registers_));
}

Instruction Disassembler::decode(std::span<const u8> bytes, u64 address) const {
  Instruction result;
  result.address = address;
  uint64_t size = 0;
  auto status = decoder_->getInstruction(result.code, size, llvm::ArrayRef<uint8_t>(bytes.data(), bytes.size()), address, llvm::nulls());
  if (status != llvm::MCDisassembler::Success) return result;
  result.size = u32(size);
  classify(result);
  return result;
}

void Disassembler::classify(Instruction& instruction) const {
  const llvm::MCInstrDesc& description = instructions_->get(instruction.code.getOpcode());
  llvm::StringRef name = instructions_->getName(instruction.code.getOpcode());
  instruction.shape = shape_of(name.str());
  uint64_t target = 0;
  bool has_target = analysis_->evaluateBranch(instruction.code, instruction.address, instruction.size, target);
  instruction.target = target;
  instruction.is_repeated = (instruction.code.getFlags() & kRepeated) != 0 && name != "PAUSE" && !description.isReturn();
  if (is_one_of(name, {"SYSRET", "SYSRET64", "IRET64", "HLT"})) {
    instruction.flow = Flow::End;
  } else if (is_one_of(name, {"TRAP", "UD1Lr", "INT3"})) {
    instruction.flow = Flow::Dead;
  } else if (is_one_of(name, {"IRET16", "IRET32", "SYSEXIT", "SYSEXIT64", "LRET64", "LRET32", "FARJMP64m", "FARCALL64m"})) {
    instruction.flow = Flow::Indirect;
  } else if (description.isCall()) {
    instruction.flow = has_target ? Flow::Call : Flow::Indirect;
  } else if (description.isReturn()) {
    instruction.flow = Flow::Return;
  } else if (description.isConditionalBranch()) {
    instruction.flow = has_target ? Flow::Branch : Flow::Indirect;
    instruction.condition = name.starts_with("JCC") ? u32(instruction.code.getOperand(1).getImm()) : ~u32{0};
  } else if (description.isBranch()) {
    instruction.flow = has_target && description.isUnconditionalBranch() ? Flow::Jump : Flow::Indirect;
  }
}

std::string Disassembler::text(const Instruction& instruction) const {
  std::string result;
  llvm::raw_string_ostream out(result);
  printer_->printInst(&instruction.code, instruction.address, "", *subtarget_, out);
  return result;
}

}  // namespace pith::bounds

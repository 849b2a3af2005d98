// LLVM's description of one architecture: decoding, and what each instruction reads and writes.
#pragma once
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInstPrinter.h>
#include <llvm/MC/MCInstrAnalysis.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>

#include <memory>
#include <span>

#include "verify/bounds/program.h"

namespace pith::bounds {

class Disassembler {
 public:
  explicit Disassembler(const std::string& triple);

  /// Decodes the instruction at the start of `bytes`; size 0 if there is none.
  Instruction decode(std::span<const u8> bytes, u64 address) const;
  std::string text(const Instruction& instruction) const;

  const llvm::MCInstrDesc& description(const Instruction& instruction) const { return instructions_->get(instruction.code.getOpcode()); }
  const llvm::MCRegisterInfo& registers() const { return *registers_; }

 private:
  void classify(Instruction& instruction) const;

  std::unique_ptr<llvm::MCRegisterInfo> registers_;
  std::unique_ptr<llvm::MCAsmInfo> assembly_;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget_;
  std::unique_ptr<llvm::MCInstrInfo> instructions_;
  std::unique_ptr<llvm::MCContext> context_;
  std::unique_ptr<llvm::MCDisassembler> decoder_;
  std::unique_ptr<llvm::MCInstrAnalysis> analysis_;
  std::unique_ptr<llvm::MCInstPrinter> printer_;
};

}  // namespace pith::bounds

// A pass plugin of clang: before every store that may go to a vault, the word as it was goes to the undo log (abi/vault.h).
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "abi/vault.h"

namespace pith {

namespace {

constexpr std::uint64_t kWord = 8;
/// Size of a va_list. [x86-64 psABI 3.5.7]
constexpr std::uint64_t kArgumentList = 24;

/// Functions of the C library in assembly: `length` bytes at the first argument are written, the third says how many. Most calls of them
/// are intrinsics here; those of code that is compiled without builtins are not.
constexpr llvm::StringRef kCopies[] = {"memcpy", "memmove", "memset"};

bool is_copy(const llvm::Function* function) {
  return function != nullptr && function->isDeclaration() && function->arg_size() == 3 && llvm::is_contained(kCopies, function->getName());
}

/// Writes to what no vault can hold, the stack, or to where the function's result goes: who calls it has logged that.
bool is_local(const llvm::Value* pointer) {
  const llvm::Value* object = llvm::getUnderlyingObject(pointer, 0);
  const auto* argument = llvm::dyn_cast<llvm::Argument>(object);
  return llvm::isa<llvm::AllocaInst>(object) || (argument != nullptr && argument->hasStructRetAttr());
}

/// What an instruction writes: `size` bytes at `pointer`; with a `length` that is no constant: as many as that says.
struct Write {
  llvm::Instruction* instruction;
  llvm::Value* pointer;
  std::uint64_t size = 0;
  llvm::Align alignment;
  llvm::Value* length = nullptr;

  /// All of it lies in one aligned word.
  bool is_in_one_word() const { return length == nullptr && size <= kWord && alignment.value() >= size; }
};

/// Writes of one block to fields of one object, with no call between them: either all of them go to the vault or none. They are logged
/// together, in front of the first: what is logged too early is as good.
struct Group {
  llvm::Value* object;
  Write first;
  std::vector<std::int64_t> words;  ///< distances from `object`, which is aligned; none: what `first` says
};

class UndoLog : public llvm::PassInfoMixin<UndoLog> {
 public:
  static bool isRequired() { return true; }

  llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&) {
    module_ = &module;
    llvm::LLVMContext& context = module.getContext();
    word_ = llvm::Type::getInt64Ty(context);
    pointer_ = llvm::PointerType::getUnqual(context);
    bool is_changed = false;
    for (llvm::Function& function : module) {
      if (is_copy(&function)) refuse_pointers_to(function);
      if (!function.isDeclaration() && function.getSection() != vault::kUnloggedSection) is_changed |= log_writes_of(function);
    }
    return is_changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
  }

 private:
  bool log_writes_of(llvm::Function& function) {
    std::vector<Group> groups;
    for (llvm::BasicBlock& block : function) collect_writes(block, groups);
    for (const Group& group : groups) log(group);
    return !groups.empty();
  }

  void collect_writes(llvm::BasicBlock& block, std::vector<Group>& groups) {
    std::size_t first = groups.size();  // of those that may still grow
    for (llvm::Instruction& instruction : block) {
      std::vector<Write> writes = writes_of(instruction);
      for (const Write& write : writes) {
        if (!is_local(write.pointer)) add(write, groups, first);
      }
      // An event may have ended in a call.
      auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (call != nullptr && !llvm::isa<llvm::IntrinsicInst>(call) && (writes.empty() || call->hasStructRetAttr())) first = groups.size();
    }
  }

  /// Puts the write to a group of this block, or makes a new one.
  void add(const Write& write, std::vector<Group>& groups, std::size_t first) {
    llvm::APInt distance(64, 0);
    llvm::Value* object = write.pointer->stripAndAccumulateConstantOffsets(module_->getDataLayout(), distance, true);
    std::int64_t word = distance.getSExtValue() & ~std::int64_t(kWord - 1);
    bool is_aligned = write.is_in_one_word() && (object->getPointerAlignment(module_->getDataLayout()) >= kWord ||
                                                 (write.alignment >= kWord && distance.getSExtValue() == word));
    auto found = std::find_if(groups.begin() + std::ptrdiff_t(first), groups.end(),
                              [&](const Group& g) { return g.object == object && !g.words.empty(); });
    if (found == groups.end()) {
      groups.push_back({object, write, is_aligned ? std::vector{word} : std::vector<std::int64_t>()});
    } else if (!write.is_in_one_word() || std::uint64_t(distance.getSExtValue() - word) + write.size > kWord) {
      groups.push_back({object, write, {}});
    } else if (std::find(found->words.begin(), found->words.end(), word) == found->words.end()) {
      found->words.push_back(word);
    }
  }

  std::vector<Write> writes_of(llvm::Instruction& instruction) {
    if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
      return {Write{store, store->getPointerOperand(), size_of(store->getValueOperand()->getType()), store->getAlign()}};
    if (auto* change = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction))
      return {Write{change, change->getPointerOperand(), size_of(change->getType()), change->getAlign()}};
    if (auto* change = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction))
      return {Write{change, change->getPointerOperand(), size_of(change->getNewValOperand()->getType()), change->getAlign()}};
    if (auto* memory = llvm::dyn_cast<llvm::AnyMemIntrinsic>(&instruction))
      return {write_of_memory(memory, memory->getRawDest(), memory->getLength(), memory->getDestAlign().valueOrOne())};
    if (llvm::isa<llvm::VAStartInst, llvm::VACopyInst>(instruction))
      return {Write{&instruction, llvm::cast<llvm::CallBase>(instruction).getArgOperand(0), kArgumentList, llvm::Align(kWord)}};
    auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    if (call != nullptr && call->isInlineAsm()) return writes_of_assembly(*call);
    if (call != nullptr && is_copy(call->getCalledFunction()))
      return {write_of_memory(call, call->getArgOperand(0), call->getArgOperand(2), llvm::Align(1))};
    if (auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction)) refuse_unknown(*intrinsic);
    if (call != nullptr && call->hasStructRetAttr()) return writes_of_result(*call);
    return {};
  }

  /// A result in memory.
  std::vector<Write> writes_of_result(llvm::CallBase& call) const {
    unsigned which = call.paramHasAttr(0, llvm::Attribute::StructRet) ? 0 : 1;
    llvm::Type* type = call.getParamStructRetType(which);
    return {Write{&call, call.getArgOperand(which), size_of(type), llvm::Align(1)}};
  }

  std::uint64_t size_of(llvm::Type* type) const { return module_->getDataLayout().getTypeStoreSize(type); }

  /// Its outputs in memory. What it writes through an address in a register is not seen.
  std::vector<Write> writes_of_assembly(llvm::CallBase& call) const {
    std::vector<Write> writes;
    unsigned argument = 0;
    for (const llvm::InlineAsm::ConstraintInfo& one : llvm::cast<llvm::InlineAsm>(call.getCalledOperand())->ParseConstraints()) {
      if (one.Type == llvm::InlineAsm::isOutput && one.isIndirect) {
        llvm::Value* pointer = call.getArgOperand(argument);
        writes.push_back(
            {&call, pointer, size_of(call.getParamElementType(argument)), pointer->getPointerAlignment(module_->getDataLayout())});
      }
      if (one.hasArg()) argument++;
    }
    return writes;
  }

  static Write write_of_memory(llvm::Instruction* instruction, llvm::Value* pointer, llvm::Value* length, llvm::Align alignment) {
    if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(length))
      return {instruction, pointer, constant->getZExtValue(), alignment, nullptr};
    return {instruction, pointer, 0, alignment, length};
  }

  /// What writes in a way that is not known here must not go unnoticed.
  void refuse_unknown(const llvm::IntrinsicInst& call) {
    constexpr llvm::Intrinsic::ID kHarmless[] = {llvm::Intrinsic::stackrestore, llvm::Intrinsic::vaend, llvm::Intrinsic::prefetch};
    if (!call.mayWriteToMemory() || call.isAssumeLikeIntrinsic() || llvm::is_contained(kHarmless, call.getIntrinsicID())) return;
    for (const llvm::Use& argument : call.args()) {
      if (!argument->getType()->isPointerTy() || call.onlyReadsMemory(call.getArgOperandNo(&argument)) || is_local(argument)) continue;
      module_->getContext().emitError(
          &call, "undo log: what " + call.getCalledFunction()->getName() + " writes cannot be logged; only the stack is written like that");
    }
  }

  /// What is called through a pointer is not seen.
  void refuse_pointers_to(const llvm::Function& function) {
    for (const llvm::Use& use : function.uses()) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(use.getUser());
      if (call == nullptr || !call->isCallee(&use))
        module_->getContext().emitError("undo log: the address of " + function.getName() + " is taken; what it writes cannot be logged");
    }
  }

  void log(const Group& group) {
    const Write& first = group.first;
    llvm::IRBuilder<> builder(first.instruction);
    builder.SetCurrentDebugLocation(first.instruction->getDebugLoc());
    llvm::Value* address = builder.CreatePtrToInt(first.pointer, word_);
    llvm::Value* is_in_vault =
        builder.CreateICmpEQ(builder.CreateLShr(address, vault::kWindowShift), constant(vault::kAddress >> vault::kWindowShift));
    if (auto* known = llvm::dyn_cast<llvm::ConstantInt>(is_in_vault); known != nullptr && known->isZero()) return;
    llvm::Instruction* rest = llvm::SplitBlockAndInsertIfThen(is_in_vault, first.instruction, false);
    builder.SetInsertPoint(rest);
    std::vector<llvm::Value*> words;
    for (std::int64_t word : group.words)
      words.push_back(builder.CreateAdd(builder.CreatePtrToInt(group.object, word_), constant(std::uint64_t(word))));
    if (words.empty() && first.is_in_one_word()) words.push_back(builder.CreateAnd(address, ~(kWord - 1)));
    if (words.empty())
      call(builder, "pith_undo_log_range",
           {address, first.length == nullptr ? constant(first.size) : builder.CreateZExtOrTrunc(first.length, word_)});
    else
      log_words(builder, rest, words);
  }

  /// Appends the words at these addresses. The entries count when `next` has passed them, and that is before the stores that they undo.
  void log_words(llvm::IRBuilder<>& builder, llvm::Instruction* rest, const std::vector<llvm::Value*>& words) {
    llvm::Value* next = builder.CreateLoad(word_, field(offsetof(vault::UndoLog, next)));
    llvm::Value* limit = builder.CreateLoad(word_, field(offsetof(vault::UndoLog, limit)));
    llvm::MDNode* seldom = llvm::MDBuilder(module_->getContext()).createUnlikelyBranchWeights();
    llvm::Value* end = builder.CreateAdd(next, constant(words.size() * sizeof(vault::UndoEntry)));
    llvm::IRBuilder<> full(llvm::SplitBlockAndInsertIfThen(builder.CreateICmpUGT(end, limit), rest, true, seldom));
    call(full, "pith_undo_log_full", {})->setDoesNotReturn();
    builder.SetInsertPoint(rest);
    std::uint64_t place = 0;
    for (llvm::Value* address : words) {
      llvm::Value* value = builder.CreateLoad(word_, builder.CreateIntToPtr(address, pointer_));
      store(builder, address, next, place + offsetof(vault::UndoEntry, address));
      store(builder, value, next, place + offsetof(vault::UndoEntry, value));
      store(builder, builder.CreateNot(builder.CreateXor(address, value)), next, place + offsetof(vault::UndoEntry, check));
      place += sizeof(vault::UndoEntry);
    }
    // Volatile, with what comes before and after: the order in which a crash finds them.
    builder.CreateStore(end, field(offsetof(vault::UndoLog, next)), true);
  }

  void store(llvm::IRBuilder<>& builder, llvm::Value* value, llvm::Value* base, std::uint64_t offset) {
    builder.CreateStore(value, builder.CreateIntToPtr(builder.CreateAdd(base, constant(offset)), pointer_), true);
  }

  llvm::Constant* field(std::uint64_t offset) const {
    return llvm::ConstantExpr::getIntToPtr(constant(vault::kLogAddress + offset), pointer_);
  }

  llvm::CallInst* call(llvm::IRBuilder<>& builder, llvm::StringRef name, std::initializer_list<llvm::Value*> arguments) {
    std::vector<llvm::Type*> types(arguments.size(), word_);
    llvm::FunctionCallee callee = module_->getOrInsertFunction(name, llvm::FunctionType::get(builder.getVoidTy(), types, false));
    return builder.CreateCall(callee, llvm::ArrayRef<llvm::Value*>(arguments.begin(), arguments.size()));
  }

  llvm::ConstantInt* constant(std::uint64_t value) const { return llvm::ConstantInt::get(llvm::cast<llvm::IntegerType>(word_), value); }

  llvm::Module* module_ = nullptr;
  llvm::Type* word_ = nullptr;
  llvm::PointerType* pointer_ = nullptr;
};

}  // namespace

}  // namespace pith

/// Called by clang when it loads the plugin. Last of all: what other passes remove needs no log.
extern "C" LLVM_ATTRIBUTE_WEAK llvm::PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "pith-undo-log", "1", [](llvm::PassBuilder& builder) {
            builder.registerOptimizerLastEPCallback(
                [](llvm::ModulePassManager& passes, llvm::OptimizationLevel) { passes.addPass(pith::UndoLog()); });
          }};
}

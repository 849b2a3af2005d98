// pith-host-module: makes of the bitcode that the prover reads one that runs in an ordinary process. The port's assembly and devices become
// calls to the program around it (interface.h), arrays by frame get fixed addresses, and every entry and predicate a wrapper with one kind
// of parameter.
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>

#include <cstdio>

#include "verify/prover/modelled.h"
#include "verify/replay/interface.h"

namespace {

using namespace pith;

bool is_run(llvm::StringRef name) {
  for (const char* prefix : {"entry_", "invariant_", "exit_invariant_", "lemma_", "property_", "relation_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

class HostModule {
 public:
  explicit HostModule(llvm::Module& module)
      : module_(module),
        context_(module.getContext()),
        word_(llvm::Type::getInt64Ty(context_)),
        pointer_(llvm::PointerType::get(context_, 0)) {}

  void make() {
    llvm::StripDebugInfo(module_);
    if (auto* constructors = module_.getNamedGlobal("llvm.global_ctors")) constructors->eraseFromParent();
    replace_bodies();
    for (llvm::Function& function : module_) replace_instructions(function);
    place_arrays();
    drop_unused();
    wrap();
    list_objects();
  }

 private:
  /// An array by frame, at its fixed place.
  struct Array {
    const verify::KernelObject* known;
    llvm::Constant* place;
    std::uint64_t element;
  };

  llvm::FunctionCallee service(const char* name, llvm::Type* result, std::vector<llvm::Type*> parameters) {
    return module_.getOrInsertFunction(name, llvm::FunctionType::get(result, parameters, false));
  }
  llvm::Type* nothing() { return llvm::Type::getVoidTy(context_); }

  llvm::Constant* text(llvm::StringRef words) {
    llvm::Constant* data = llvm::ConstantDataArray::getString(context_, words);
    return new llvm::GlobalVariable(module_, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "replay_text");
  }

  llvm::Value* as_word(llvm::IRBuilder<>& code, llvm::Value* value) {
    return value->getType()->isPointerTy() ? code.CreatePtrToInt(value, word_) : code.CreateZExtOrTrunc(value, word_);
  }

  llvm::Value* answer(llvm::IRBuilder<>& code, llvm::Type* type) {
    return code.CreateZExtOrTrunc(code.CreateCall(service("replay_answer", word_, {})), type);
  }

  /// Says that `name` is reached, with these values.
  void say_reached(llvm::IRBuilder<>& code, llvm::StringRef name, const std::vector<llvm::Value*>& values) {
    llvm::Value* passed = code.CreateAlloca(word_, code.getInt64(values.size() + 1));
    for (std::size_t i = 0; i < values.size(); i++) code.CreateStore(as_word(code, values[i]), code.CreateConstGEP1_64(word_, passed, i));
    code.CreateCall(service("replay_reached", nothing(), {pointer_, word_, pointer_}), {text(name), code.getInt64(values.size()), passed});
  }

  /// Calls what stands for a function or assembly of the port.
  llvm::CallInst* call_stand_in(llvm::IRBuilder<>& code, llvm::StringRef port, const std::vector<llvm::Value*>& passed) {
    llvm::Function* machine = module_.getFunction(verify::stand_in_of(port));
    std::vector<llvm::Value*> values(passed.begin(), passed.begin() + std::ptrdiff_t(machine->arg_size()));
    llvm::CallInst* call = code.CreateCall(machine, values);
    call->setCallingConv(machine->getCallingConv());
    return call;
  }

  /// The address of the running processor's element of an array.
  llvm::Value* own(llvm::IRBuilder<>& code, const char* array) {
    llvm::GlobalVariable *processors = module_.getNamedGlobal("cpus"), *global = module_.getNamedGlobal(array);
    llvm::Type* processor = llvm::cast<llvm::ArrayType>(processors->getValueType())->getElementType();
    llvm::Value* here = code.CreatePtrToInt(code.CreateCall(service("replay_own_cpu", pointer_, {})), word_);
    llvm::Value* distance = code.CreateSub(here, code.CreatePtrToInt(processors, word_));
    llvm::Value* index = code.CreateUDiv(distance, code.getInt64(module_.getDataLayout().getTypeAllocSize(processor)));
    return code.CreateGEP(global->getValueType(), global, {code.getInt64(0), index});
  }

  /// A new body for what is modelled: it ends with what `write` leaves.
  void replace_body(llvm::Function& function, auto&& write) {
    function.deleteBody();
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setVisibility(llvm::GlobalValue::DefaultVisibility);
    function.setAttributes({});
    llvm::IRBuilder<> code(llvm::BasicBlock::Create(context_, "", &function));
    write(code);
    if (code.GetInsertBlock()->getTerminator() != nullptr) return;
    if (function.getReturnType()->isIntegerTy()) function.addRetAttr(llvm::Attribute::ZExt);
    if (function.getReturnType()->isVoidTy())
      code.CreateRetVoid();
    else
      code.CreateRet(answer(code, function.getReturnType()));
  }

  static std::vector<llvm::Value*> parameters_of(llvm::Function& function) {
    std::vector<llvm::Value*> values;
    for (llvm::Argument& argument : function.args()) values.push_back(&argument);
    return values;
  }

  void replace_bodies() {
    for (llvm::Function& function : llvm::make_early_inc_range(module_)) {
      std::string name = function.getName().str();
      auto goes_out = [&](llvm::IRBuilder<>& code) { say_reached(code, name, parameters_of(function)); };
      auto nothing_else = [](llvm::IRBuilder<>&) {};
      if (verify::stand_in_of(name) != nullptr)
        replace_body(function, [&](llvm::IRBuilder<>& code) { call_stand_in(code, name, parameters_of(function)); });
      for (const verify::Primitive& primitive : verify::kPrimitives) {
        if (name != primitive.name) continue;
        if (primitive.ends)
          replace_body(function, goes_out);
        else
          replace_body(function, nothing_else);
      }
      if (llvm::StringRef(name).starts_with("verify_any")) replace_body(function, nothing_else);
      if (name == "verify_root") replace_body(function, [&](llvm::IRBuilder<>& code) { code.CreateRet(own(code, "translation_roots")); });
      if (name == "verify_vectors") replace_body(function, [&](llvm::IRBuilder<>& code) { code.CreateRet(own(code, "vector_units")); });
      if (name == "verify_leave") replace_body(function, nothing_else);
      if (verify::changes_nothing(name)) replace_body(function, nothing_else);
      if (verify::is_assertion(name)) {
        replace_body(function, [&](llvm::IRBuilder<>& code) {
          code.CreateCall(service("replay_failed", nothing(), {pointer_}), {text("assertion")});
        });
      }
      if (name == "clear_frame") {
        replace_body(function, [&](llvm::IRBuilder<>& code) {
          code.CreateCall(service("replay_clear_frame", nothing(), {code.getInt32Ty(), code.getInt32Ty()}), parameters_of(function));
        });
      }
      bool is_cut = std::find(std::begin(verify::kCuts), std::end(verify::kCuts), name) != std::end(verify::kCuts);
      if (is_cut && !function.isDeclaration()) {
        llvm::IRBuilder<> code(&*function.getEntryBlock().getFirstInsertionPt());
        say_reached(code, name, parameters_of(function));
      }
    }
  }

  void replace_instructions(llvm::Function& function) {
    std::vector<llvm::CallInst*> assembly, exits;
    std::vector<llvm::LoadInst*> loads;
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      if (call != nullptr && call->getCalledFunction() != nullptr && call->getCalledFunction()->getName() == "verify_leave") exits.push_back(call);
      if (call != nullptr && call->isInlineAsm()) assembly.push_back(call);
      if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction); load && load->isVolatile() && load->getType()->isIntegerTy())
        loads.push_back(load);
    }
    for (llvm::CallInst* call : assembly) replace_assembly(*call);
    for (llvm::CallInst* call : exits) {
      llvm::IRBuilder<> code(call);
      say_reached(code, function.getName(), {});
    }
    for (llvm::LoadInst* load : loads) {
      llvm::IRBuilder<> code(load);
      std::uint64_t bytes = module_.getDataLayout().getTypeStoreSize(load->getType());
      llvm::Value* value =
          code.CreateCall(service("replay_user_load", word_, {pointer_, word_}), {load->getPointerOperand(), code.getInt64(bytes)});
      load->replaceAllUsesWith(code.CreateZExtOrTrunc(value, load->getType()));
      load->eraseFromParent();
    }
  }

  void replace_assembly(llvm::CallInst& call) {
    llvm::IRBuilder<> code(&call);
    std::string name = llvm::cast<llvm::InlineAsm>(call.getCalledOperand())->getAsmString();
    llvm::Type* type = call.getType();
    llvm::Value* result = nullptr;
    if (name == verify::kOwnCpu) {
      result = code.CreateCall(service("replay_own_cpu", pointer_, {}));
    } else if (verify::stand_in_of(name) != nullptr) {
      llvm::CallInst* made = call_stand_in(code, name, {call.arg_begin(), call.arg_end()});
      if (!made->getType()->isVoidTy()) result = made;
      else if (!type->isVoidTy()) result = llvm::PoisonValue::get(type);
    } else if (!verify::is_harmless(name)) {
      code.CreateCall(service("replay_lost", nothing(), {pointer_}), {text("assembly without a model: " + name)});
    }
    if (result == nullptr && type->isIntegerTy()) result = answer(code, type);
    if (result == nullptr && type->isStructTy()) {
      result = llvm::PoisonValue::get(type);
      for (unsigned i = 0; i < type->getStructNumElements(); i++)
        result = code.CreateInsertValue(result, answer(code, type->getStructElementType(i)), i);
    }
    if (result != nullptr) call.replaceAllUsesWith(result);
    call.eraseFromParent();
  }

  void place_arrays() {
    for (unsigned number = 0; const verify::KernelObject& known : verify::kKernelObjects) {
      std::uint64_t address = replay::address_of_array(number++);
      llvm::GlobalVariable* global = module_.getNamedGlobal(known.name);
      if (global == nullptr || !global->isDeclaration()) continue;
      auto* element = llvm::cast<llvm::ArrayType>(global->getValueType())->getElementType();
      std::uint64_t size = module_.getDataLayout().getTypeAllocSize(element);
      if (known.name == "frames") {
        std::uint64_t bytes = module_.getDataLayout().getTypeStoreSize(llvm::cast<llvm::StructType>(element)->getElementType(0));
        new llvm::GlobalVariable(module_, word_, true, llvm::GlobalValue::ExternalLinkage, llvm::ConstantInt::get(word_, bytes),
                                 "replay_type_bytes");
      }
      llvm::Constant* place = llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(word_, address), pointer_);
      global->replaceAllUsesWith(place);
      arrays_.push_back({&known, place, size});
    }
  }

  /// Boot code and what else no entry reaches would need the rest of the port.
  void drop_unused() {
    for (llvm::GlobalValue& value : module_.global_values()) {
      bool is_kept = value.getName().starts_with("replay_") || value.getName().starts_with("llvm.") ||
                     (llvm::isa<llvm::Function>(value) && is_run(value.getName()));
      if (value.isDeclaration() || is_kept) continue;
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
      value.setVisibility(llvm::GlobalValue::DefaultVisibility);
    }
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    llvm::GlobalDCEPass().run(module_, modules);
  }

  void wrap() {
    std::vector<llvm::Function*> wanted;
    for (llvm::Function& function : module_) {
      if (!function.isDeclaration() && is_run(function.getName())) wanted.push_back(&function);
    }
    auto* type = llvm::FunctionType::get(nothing(), {pointer_}, false);
    auto* row_type = llvm::StructType::get(context_, {pointer_, pointer_});
    std::vector<llvm::Constant*> rows;
    for (llvm::Function* function : wanted) {
      auto* wrapper = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "replay_run_" + function->getName(), module_);
      llvm::IRBuilder<> code(llvm::BasicBlock::Create(context_, "", wrapper));
      std::vector<llvm::Value*> values;
      for (llvm::Argument& argument : function->args())
        values.push_back(code.CreateZExtOrTrunc(
            code.CreateLoad(word_, code.CreateConstGEP1_64(word_, wrapper->getArg(0), argument.getArgNo())), argument.getType()));
      llvm::CallInst* call = code.CreateCall(function, values);
      call->setCallingConv(function->getCallingConv());
      if (function->getReturnType()->isIntegerTy()) code.CreateStore(as_word(code, call), wrapper->getArg(0));
      code.CreateRetVoid();
      rows.push_back(llvm::ConstantStruct::get(row_type, {text(function->getName()), wrapper}));
    }
    table("replay_functions", row_type, rows);
  }

  llvm::Constant* row(llvm::StringRef name, llvm::Constant* address, std::uint64_t size, std::uint64_t element, verify::ObjectKind kind,
                      unsigned frame_type) {
    auto* half = llvm::Type::getInt32Ty(context_);
    auto number = [&](std::uint64_t value) { return llvm::ConstantInt::get(word_, value); };
    return llvm::ConstantStruct::getAnon({text(name), llvm::ConstantExpr::getPtrToInt(address, word_), number(size), number(element),
                                          llvm::ConstantInt::get(half, unsigned(kind)), llvm::ConstantInt::get(half, frame_type)});
  }

  void list_objects() {
    std::vector<llvm::Constant*> rows;
    for (const Array& array : arrays_)
      rows.push_back(
          row(array.known->name, array.place, array.element * verify::kFrames, array.element, array.known->kind, array.known->frame_type));
    std::vector<llvm::GlobalVariable*> globals;
    for (llvm::GlobalVariable& global : module_.globals()) {
      if (!global.isDeclaration() && !global.isConstant() && !global.getName().starts_with("replay_")) globals.push_back(&global);
    }
    for (llvm::GlobalVariable* global : globals) {
      verify::ObjectKind kind = global->getName() == "kernel_lock" ? verify::ObjectKind::Lock : verify::ObjectKind::Plain;
      rows.push_back(row(global->getName(), global, module_.getDataLayout().getTypeAllocSize(global->getValueType()), 0, kind, 0));
    }
    table("replay_objects", rows.front()->getType(), rows);
  }

  void table(const char* name, llvm::Type* row_type, std::vector<llvm::Constant*> rows) {
    rows.push_back(llvm::Constant::getNullValue(row_type));
    auto* type = llvm::ArrayType::get(row_type, rows.size());
    new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::ExternalLinkage, llvm::ConstantArray::get(type, rows), name);
  }

  llvm::Module& module_;
  llvm::LLVMContext& context_;
  llvm::Type* word_;
  llvm::PointerType* pointer_;
  std::vector<Array> arrays_;
};

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: pith-host-module MODULE OUTPUT\n");
    return 2;
  }
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  auto module = llvm::parseIRFile(words[1], problem, context);
  if (!module) {
    problem.print("pith-host-module", llvm::errs());
    return 2;
  }
  HostModule(*module).make();
  if (llvm::verifyModule(*module, &llvm::errs())) return 1;
  std::error_code error;
  llvm::raw_fd_ostream file(words[2], error, llvm::sys::fs::OF_None);
  if (error) {
    std::fprintf(stderr, "pith-host-module: %s: %s\n", words[2], error.message().c_str());
    return 1;
  }
  llvm::WriteBitcodeToFile(*module, file);
  return 0;
}

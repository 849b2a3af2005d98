// Loads and stores: every access must be inside its object, and to a view only of a frame that has this type.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Metadata.h>

#include <algorithm>
#include <stdexcept>

#include "verify/prover/executor.h"

namespace pith::verify {

void Executor::check_pointer(State& state, const Value& address, const llvm::Instruction* at) {
  oblige(state, negate(address.poison_condition()), "poison address", at);
  oblige(state, negate(address.pointer.null_condition()), "null pointer", at);
  if (address.pointer.object < 0 && !pure_ && !follows_) throw std::runtime_error("access through an unknown pointer at " + location(at));
}

/// The type of a frame in the state as it is now.
Expression Executor::frame_type(State& state, const Expression& frame) {
  return memory.read(state.memory, type_leaf_, {frame}).integer->simplify();
}

bool Executor::check_place(State& state, const Pointer& address, const Place& place, const char* what, const llvm::Instruction* at) {
  if (!place.inside) {
    if (!pure_ && !follows_) fail(std::string(what) + ": address outside every field", at, "", false);
    return false;
  }
  if (pure_ || follows_) return true;
  const Object& object = memory.object(address.object);
  // Of a word of user memory nobody wants to know later that it was inside its page.
  for (const Expression& bound : place.bounds) oblige(state, bound, "index out of bounds", at, object.kind != ObjectKind::User);
  bool is_view = object.kind == ObjectKind::View || object.kind == ObjectKind::User;
  if (!is_view && object.kind != ObjectKind::PerFrame) return true;
  const Expression& frame = place.index[0];
  if (object.kind == ObjectKind::PerFrame) {
    if (!state.shown.insert({-1, identity(frame)}).second) return true;
    kept_.push_back(frame);
    Expression count = *memory.read(state.memory, count_leaf_, {}).integer;
    oblige(state, z3::ult(zero_extend(frame, 32), count), "frame that does not exist", at);
    return true;
  }
  Expression type = frame_type(state, frame);
  if (!state.shown.insert({address.object, identity(type)}).second) return true;
  kept_.push_back(type);
  Expression allowed = equal(type, bits(object.frame_type, width_of(type)));
  // Frame 0 reads as an empty capability space and table.
  if (reads_frame_0(object.name)) allowed = either(allowed, equal(frame, bits(0, width_of(frame))));
  oblige(state, allowed, "view of a frame of another type", at);
  return true;
}

Expression Executor::load_bytes(State& state, const Pointer& address, unsigned count, const llvm::Instruction* at, Value* whole) {
  std::optional<Expression> result;
  for (unsigned done = 0; done < count;) {
    Pointer here = address;
    here.offset += done;
    Place place = memory.resolve(here);
    if (!check_place(state, here, place, "load", at)) return fresh("outside", count * 8);
    unsigned take = std::min(place.available, count - done);
    Expression part = fresh("padding", take * 8);
    if (place.leaf >= 0) {
      const Memory& now = state.reads_old && old_ != nullptr ? *old_ : state.memory;
      Value value = memory.read(now, place.leaf, place.index);
      if (memory.object(address.object).kind == ObjectKind::User) MemoryModel::append(state.answers, value);
      if (whole != nullptr) *whole = value;
      if (value.kind == Value::Kind::Pointer) return bits(0, count * 8);
      part = *value.integer;
      unsigned width = width_of(part) / 8;
      if (take != width) part = part.extract((place.offset + take) * 8 - 1, place.offset * 8);
      if (whole != nullptr && take != count) whole->poison.reset();
    }
    result = result ? z3::concat(part, *result) : part;
    done += take;
  }
  return result->simplify();
}

std::set<int> Executor::leaves_at(const llvm::Value* address, std::uint64_t size) {
  Pointer pointer = operand({}, address).pointer;
  std::set<int> leaves;
  for (std::uint64_t done = 0; done < size;) {
    Place place = memory.resolve(pointer);
    if (!place.inside || place.available == 0) throw std::runtime_error("a contract forgets what is no field");
    if (place.leaf >= 0) leaves.insert(place.leaf);
    pointer.offset += place.available;
    done += place.available;
  }
  return leaves;
}

Value Executor::load(State& state, const Pointer& address, llvm::Type* type, const llvm::Instruction* at) {
  unsigned size = unsigned(layout_.getTypeStoreSize(type));
  if (address.object >= 0 && memory.object(address.object).kind == ObjectKind::Lock) return Value::of(bits(0, size * 8));
  if (address.object < 0) return Value::of(fresh("nowhere", size * 8));
  Value whole;
  Expression result = load_bytes(state, address, size, at, &whole);
  if (type->isPointerTy()) {
    if (whole.kind != Value::Kind::Pointer) throw std::runtime_error("integer loaded as a pointer at " + location(at));
    return whole;
  }
  if (!type->isIntegerTy()) throw std::runtime_error("load of an unsupported type at " + location(at));
  unsigned width = type->getIntegerBitWidth();
  Value value = Value::of(width == 1 ? as_truth(result.extract(0, 0)).simplify() : low_bits(result, width));
  if (whole.poison) value.add_poison(*whole.poison);
  // A field of type bool holds 0 or 1: every store to one is obliged to keep that.
  if (const llvm::MDNode* range = at->getMetadata(llvm::LLVMContext::MD_range); range != nullptr && !pure_) {
    auto limit = [&](unsigned index) { return llvm::mdconst::extract<llvm::ConstantInt>(range->getOperand(index))->getZExtValue(); };
    Expression known = both(z3::uge(*value.integer, bits(limit(0), width)), z3::ult(*value.integer, bits(limit(1), width))).simplify();
    if (!known.is_true()) state.path.push_back(known);
  }
  return value;
}

bool Executor::is_bool_access(const llvm::Instruction& instruction) {
  const llvm::MDNode* tag = instruction.getMetadata(llvm::LLVMContext::MD_tbaa);
  if (tag == nullptr || tag->getNumOperands() < 2) return false;
  auto* type = llvm::dyn_cast_or_null<llvm::MDNode>(tag->getOperand(1));
  auto* name = type == nullptr ? nullptr : llvm::dyn_cast<llvm::MDString>(type->getOperand(0));
  return name != nullptr && name->getString() == "bool";
}

void Executor::store_bytes(State& state, const Pointer& address, unsigned count, const Expression& value, const llvm::Instruction* at) {
  for (unsigned done = 0; done < count;) {
    Pointer here = address;
    here.offset += done;
    Place place = memory.resolve(here);
    if (!check_place(state, here, place, "store", at)) return;
    unsigned take = std::min(place.available, count - done);
    if (place.leaf >= 0) {
      const Leaf& leaf = memory.leaf(place.leaf);
      Expression part = take == count ? value : value.extract((done + take) * 8 - 1, done * 8);
      if (take * 8 != leaf.bits) {
        Expression old = *memory.read(state.memory, place.leaf, place.index).integer;
        if (place.offset + take < leaf.bits / 8) part = z3::concat(old.extract(leaf.bits - 1, (place.offset + take) * 8), part);
        if (place.offset != 0) part = z3::concat(part, old.extract(place.offset * 8 - 1, 0));
      }
      memory.write(state.memory, place.leaf, place.index, Value::of(part.simplify()));
    }
    done += take;
  }
}

void Executor::store(State& state, const Pointer& address, const Value& value, llvm::Type* type, const llvm::Instruction* at) {
  if (address.object < 0) return;
  const Object& object = memory.object(address.object);
  if (object.kind == ObjectKind::Lock) return;
  if (object.kind == ObjectKind::Constant) fail("store to a constant", at, "", false);
  unsigned size = unsigned(layout_.getTypeStoreSize(type));
  if (type->isPointerTy() || object.kind == ObjectKind::Local) {
    Place place = memory.resolve(address);
    bool whole = place.inside && place.leaf >= 0 && place.offset == 0 && place.available == size;
    if (whole) {
      check_place(state, address, place, "store", at);
      Value stored = value;
      if (value.kind == Value::Kind::Integer) stored.integer = as_bits(*value.integer, size * 8), stored.integer = zero_extend(*stored.integer, size * 8);
      memory.write(state.memory, place.leaf, place.index, stored);
      return;
    }
    if (type->isPointerTy()) throw std::runtime_error("pointer stored in pieces at " + location(at));
  }
  if (!type->isIntegerTy()) throw std::runtime_error("store of an unsupported type at " + location(at));
  Expression word = value.integer->is_bool() ? as_bits(*value.integer, size * 8) : zero_extend(*value.integer, size * 8);
  store_bytes(state, address, size, word, at);
}

void Executor::write_where(State& state, const Expression& condition, const Expression& each, const Value& address, const Expression& value,
                           const llvm::CallInst& at) {
  Place place = memory.resolve(address.pointer);
  if (place.leaf < 0 || place.offset != 0) throw std::runtime_error("a contract writes to what is no field at " + location(&at));
  State there = state;
  there.path.push_back(condition);
  check_place(there, address.pointer, place, "store", &at);
  Everywhere everywhere{each, condition, {}};
  for (int number : state.reads) {
    const Read& read = facts.read(number);
    bool is_of_each = std::any_of(read.index.begin(), read.index.end(), [&](const Expression& e) { return is_same(e, low_bits(each, width_of(e)).simplify()); });
    if (is_of_each) everywhere.reads.push_back(read);
  }
  memory.write(state.memory, place.leaf, place.index, Value::of(low_bits(value, memory.leaf(place.leaf).bits).simplify()), everywhere);
}

void Executor::fill(State& state, const Pointer& to, std::uint64_t count, const Expression& byte, const llvm::Instruction* at) {
  for (std::uint64_t done = 0; done < count;) {
    unsigned take = unsigned(std::min<std::uint64_t>(8, count - done));
    Expression word = byte;
    for (unsigned i = 1; i < take; i++) word = z3::concat(word, byte);
    Pointer here = to;
    here.offset += std::int64_t(done);
    store_bytes(state, here, take, word.simplify(), at);
    done += take;
  }
}

void Executor::copy(State& state, const Pointer& to, const Pointer& from, std::uint64_t count, const llvm::Instruction* at) {
  struct Piece {
    Pointer to;
    unsigned size;
    Value value;
  };
  std::vector<Piece> pieces;
  for (std::uint64_t done = 0; done < count;) {
    Pointer source = from, target = to;
    source.offset += std::int64_t(done);
    target.offset += std::int64_t(done);
    Place place = memory.resolve(source);
    if (!check_place(state, source, place, "copy", at)) return;
    unsigned take = unsigned(std::min<std::uint64_t>(place.available, count - done));
    Value value;
    Expression word = load_bytes(state, source, take, at, &value);
    if (value.kind != Value::Kind::Pointer) value.integer = word;
    if (place.leaf >= 0) pieces.push_back({target, take, value});
    done += take;
  }
  for (const Piece& piece : pieces) {
    Place place = memory.resolve(piece.to);
    bool whole = place.inside && place.leaf >= 0 && place.offset == 0 && place.available == piece.size;
    if (whole) {
      check_place(state, piece.to, place, "copy", at);
      memory.write(state.memory, place.leaf, place.index, piece.value);
    } else {
      oblige(state, negate(piece.value.poison_condition()), "poison copied", at);
      store_bytes(state, piece.to, piece.size, *piece.value.integer, at);
    }
  }
}

}  // namespace pith::verify

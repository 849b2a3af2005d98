// Resolving addresses to fields, and reading through lists of changes.
#include "verify/prover/memory.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>

#include <set>
#include <stdexcept>
#include <utility>

namespace pith::verify {

namespace {

/// The expression for one value of `each`.
Expression with_each(const Expression& e, const Expression& each, const Expression& value) {
  z3::expr_vector from(solver_context()), to(solver_context());
  from.push_back(each), to.push_back(value);
  return Expression(e).substitute(from, to).simplify();
}

/// The index speaks of every place in this dimension.
bool is_each(const Node& node, std::size_t dimension) {
  if (!node.everywhere) return false;
  const Expression& index = node.index[dimension];
  return is_same(index, low_bits(node.everywhere->each, width_of(index)).simplify());
}

/// What `each` is where the store reaches `index`.
Expression each_at(const Node& node, const std::vector<Expression>& index) {
  for (std::size_t i = 0; i < index.size(); i++) {
    if (is_each(node, i)) return zero_extend(index[i], 64).simplify();
  }
  throw std::runtime_error("a store to every place has no index that is every one");
}

}  // namespace

unsigned index_bits(std::uint64_t count) {
  unsigned width = 1;
  while (width < 64 && (std::uint64_t{1} << width) < count) width++;
  return width;
}

MemoryModel::MemoryModel(const llvm::Module& module) : module_(module), layout_(module.getDataLayout()) {
  for (const llvm::GlobalVariable& global : module.globals()) {
    Object object{global.getName().str(), global.getValueType(), ObjectKind::Plain, 0, nullptr};
    if (global.isConstant() && global.hasInitializer()) {
      object.kind = ObjectKind::Constant;
      object.initializer = global.getInitializer();
    }
    for (const KernelObject& known : kKernelObjects) {
      if (object.name != known.name) continue;
      object.kind = known.kind;
      object.frame_type = known.frame_type;
    }
    by_global_[&global] = int(objects_.size());
    objects_.push_back(object);
  }
}

int MemoryModel::object_of(const llvm::GlobalVariable* global) const { return by_global_.at(global); }

int MemoryModel::object_named(const std::string& name) const {
  for (std::size_t i = 0; i < objects_.size(); i++) {
    if (objects_[i].name == name) return int(i);
  }
  return -1;
}

int MemoryModel::add_local(llvm::Type* type) {
  objects_.push_back({"local" + std::to_string(objects_.size()), type, ObjectKind::Local, 0, nullptr});
  return int(objects_.size()) - 1;
}

int MemoryModel::leaf_for(int object, const std::string& path, unsigned bits, bool is_pointer, const std::vector<std::uint64_t>& dimensions) {
  auto found = leaf_numbers_.find({object, path});
  if (found != leaf_numbers_.end()) return found->second;
  z3::context& context = solver_context();
  z3::sort_vector domain(context);
  for (std::uint64_t count : dimensions) domain.push_back(context.bv_sort(index_bits(count)));
  std::string name = objects_[object].name + (path.empty() ? "" : "." + path);
  leaves_.push_back({object, path, bits, is_pointer, dimensions, context.function(name.c_str(), domain, context.bv_sort(bits))});
  return leaf_numbers_[{object, path}] = int(leaves_.size()) - 1;
}

void MemoryModel::descend(llvm::Type* type, Pointer rest, std::string path, std::vector<std::uint64_t> dimensions, Place& place, int object) {
  if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    llvm::Type* element = array->getElementType();
    std::int64_t size = std::int64_t(layout_.getTypeAllocSize(element));
    std::uint64_t count = array->getNumElements();
    if (count == 0) count = kFrames;
    Expression index = bits(0, 64);
    Pointer inner;
    for (const auto& [stride, term] : rest.terms) {
      if (stride % size == 0)
        index = index + (stride == size ? term : term * bits(std::uint64_t(stride / size), 64));
      else
        inner.terms.push_back({stride, term});
    }
    std::int64_t whole = rest.offset / size, left = rest.offset % size;
    if (left < 0) left += size, whole--;
    index = (index + bits(std::uint64_t(whole), 64)).simplify();
    inner.offset = left;
    place.bounds.push_back(z3::ult(index, bits(count, 64)).simplify());
    place.index.push_back(low_bits(index, index_bits(count)));
    dimensions.push_back(count);
    return descend(element, inner, path, dimensions, place, object);
  }
  if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
    const llvm::StructLayout* fields = layout_.getStructLayout(record);
    if (rest.offset < 0 || std::uint64_t(rest.offset) >= fields->getSizeInBytes()) {
      place.inside = false;
      return;
    }
    unsigned field = fields->getElementContainingOffset(std::uint64_t(rest.offset));
    std::uint64_t start = fields->getElementOffset(field);
    std::uint64_t next = field + 1 < record->getNumElements() ? std::uint64_t(fields->getElementOffset(field + 1)) : fields->getSizeInBytes();
    llvm::Type* inner = record->getElementType(field);
    if (std::uint64_t(rest.offset) - start >= layout_.getTypeAllocSize(inner)) {
      place.available = unsigned(next - std::uint64_t(rest.offset));
      return;
    }
    rest.offset -= std::int64_t(start);
    return descend(inner, rest, path.empty() ? std::to_string(field) : path + "." + std::to_string(field), dimensions, place, object);
  }
  std::uint64_t size = layout_.getTypeStoreSize(type);
  if (!rest.terms.empty() || rest.offset < 0 || std::uint64_t(rest.offset) >= size) {
    place.inside = false;
    return;
  }
  place.leaf = leaf_for(object, path, unsigned(size * 8), type->isPointerTy(), dimensions);
  place.offset = unsigned(rest.offset);
  place.available = unsigned(size - std::uint64_t(rest.offset));
}

Place MemoryModel::resolve(const Pointer& address) {
  Place place;
  descend(objects_[address.object].type, address, "", {}, place, address.object);
  return place;
}

int MemoryModel::leaf_at(int object, const std::string& path) {
  Pointer address;
  address.object = object;
  llvm::Type* type = objects_[object].type;
  std::string rest = path;
  while (true) {
    if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
      type = array->getElementType();
      continue;
    }
    auto* record = llvm::dyn_cast<llvm::StructType>(type);
    if (record == nullptr) break;
    std::size_t dot = rest.find('.');
    unsigned field = unsigned(std::stoul(rest.substr(0, dot)));
    rest = dot == std::string::npos ? "" : rest.substr(dot + 1);
    address.offset += std::int64_t(layout_.getStructLayout(record)->getElementOffset(field));
    type = record->getElementType(field);
  }
  return resolve(address).leaf;
}

std::uint64_t MemoryModel::offset_of(int leaf, const std::vector<std::uint64_t>& index) const {
  llvm::Type* type = objects_[leaves_[leaf].object].type;
  std::string rest = leaves_[leaf].path;
  std::uint64_t offset = 0;
  for (std::size_t next = 0;;) {
    if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
      type = array->getElementType();
      offset += index[next++] * layout_.getTypeAllocSize(type);
      continue;
    }
    auto* record = llvm::dyn_cast<llvm::StructType>(type);
    if (record == nullptr) return offset;
    unsigned field = unsigned(std::stoul(rest));
    std::size_t dot = rest.find('.');
    rest = dot == std::string::npos ? "" : rest.substr(dot + 1);
    offset += layout_.getStructLayout(record)->getElementOffset(field);
    type = record->getElementType(field);
  }
}

Expression MemoryModel::constant(const Leaf& leaf, const std::vector<Expression>& index) {
  Expression result = bits(0, leaf.bits);
  std::function<void(const llvm::Constant*, llvm::Type*, const std::string&, const std::vector<std::uint64_t>&)> visit =
      [&](const llvm::Constant* value, llvm::Type* type, const std::string& path, const std::vector<std::uint64_t>& at) {
        if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
          for (std::uint64_t i = 0; i < array->getNumElements(); i++) {
            auto deeper = at;
            deeper.push_back(i);
            visit(value->getAggregateElement(unsigned(i)), array->getElementType(), path, deeper);
          }
          return;
        }
        if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
          for (unsigned i = 0; i < record->getNumElements(); i++)
            visit(value->getAggregateElement(i), record->getElementType(i), path.empty() ? std::to_string(i) : path + "." + std::to_string(i), at);
          return;
        }
        auto* number = llvm::dyn_cast<llvm::ConstantInt>(value);
        if (path != leaf.path || number == nullptr) return;
        Expression here = truth(true);
        for (std::size_t k = 0; k < at.size(); k++) here = both(here, equal(index[k], bits(at[k], width_of(index[k]))));
        result = choose(here, bits(number->getZExtValue(), leaf.bits), result);
      };
  const Object& object = objects_[leaf.object];
  visit(object.initializer, object.type, "", {});
  return result.simplify();
}

Value MemoryModel::decode(const Leaf& leaf, const Expression& stored) const {
  if (!leaf.is_pointer) return Value::of(stored);
  // Pointers in the kernel's memory: Cpu::current and the like name threads by frame (0: none); Cpu::self a processor.
  const Object& holder = objects_[leaf.object];
  bool to_thread = holder.name == "cpus" && leaf.path == "0";
  std::string target = to_thread ? "threads" : holder.name;
  return Value::of(element(object_named(target), low_bits(stored, 32), to_thread));
}

Pointer MemoryModel::element(int object, const Expression& index, bool may_be_null) const {
  Pointer pointer;
  pointer.object = object;
  llvm::Type* type = llvm::cast<llvm::ArrayType>(objects_[object].type)->getElementType();
  // The kernel computes such an address from a frame number, of 32 bits.
  pointer.terms.push_back({std::int64_t(layout_.getTypeAllocSize(type)), zero_extend(index, 64)});
  if (may_be_null) pointer.is_null = equal(index, bits(0, 32)).simplify();
  return pointer;
}

Expression MemoryModel::held(const Value& value) const {
  if (value.kind == Value::Kind::Integer) return *value.integer;
  const Pointer& pointer = value.pointer;
  if (value.kind == Value::Kind::Pointer && pointer.object < 0) return bits(0, 32);
  if (value.kind != Value::Kind::Pointer || pointer.offset != 0 || pointer.terms.size() != 1) throw std::runtime_error("a pointer in memory is not to an element");
  Expression index = low_bits(pointer.terms[0].second, 32).simplify(), none = pointer.null_condition().simplify();
  bool says_so = none.is_false() || is_same(none, equal(index, bits(0, 32)).simplify());
  return says_so ? index : choose(none, bits(0, 32), index).simplify();
}

Value MemoryModel::before(int number, const std::vector<Expression>& index) {
  const Leaf leaf = leaves_[number];
  const Object& object = objects_[leaf.object];
  if (object.kind == ObjectKind::Constant) return decode(leaf, constant(leaf, index));
  if (object.kind == ObjectKind::User && !meaning_of) return Value::of(fresh("user", leaf.bits));
  if (object.kind == ObjectKind::Local) {
    Value value = leaf.is_pointer ? Value::of(Pointer{}) : Value::of(fresh("uninitialised", leaf.bits));
    value.add_poison(truth(true));
    return value;
  }
  if (object.kind == ObjectKind::Specification && meaning_of) {
    std::vector<Read> reads;
    std::vector<Read>* outer = std::exchange(collector_, nullptr);
    std::optional<Expression> meant = meaning_of(number, index, reads);
    collector_ = outer;
    if (collector_ != nullptr) collector_->insert(collector_->end(), reads.begin(), reads.end());
    if (meant) return Value::of(*meant);
  }
  if (starts_zero) return decode(leaf, bits(0, leaf.bits));
  // Whatever it is, kernel and specification read the same there.
  if (collector_ != nullptr && object.kind != ObjectKind::User) collector_->push_back({number, index});
  z3::expr_vector arguments(solver_context());
  for (const Expression& e : index) arguments.push_back(e);
  return decode(leaf, leaf.symbol(arguments));
}

Value MemoryModel::read_list(const NodePointer& start, int leaf, const std::vector<Expression>& index) {
  NodePointer node = start;
  // Changes that cannot matter are passed over, so that different lists give the same expression where they agree.
  std::optional<Expression> here;
  while (node) {
    if (node->kind == Node::Kind::Merge) break;
    bool applies = node->leaf == leaf || node->leaf == -1;
    if (applies) {
      Expression condition = truth(true);
      for (std::size_t i = 0; i < node->index.size() && !condition.is_false(); i++) {
        if (is_each(*node, i)) continue;
        Expression same = equal(index[i], node->index[i]).simplify();
        bool is_excluded = std::any_of(excluded_.begin(), excluded_.end(), [&](const Expression& e) { return is_same(e, same); });
        condition = is_excluded ? truth(false) : both(condition, same);
      }
      condition = condition.simplify();
      if (!condition.is_false()) {
        here = condition;
        break;
      }
    }
    node = node->next;
  }
  if (!node) return before(leaf, index);
  std::string key = std::to_string(reinterpret_cast<std::uintptr_t>(node.get())) + "/" + std::to_string(leaf);
  for (const Expression& e : index) key += "," + std::to_string(identity(e));
  key += excluding_;
  auto cached = cache_.find(key);
  if (cached != cache_.end()) {
    if (collector_ != nullptr) collector_->insert(collector_->end(), cached->second.reads.begin(), cached->second.reads.end());
    return cached->second.value;
  }
  std::vector<Read> reads;
  std::vector<Read>* outer = collector_;
  collector_ = &reads;

  auto combine = [&](const Expression& condition, const Value& yes, auto&& no) -> Value {
    if (condition.is_true()) return yes;
    auto merged = ::pith::verify::merge(condition, yes, no());
    if (!merged) throw std::runtime_error("memory holds pointers into different objects");
    if (merged->kind == Value::Kind::Integer) merged->integer = merged->integer->simplify();
    return *merged;
  };
  auto rest = [&] { return read_list(node->next, leaf, index); };
  Value result;
  switch (node->kind) {
    case Node::Kind::Store: {
      if (!node->everywhere) {
        result = combine(*here, *node->value, rest);
        break;
      }
      const Everywhere& everywhere = *node->everywhere;
      Expression place = each_at(*node, index);
      auto there = [&](const Expression& e) { return with_each(e, everywhere.each, place); };
      for (Read read : everywhere.reads) {
        for (Expression& e : read.index) e = there(e);
        reads.push_back(read);
      }
      result = combine(both(*here, there(everywhere.condition)).simplify(), Value::of(there(*node->value->integer)), rest);
      break;
    }
    case Node::Kind::Clear:
      result = combine(*here, decode(leaves_[leaf], bits(0, leaves_[leaf].bits)), rest);
      break;
    case Node::Kind::Havoc: {
      const Leaf& field = leaves_[leaf];
      z3::sort_vector domain(solver_context());
      z3::expr_vector arguments(solver_context());
      for (const Expression& e : index) domain.push_back(e.get_sort()), arguments.push_back(e);
      std::string name = "any" + std::to_string(node->number) + "." + objects_[field.object].name + "." + field.path;
      auto symbol = solver_context().function(name.c_str(), domain, solver_context().bv_sort(field.bits));
      if (node->leaf == leaf) reads.push_back({leaf, index, node->number});
      result = combine(*here, decode(field, node->raises ? symbol(arguments) | *rest().integer : symbol(arguments)), rest);
      break;
    }
    case Node::Kind::Merge:
      result = combine(*node->condition, rest(), [&] { return read_list(node->other, leaf, index); });
      break;
  }
  collector_ = outer;
  if (collector_ != nullptr) collector_->insert(collector_->end(), reads.begin(), reads.end());
  cache_.emplace(key, Cached{node, index, result, std::move(reads)});
  return result;
}

MemoryModel::Excluding::Excluding(MemoryModel& model, const std::vector<Expression>& conditions) : model_(model) {
  model_.excluded_ = conditions;
  for (const Expression& e : conditions) model_.excluding_ += "!" + std::to_string(identity(e));
}

MemoryModel::Excluding::~Excluding() {
  model_.excluded_.clear();
  model_.excluding_.clear();
}

Value MemoryModel::read(const Memory& memory, int leaf, const std::vector<Expression>& index) {
  auto found = memory.find(leaves_[leaf].object);
  std::vector<Read> reads;
  std::vector<Read>* outer = std::exchange(collector_, &reads);
  Value value = read_list(found == memory.end() ? nullptr : found->second, leaf, index);
  collector_ = outer;
  if (on_read) {
    for (const Read& read : reads) on_read(read);
  }
  return value;
}

void MemoryModel::write(Memory& memory, int leaf, const std::vector<Expression>& index, const Value& value, std::optional<Everywhere> everywhere) {
  const Object& object = objects_[leaves_[leaf].object];
  if (object.kind == ObjectKind::User || object.kind == ObjectKind::Lock) return;
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::Store;
  node->next = memory[leaves_[leaf].object];
  node->leaf = leaf;
  node->index = index;
  node->value = value;
  node->everywhere = std::move(everywhere);
  memory[leaves_[leaf].object] = node;
}

void MemoryModel::clear_frame(Memory& memory, const Expression& frame) {
  for (std::size_t i = 0; i < objects_.size(); i++) {
    if (objects_[i].kind != ObjectKind::View) continue;
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::Clear;
    node->next = memory[int(i)];
    node->index = {low_bits(frame, index_bits(kFrames))};
    memory[int(i)] = node;
  }
}

void MemoryModel::havoc(Memory& memory, int object, const std::vector<Expression>& prefix) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::Havoc;
  node->next = memory[object];
  node->index = prefix;
  node->number = havocs_++;
  memory[object] = node;
}

int MemoryModel::forget(Memory& memory, const std::set<int>& leaves, const std::set<int>& raised) {
  std::set<int> all = leaves;
  all.insert(raised.begin(), raised.end());
  for (int leaf : all) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::Havoc;
    node->next = memory[leaves_[leaf].object];
    node->leaf = leaf;
    node->number = havocs_;
    node->raises = leaves.count(leaf) == 0;
    memory[leaves_[leaf].object] = node;
  }
  return havocs_++;
}

Memory MemoryModel::merge(const Expression& condition, const Memory& yes, const Memory& no) {
  Memory merged = yes;
  for (const auto& [object, list] : no) merged.emplace(object, nullptr);
  for (auto& [object, list] : merged) {
    auto other = no.find(object);
    NodePointer alternative = other == no.end() ? nullptr : other->second;
    list = merge(condition, list, alternative);
  }
  return merged;
}

NodePointer MemoryModel::merge(const Expression& condition, const NodePointer& yes, const NodePointer& no) {
  if (yes == no) return yes;
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::Merge;
  node->condition = condition;
  node->next = yes;
  node->other = no;
  return node;
}

void MemoryModel::append(NodePointer& list, const Value& value) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::Store;
  node->next = list;
  node->value = value;
  list = node;
}

void MemoryModel::each_change(const Memory& memory, const std::function<bool(int object, const Node&)>& look) {
  std::set<const Node*> seen;
  for (const auto& [object, list] : memory) {
    std::vector<const Node*> work{list.get()};
    while (!work.empty()) {
      const Node* node = work.back();
      work.pop_back();
      for (; node != nullptr && seen.insert(node).second; node = node->next.get()) {
        if (!look(object, *node)) break;
        if (node->kind == Node::Kind::Merge) work.push_back(node->other.get());
      }
    }
  }
}

std::vector<int> MemoryModel::touched(const Memory& memory) const {
  std::set<int> leaves;
  each_change(memory, [&](int object, const Node& node) {
    bool is_one_leaf = node.kind == Node::Kind::Store || (node.kind == Node::Kind::Havoc && node.leaf >= 0);
    if (is_one_leaf) leaves.insert(node.leaf);
    if (!is_one_leaf && node.kind != Node::Kind::Merge) leaves.insert(~object);
    return true;
  });
  return {leaves.begin(), leaves.end()};
}

std::vector<std::vector<Expression>> MemoryModel::stored(const Memory& memory, int leaf) const {
  std::vector<std::vector<Expression>> places;
  each_change(memory, [&](int object, const Node& node) {
    bool is_here = node.kind == Node::Kind::Store ? node.leaf == leaf && !node.everywhere : node.kind == Node::Kind::Clear && object == leaves_[leaf].object;
    if (!is_here) return node.kind != Node::Kind::Havoc || node.leaf != leaf;
    bool is_known = std::any_of(places.begin(), places.end(), [&](const auto& known) {
      return std::equal(known.begin(), known.end(), node.index.begin(), node.index.end(), is_same);
    });
    if (!is_known) places.push_back(node.index);
    return true;
  });
  return places;
}

std::vector<std::vector<Expression>> MemoryModel::stored_everywhere(const Memory& memory, int leaf) const {
  std::vector<std::vector<Expression>> places;
  each_change(memory, [&](int, const Node& node) {
    if (node.leaf == leaf && node.everywhere) places.push_back(node.index);
    return true;
  });
  return places;
}

}  // namespace pith::verify

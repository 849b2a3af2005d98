// From expressions and a model to numbers.
#include "verify/prover/case.h"

#include <stdexcept>

namespace pith::verify {

CaseWriter::CaseWriter(std::ostream& text, Executor& executor, const z3::model& model)
    : text_(text), executor_(executor), model_(model), type_leaf_(executor.memory.leaf_at(executor.memory.object_named("frames"), "0")) {
  executor_.memory.on_read = nullptr;
}

std::uint64_t CaseWriter::value_of(const Expression& e) const {
  Expression value = model_.eval(e, true).simplify();
  if (value.is_bool()) return value.is_true();
  if (!value.is_numeral()) throw std::runtime_error("the model has no value for " + e.to_string().substr(0, 200));
  return value.get_numeral_uint64();
}

std::string CaseWriter::text_of(const Value& value) const {
  if (value.kind == Value::Kind::Aggregate || value_of(value.poison_condition()) != 0) return "?";
  if (value.kind == Value::Kind::Integer) return std::to_string(value_of(*value.integer));
  const Pointer& pointer = value.pointer;
  if (value_of(pointer.null_condition()) != 0) return "0";
  if (pointer.object < 0 || executor_.memory.object(pointer.object).kind == ObjectKind::Local) return "?";
  return "@" + executor_.memory.object(pointer.object).name + "+" + std::to_string(value_of(pointer.distance()));
}

CaseWriter::Cell CaseWriter::cell_of(int leaf, const std::vector<Expression>& index) const {
  Cell cell{leaf, {}};
  for (const Expression& e : index) cell.index.push_back(value_of(e));
  return cell;
}

std::vector<Expression> CaseWriter::fixed(const Cell& cell) const {
  std::vector<Expression> index;
  const Leaf& leaf = executor_.memory.leaf(cell.leaf);
  for (std::size_t i = 0; i < cell.index.size(); i++) index.push_back(bits(cell.index[i], index_bits(leaf.dimensions[i])));
  return index;
}

bool CaseWriter::is_kept(int object) const {
  ObjectKind kind = executor_.memory.object(object).kind;
  if (is_only_the_provers(executor_.memory.object(object).name)) return false;
  return kind == ObjectKind::View || kind == ObjectKind::PerFrame || kind == ObjectKind::Plain;
}

bool CaseWriter::is_seen(const Memory& memory, const Cell& cell) {
  const Object& object = executor_.memory.object(executor_.memory.leaf(cell.leaf).object);
  if (object.kind != ObjectKind::View) return true;
  std::uint64_t type = value_of(*executor_.memory.read(memory, type_leaf_, {bits(cell.index[0], index_bits(kFrames))}).integer);
  return type == object.frame_type || (cell.index[0] == 0 && reads_frame_0(object.name));
}

void CaseWriter::write_cells(const char* word, const Memory& memory, const std::set<Cell>& cells) {
  for (bool seen : {false, true}) {
    for (const Cell& cell : cells) {
      if (is_seen(memory, cell) != seen) continue;
      const Leaf leaf = executor_.memory.leaf(cell.leaf);
      const std::string& object = executor_.memory.object(leaf.object).name;
      Value value = executor_.memory.read(memory, cell.leaf, fixed(cell));
      std::string known = text_of(value);
      if (known == "?") known = "0";
      text_ << word << " " << object << " " << executor_.memory.offset_of(cell.leaf, cell.index) << " " << leaf.bits / 8 << " " << known
            << " " << object;
      for (std::uint64_t index : cell.index) text_ << "[" << index << "]";
      text_ << "." << leaf.path << "\n";
    }
  }
}

void CaseWriter::each_change(const NodePointer& list, const std::function<void(const Node&)>& look) const {
  for (const Node* node = list.get(); node != nullptr;) {
    if (node->kind == Node::Kind::Merge) {
      node = value_of(*node->condition) != 0 ? node->next.get() : node->other.get();
      continue;
    }
    look(*node);
    node = node->next.get();
  }
}

void CaseWriter::begin(const std::string& name, const std::string& function, const State& state) {
  text_ << "case " << name << "\nrun " << function << "\n";
  for (const Value& argument : executor_.arguments) text_ << "argument " << text_of(argument) << "\n";
  text_ << "cpu " << text_of(Value::of(executor_.own("cpus"))) << "\n";
  for (const std::string& cut : executor_.cuts) text_ << "cut " << cut << "\n";
  std::set<Cell> cells;
  for (int number : state.reads) {
    const Read& read = executor_.facts.read(number);
    if (read.call == Read::kBefore && is_kept(executor_.memory.leaf(read.leaf).object)) cells.insert(cell_of(read.leaf, read.index));
  }
  write_cells("before", {}, cells);
  std::vector<std::string> answers;
  each_change(state.answers, [&](const Node& node) { answers.push_back(text_of(*node.value)); });
  for (auto answer = answers.rbegin(); answer != answers.rend(); ++answer) text_ << "answer " << *answer << "\n";
}

void CaseWriter::end_at(const Ending& ending) {
  text_ << "ends " << ending.where << "\n";
  for (const Value& value : ending.passed) text_ << "passes " << text_of(value) << "\n";
  if (ending.result) text_ << "returns " << text_of(*ending.result) << "\n";
  std::set<Cell> cells;
  std::set<std::uint64_t> cleared;
  for (const auto& [object, list] : ending.state.memory) {
    if (!is_kept(object)) continue;
    each_change(list, [&](const Node& node) {
      if (node.kind == Node::Kind::Store) cells.insert(cell_of(node.leaf, node.index));
      if (node.kind == Node::Kind::Clear) cleared.insert(value_of(node.index[0]));
    });
  }
  for (std::uint64_t frame : cleared) text_ << "clears " << frame << "\n";
  write_cells("after", ending.state.memory, cells);
}

void CaseWriter::breaks(const std::string& obligation) { text_ << "breaks " << obligation << "\n"; }

void CaseWriter::differs(int leaf, const std::vector<Expression>& index, const Expression& should) {
  const Leaf& field = executor_.memory.leaf(leaf);
  const std::string& object = executor_.memory.object(field.object).name;
  text_ << "after " << object << " " << executor_.memory.offset_of(leaf, cell_of(leaf, index).index) << " " << field.bits / 8 << " "
        << value_of(should) << " " << object << "." << field.path << "\n";
}

void CaseWriter::falsifies(const std::string& predicate, const std::vector<Value>& arguments) {
  text_ << "falsifies " << predicate;
  for (const Value& argument : arguments) text_ << " " << text_of(argument);
  text_ << "\n";
}

void CaseWriter::finish() { text_ << "end\n"; }

}  // namespace pith::verify

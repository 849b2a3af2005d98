// The memory model: every scalar field of every global is a function of its array indices; changes are lists on top of it.
#pragma once
#include <llvm/IR/Module.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "verify/prover/modelled.h"
#include "verify/prover/value.h"

namespace pith::verify {

struct Object {
  std::string name;
  llvm::Type* type;
  ObjectKind kind;
  unsigned frame_type = 0;                        ///< View: value of FrameInfo.type
  const llvm::Constant* initializer = nullptr;    ///< Constant
};

/// One scalar field: a path through the object's type, indexed by the arrays on the way.
struct Leaf {
  int object;
  std::string path;
  unsigned bits;
  bool is_pointer;
  std::vector<std::uint64_t> dimensions;
  z3::func_decl symbol;
};

/// A place in a leaf that an access touches; `leaf` -1: padding.
struct Place {
  int leaf = -1;
  std::vector<Expression> index;
  unsigned offset = 0;     ///< bytes into the leaf
  unsigned available = 0;  ///< bytes from there to its end, or to the end of the padding
  std::vector<Expression> bounds;  ///< each must hold: constant array bounds
  bool inside = true;              ///< false: the address cannot be resolved
};

/// A read of the state before the operation, or of what a call left that a contract stands for: what invariants are instantiated with.
struct Read {
  static constexpr int kBefore = -1;
  int leaf;
  std::vector<Expression> index;
  int call = kBefore;  ///< the number that forget() gave the call
};

/// A store to every place of a leaf whose index, taken for `each`, fulfils a condition.
struct Everywhere {
  Expression each;  ///< a constant of 64 bits, in the store's index, condition and value
  Expression condition;
  std::vector<Read> reads;  ///< of the condition and the value
};

struct Node;
using NodePointer = std::shared_ptr<const Node>;

/// A change to an object, on top of the changes before it.
struct Node {
  enum class Kind { Store, Clear, Havoc, Merge };
  Kind kind;
  NodePointer next;
  int leaf = -1;                    ///< Store; Havoc: -1 every leaf, else one that a contract forgets, wholly
  std::vector<Expression> index;    ///< Store: all of it; Clear and Havoc: the leading ones
  std::optional<Value> value;       ///< Store
  std::optional<Everywhere> everywhere;  ///< Store: to many places
  std::optional<Expression> condition;  ///< Merge: `next` where it holds, else `other`
  NodePointer other;
  int number = 0;                   ///< Havoc: distinguishes it from others
  bool raises = false;              ///< Havoc: bits that were set stay set
};

/// One state of all objects: a list of changes for each that has any.
using Memory = std::map<int, NodePointer>;

class MemoryModel {
 public:
  explicit MemoryModel(const llvm::Module& module);

  int object_of(const llvm::GlobalVariable* global) const;
  int object_named(const std::string& name) const;  ///< -1: none
  int add_local(llvm::Type* type);
  const Object& object(int number) const { return objects_[number]; }
  const Leaf& leaf(int number) const { return leaves_[number]; }
  const std::vector<Object>& objects() const { return objects_; }
  /// What the source calls the leaf, as far as debug information says: threads[].queue_link.next.
  std::string name_of(int leaf) const;

  /// Where `address` (not null) leads.
  Place resolve(const Pointer& address);
  /// The leaf `path` of an object, all of whose index dimensions are given by the type on the way.
  int leaf_at(int object, const std::string& path);

  /// Bytes from the object's start to the field.
  std::uint64_t offset_of(int leaf, const std::vector<std::uint64_t>& index) const;

  Value read(const Memory& memory, int leaf, const std::vector<Expression>& index);
  /// A pointer to the element of the array `object` with this index; where `may_be_null` the index 0 means none.
  Pointer element(int object, const Expression& index, bool may_be_null) const;
  /// What the memory holds where the value is stored: of a pointer to an element of an array its index, 0 for none.
  Expression held(const Value& value) const;
  void write(Memory& memory, int leaf, const std::vector<Expression>& index, const Value& value, std::optional<Everywhere> everywhere = {});
  /// All views of one frame become zero.
  void clear_frame(Memory& memory, const Expression& frame);
  /// Every leaf of `object` under the leading indices takes any value.
  void havoc(Memory& memory, int object, const std::vector<Expression>& prefix);
  /// The leaves take any values, those of `raised` only such as have the bits set that they had. Answers the number by which reads of them are known.
  int forget(Memory& memory, const std::set<int>& leaves, const std::set<int>& raised);
  Memory merge(const Expression& condition, const Memory& yes, const Memory& no);
  static NodePointer merge(const Expression& condition, const NodePointer& yes, const NodePointer& no);
  /// Adds a value to a list that is no object's.
  static void append(NodePointer& list, const Value& value);

  /// Leaves that the changes may have touched; a cleared frame touches the object: its number as ~object.
  std::vector<int> touched(const Memory& memory) const;
  /// Whether one of these is among `leaves`.
  bool touches(const std::vector<int>& touched, const std::set<int>& leaves) const {
    auto is_of = [&](int object) { return std::any_of(leaves.begin(), leaves.end(), [&](int own) { return leaf(own).object == object; }); };
    return std::any_of(touched.begin(), touched.end(), [&](int one) { return one >= 0 ? leaves.count(one) != 0 : is_of(~one); });
  }
  /// Where the changes store to the leaf since it was last forgotten, each place once; of a frame that is cleared the leading index.
  std::vector<std::vector<Expression>> stored(const Memory& memory, int leaf) const;

  /// The same of stores to many places at once: the index that stands for all of them.
  std::vector<std::vector<Expression>> stored_everywhere(const Memory& memory, int leaf) const;

  /// While it lives, reads go past what was written where one of these conditions would have to hold.
  class Excluding {
   public:
    Excluding(MemoryModel& model, const std::vector<Expression>& conditions);
    ~Excluding();

   private:
    MemoryModel& model_;
  };

  /// Called for each such read; null: nobody listens.
  std::function<void(const Read&)> on_read;
  /// What an unwritten cell of the specification's state is, and which cells of the kernel's say so; nothing: any value.
  std::function<std::optional<Expression>(int leaf, const std::vector<Expression>& index, std::vector<Read>& reads)> meaning_of;
  /// True: untouched memory is zero (the state before boot).
  bool starts_zero = false;

 private:
  struct Walk;
  /// `look` answers whether what lies below the change matters too.
  static void each_change(const Memory& memory, const std::function<bool(int object, const Node&)>& look);
  void descend(llvm::Type* type, Pointer rest, std::string path, std::vector<std::uint64_t> dimensions, Place& place, int object);
  int leaf_for(int object, const std::string& path, unsigned bits, bool is_pointer, const std::vector<std::uint64_t>& dimensions);
  Value read_list(const NodePointer& node, int leaf, const std::vector<Expression>& index);
  Value before(int leaf, const std::vector<Expression>& index);
  Expression constant(const Leaf& leaf, const std::vector<Expression>& index);
  Value decode(const Leaf& leaf, const Expression& stored) const;

  const llvm::Module& module_;
  const llvm::DataLayout& layout_;
  std::vector<Object> objects_;
  std::map<const llvm::GlobalVariable*, int> by_global_;
  std::vector<Leaf> leaves_;
  std::map<std::pair<int, std::string>, int> leaf_numbers_;
  struct Cached {
    NodePointer node;
    std::vector<Expression> index;  // keeps the identities in the key alive
    Value value;
    std::vector<Read> reads;        // of the state before, which whoever asks again reads too
  };
  std::vector<Read>* collector_ = nullptr;
  std::unordered_map<std::string, Cached> cache_;
  std::vector<Expression> excluded_;
  std::string excluding_;  ///< the identities of those: part of the cache's keys
  int havocs_ = 0;
};

/// Bits of an index below `count`.
unsigned index_bits(std::uint64_t count);

}  // namespace pith::verify

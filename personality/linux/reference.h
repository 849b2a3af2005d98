// Counted objects and the references that keep them alive; counts are guarded by the environment's lock.
#pragma once
#include <utility>

#include "base/types.h"

namespace pith::personality {

/// Base of an object that lives as long as some Reference to it.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  void retain() { count_++; }
  void release() {
    if (--count_ == 0) delete this;
  }
  u32 reference_count() const { return count_; }

 protected:
  virtual ~Counted() = default;

 private:
  u32 count_ = 0;
};

/// Keeps a Counted object alive; may be empty.
template <class T>
class Reference {
 public:
  Reference() = default;
  Reference(T* object) : object_(object) {
    if (object_) object_->retain();
  }
  Reference(const Reference& other) : Reference(other.object_) {}
  Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Reference(const Reference<U>& other) : Reference(other.get()) {}
  Reference& operator=(Reference other) {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Reference() {
    if (object_) object_->release();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_; }
  friend bool operator==(const Reference& left, const Reference& right) { return left.object_ == right.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace pith::personality

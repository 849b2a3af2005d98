// Result<T>: a value or an Error, in two registers where T allows; TRY hands errors on.
#pragma once
#include <new>
#include <type_traits>
#include <utility>

#include "base/types.h"

namespace pith {

/// Every error of the system; the values are generated from abi/errors.idl into abi/error.h. 0 is success.
enum class Error : u32;
inline constexpr Error kSuccess = Error(0);

/// A `T` or an `Error`. Trivial values travel in registers; others own their value.
template <class T, bool = std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : value_(value) {}
  constexpr Result(Error error) : value_(), error_(error) {}
  constexpr explicit operator bool() const { return error_ == kSuccess; }
  constexpr Error error() const { return error_; }
  constexpr T& operator*() { return value_; }
  constexpr const T& operator*() const { return value_; }
  constexpr T* operator->() { return &value_; }
  constexpr T value_or(T other) const { return *this ? value_ : other; }

 private:
  T value_;
  Error error_ = kSuccess;
};

template <class T>
class [[nodiscard]] Result<T, false> {
 public:
  Result(T value) { new (&value_) T(std::move(value)); }
  Result(Error error) : error_(error) {}
  Result(Result&& other) : error_(other.error_) {
    if (*this) new (&value_) T(std::move(other.value_));
  }
  Result& operator=(Result&&) = delete;
  ~Result() {
    if (*this) value_.~T();
  }
  explicit operator bool() const { return error_ == kSuccess; }
  Error error() const { return error_; }
  T& operator*() & { return value_; }
  T&& operator*() && { return std::move(value_); }
  T* operator->() { return &value_; }

 private:
  union {
    T value_;
  };
  Error error_ = kSuccess;
};

/// A reference or an `Error`.
template <class T>
class [[nodiscard]] Result<T&, false> {
 public:
  constexpr Result(T& value) : value_(&value) {}
  constexpr Result(Error error) : error_(error) {}
  constexpr explicit operator bool() const { return error_ == kSuccess; }
  constexpr Error error() const { return error_; }
  constexpr T& operator*() const { return *value_; }
  constexpr T* operator->() const { return value_; }

 private:
  T* value_ = nullptr;
  Error error_ = kSuccess;
};

template <>
class [[nodiscard]] Result<void, false> {
 public:
  constexpr Result() = default;
  constexpr Result(Error error) : error_(error) {}
  constexpr explicit operator bool() const { return error_ == kSuccess; }
  constexpr Error error() const { return error_; }
  constexpr void operator*() const {}

 private:
  Error error_ = kSuccess;
};

/// Takes the value, or the reference, out of a result that is known to hold one.
template <class T>
constexpr T unwrap(Result<T> result) {
  if constexpr (!std::is_void_v<T>) return static_cast<T>(*std::move(result));
}

}  // namespace pith

/// The value of `expression`, or return its error from this function.
#define TRY(expression)                                        \
  (::pith::unwrap(({                                           \
    auto result_of_try = (expression);                         \
    if (!result_of_try) [[unlikely]]                           \
      return result_of_try.error();                            \
    std::move(result_of_try);                                  \
  })))

// The out-of-line part of the C++ library: libc++'s headers declare these and expect a library to define them. No exceptions, no threads.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// ---- Memory. Running out of it ends the component, except in the nothrow forms. ----

namespace {

void* allocate(size_t size) {
  void* memory = malloc(size);
  if (!memory) std::__libcpp_verbose_abort("operator new: no memory for %zu bytes\n", size);
  return memory;
}

void* allocate_aligned(size_t size, std::align_val_t alignment) {
  void* memory = aligned_alloc(size_t(alignment), size);
  if (!memory) std::__libcpp_verbose_abort("operator new: no memory for %zu bytes\n", size);
  return memory;
}

}  // namespace

void* operator new(size_t size) { return allocate(size); }
void* operator new[](size_t size) { return allocate(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return malloc(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return malloc(size); }
void* operator new(size_t size, std::align_val_t alignment) { return allocate_aligned(size, alignment); }
void* operator new[](size_t size, std::align_val_t alignment) { return allocate_aligned(size, alignment); }
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return aligned_alloc(size_t(alignment), size);
}
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return aligned_alloc(size_t(alignment), size);
}

void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { free(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { free(memory); }

// ---- What the compiler calls by itself. __cxa_atexit is musl's: destructors of static objects run when main returns. ----

extern "C" {
void* __dso_handle = nullptr;
void __cxa_pure_virtual() { std::__libcpp_verbose_abort("a pure virtual function was called\n"); }
void __cxa_deleted_virtual() { std::__libcpp_verbose_abort("a deleted virtual function was called\n"); }
}

// ---- Ends. ----

_LIBCPP_BEGIN_NAMESPACE_STD

void __libcpp_verbose_abort(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  abort();
}

_LIBCPP_END_NAMESPACE_STD

namespace std {  // without version, as in the headers

const nothrow_t nothrow{};
void __throw_bad_alloc() { __libcpp_verbose_abort("no memory\n"); }
void terminate() noexcept { __libcpp_verbose_abort("terminated\n"); }

}  // namespace std

_LIBCPP_BEGIN_NAMESPACE_STD

void __throw_runtime_error(const char* message) { __libcpp_verbose_abort("%s\n", message); }

// ---- Shared ownership: counts are plain, the threads of a component share objects under its lock. ----

__shared_count::~__shared_count() {}
__shared_weak_count::~__shared_weak_count() {}

void __shared_weak_count::__release_weak() noexcept {
  if (__libcpp_atomic_refcount_decrement(__shared_weak_owners_) == -1) __on_zero_shared_weak();
}

__shared_weak_count* __shared_weak_count::lock() noexcept {
  if (__shared_owners_ == -1) return nullptr;
  ++__shared_owners_;
  return this;
}

const void* __shared_weak_count::__get_deleter(const type_info&) const noexcept { return nullptr; }

void* align(size_t alignment, size_t size, void*& pointer, size_t& space) {
  if (size > space) return nullptr;
  auto address = reinterpret_cast<uintptr_t>(pointer);
  uintptr_t aligned = (address + alignment - 1) & -alignment;
  if (aligned - address > space - size) return nullptr;
  space -= aligned - address;
  return pointer = reinterpret_cast<void*>(aligned);
}

// ---- Hash tables: the number of buckets is a prime. ----

size_t __next_prime(size_t number) {
  if (number <= 2) return number == 0 ? 0 : 2;
  auto is_prime = [](size_t odd) {
    for (size_t divisor = 3; divisor <= odd / divisor; divisor += 2) {
      if (odd % divisor == 0) return false;
    }
    return true;
  };
  size_t candidate = number | 1;
  while (!is_prime(candidate)) candidate += 2;
  return candidate;
}

// ---- Strings and numbers. ----

#define PITH_INSTANTIATE(...) template __VA_ARGS__;
_LIBCPP_STRING_V1_EXTERN_TEMPLATE_LIST(PITH_INSTANTIATE, char)
#undef PITH_INSTANTIATE
template string operator+ <char, char_traits<char>, allocator<char>>(const char*, const string&);

namespace {

template <class Integer>
string decimal(Integer value) {
  char digits[24];
  return string(digits, to_chars(digits, digits + sizeof digits, value).ptr);
}

/// Applies one of the C library's conversions; a text without a number or out of range ends the component, as nothing can be thrown.
template <class Integer>
Integer convert(const char* name, const string& text, size_t* end_index, int base, Integer (*conversion)(const char*, char**, int)) {
  char* end = nullptr;
  int saved_error = errno;
  errno = 0;
  Integer value = conversion(text.c_str(), &end, base);
  if (errno == ERANGE || end == text.c_str()) __libcpp_verbose_abort("%s: no number in range in \"%s\"\n", name, text.c_str());
  errno = saved_error;
  if (end_index) *end_index = size_t(end - text.c_str());
  return value;
}

}  // namespace

string to_string(int value) { return decimal(value); }
string to_string(unsigned value) { return decimal(value); }
string to_string(long value) { return decimal(value); }
string to_string(unsigned long value) { return decimal(value); }
string to_string(long long value) { return decimal(value); }
string to_string(unsigned long long value) { return decimal(value); }

int stoi(const string& text, size_t* end, int base) {
  long value = convert("stoi", text, end, base, strtol);
  if (value != int(value)) __libcpp_verbose_abort("stoi: out of range: \"%s\"\n", text.c_str());
  return int(value);
}
long stol(const string& text, size_t* end, int base) { return convert("stol", text, end, base, strtol); }
unsigned long stoul(const string& text, size_t* end, int base) { return convert("stoul", text, end, base, strtoul); }
long long stoll(const string& text, size_t* end, int base) { return convert("stoll", text, end, base, strtoll); }
unsigned long long stoull(const string& text, size_t* end, int base) { return convert("stoull", text, end, base, strtoull); }

// ---- Sorting arrays of integers: the headers leave these to the library. A lambda as comparison leads to the sort that they do have. ----

template <class Comparison, class Iterator>
void __sort(Iterator first, Iterator last, Comparison) {
  std::sort(first, last, [](const auto& left, const auto& right) { return left < right; });
}

#define PITH_INSTANTIATE_SORT(Type) template void __sort<__less<Type>&, Type*>(Type*, Type*, __less<Type>&);
PITH_INSTANTIATE_SORT(char)
PITH_INSTANTIATE_SORT(signed char)
PITH_INSTANTIATE_SORT(unsigned char)
PITH_INSTANTIATE_SORT(short)
PITH_INSTANTIATE_SORT(unsigned short)
PITH_INSTANTIATE_SORT(int)
PITH_INSTANTIATE_SORT(unsigned)
PITH_INSTANTIATE_SORT(long)
PITH_INSTANTIATE_SORT(unsigned long)
PITH_INSTANTIATE_SORT(long long)
PITH_INSTANTIATE_SORT(unsigned long long)
#undef PITH_INSTANTIATE_SORT

// ---- Clocks. ----

namespace chrono {
namespace {

nanoseconds read_clock(clockid_t which) {
  timespec time;
  clock_gettime(which, &time);
  return seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

}  // namespace

system_clock::time_point system_clock::now() noexcept { return time_point(duration_cast<duration>(read_clock(CLOCK_REALTIME))); }
time_t system_clock::to_time_t(const time_point& point) noexcept {
  return time_t(duration_cast<seconds>(point.time_since_epoch()).count());
}
system_clock::time_point system_clock::from_time_t(time_t time) noexcept { return time_point(seconds(time)); }
steady_clock::time_point steady_clock::now() noexcept { return time_point(read_clock(CLOCK_MONOTONIC)); }

}  // namespace chrono

_LIBCPP_END_NAMESPACE_STD

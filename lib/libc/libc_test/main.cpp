// What components rely on, checked one by one: C library, C++ library, heap, thread blocks, start and end.
#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <charconv>
#include <chrono>
#include <deque>
#include <expected>
#include <format>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "abi/start_information.h"
#include "lib/libc/hooks.h"
#include "lib/libc/page_heap.h"
#include "lib/libc/thread_block.h"

using namespace pith;

namespace {

int checks, failures;

void expect(bool holds, const char* what) {
  ++checks;
  if (holds) return;
  ++failures;
  printf("failed: %s\n", what);
}

int constructed;
struct Constructed {
  Constructed() { constructed = 42; }
} static_object;

thread_local int thread_number = 7;
thread_local char thread_zero[3000];

void test_start(int count, char** arguments) {
  expect(count == 3, "three arguments");
  expect(std::string_view(arguments[0]) == "libc_test", "the component's name is argument 0");
  expect(std::string_view(arguments[1]) == "first" && std::string_view(arguments[2]) == "second=2", "arguments are split at blanks");
  expect(arguments[3] == nullptr, "arguments end");
  expect(constructed == 42, "constructors ran");
  expect(thread_number == 7 && thread_zero[2999] == 0, "thread-local variables have their first values");
}

void test_c_library() {
  char text[128];
  expect(snprintf(text, sizeof text, "%d %5.3s|%-6x|%llu %p %c", -5, "abcdef", 0xbeef, ~0ull, static_cast<void*>(nullptr), 'z') > 0,
         "snprintf");
  expect(!strcmp(text, "-5   abc|beef  |18446744073709551615 0 z"), "snprintf's text");
  snprintf(text, sizeof text, "%.3Lf %Lg", 3.14159L, 1e10L);
  expect(!strcmp(text, "3.142 1e+10"), "snprintf of long double");
  int number = 0;
  char word[16];
  expect(sscanf("key 77", "%15s %i", word, &number) == 2 && number == 77, "sscanf");
  expect(strtoul("ff", nullptr, 16) == 255, "strtoul");
  errno = 0;
  expect(!fopen("/nothing", "r") && errno == ENOSYS, "files do not exist");
  int numbers[] = {5, 3, 9, 1};
  qsort(numbers, 4, sizeof(int),
        [](const void* left, const void* right) { return *static_cast<const int*>(left) - *static_cast<const int*>(right); });
  expect(numbers[0] == 1 && numbers[3] == 9, "qsort");
  char buffer[256];
  memset(buffer, 1, sizeof buffer);
  memmove(buffer + 1, buffer, 200);
  expect(memchr(buffer, 2, sizeof buffer) == nullptr && !memcmp(buffer, buffer + 8, 100), "memory functions");
}

void test_memory() {
  std::vector<void*> blocks;
  bool good = true;
  for (size_t size = 1; size < 300'000; size = size * 3 / 2 + 1) {
    char* block = static_cast<char*>(malloc(size));
    good = good && block && !(reinterpret_cast<u64>(block) & 15);
    memset(block, int(size), size);
    blocks.push_back(block);
  }
  for (void* block : blocks) free(block);
  expect(good, "malloc of many sizes");
  char* grown = static_cast<char*>(malloc(10));
  strcpy(grown, "grow");
  grown = static_cast<char*>(realloc(grown, 1 << 20));
  expect(grown && !strcmp(grown, "grow"), "realloc to a mapping of its own");
  free(grown);
  void* volatile too_much = malloc(size_t{1} << 40);
  expect(too_much == nullptr && errno == ENOMEM, "malloc refuses what is not there");
  for (int round = 0; round < 1000; ++round) free(malloc(1 << 20));
  expect(calloc(1, 1 << 20) != nullptr, "the heap does not leak");
  void* mapping = mmap(nullptr, 3 * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect(mapping != MAP_FAILED && u64(mapping) >= kHeapAddress, "mmap takes pages of the heap");
  memset(mapping, 0xff, 3 * kPageSize);
  expect(munmap(mapping, 3 * kPageSize) == 0, "munmap");
  auto* again = static_cast<u64*>(mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  expect(again == mapping && again[0] == 0 && again[511] == 0, "pages come back as zeroes");
  expect(reinterpret_cast<u64>(aligned_alloc(4096, 8192)) % 4096 == 0, "aligned_alloc");
}

void test_page_heap() {
  constexpr u64 kPages = 200;
  void* memory = aligned_alloc(kPageSize, kPages * kPageSize);
  memset(memory, 0, kPages * kPageSize);
  PageHeap heap;
  heap.initialize(u64(memory), kPages * kPageSize);
  expect(heap.free_pages() == kPages - 1, "the bitmap takes one page");
  u64 first = heap.allocate(70), second = heap.allocate(64), third = heap.allocate(65);
  expect(first == u64(memory) + kPageSize && second == first + 70 * kPageSize && third == second + 64 * kPageSize, "first fit");
  expect(heap.free_pages() == 0 && heap.allocate(1) == 0, "full");
  expect(heap.release(second, 64) && heap.allocate(65) == 0 && heap.allocate(64) == second, "a hole is found again");
  expect(heap.release(first + 3 * kPageSize, 2) && heap.allocate(1) == first + 3 * kPageSize, "the lowest hole is used first");
  expect(!heap.release(u64(memory) - kPageSize, 1) && !heap.release(third, 66) && !heap.release(third + 1, 1),
         "foreign ranges are refused");
  free(memory);
}

void test_containers() {
  std::map<std::string, int> ordered;
  std::unordered_map<std::string, int> hashed;
  for (int i = 0; i < 1000; ++i) {
    ordered["key" + std::to_string(i)] = i;
    hashed["key" + std::to_string(i)] = i;
  }
  expect(ordered.size() == 1000 && ordered["key500"] == 500 && ordered.begin()->first == "key0", "map");
  expect(hashed.size() == 1000 && hashed["key999"] == 999 && hashed.erase("key1") == 1 && !hashed.contains("key1"), "unordered_map");
  std::vector<int> numbers;
  for (int i = 0; i < 5000; ++i) numbers.push_back(i * 7919 % 5003);
  std::ranges::sort(numbers);
  std::vector<int> copy = numbers;
  std::sort(copy.begin(), copy.end(), std::greater<>());
  expect(std::ranges::is_sorted(numbers) && copy.front() == numbers.back(), "vector and sort");
  u64 raw[] = {5, 2, 9, 1, 7};
  std::sort(raw, raw + 5);
  expect(raw[0] == 1 && raw[4] == 9, "sort of an array");
  std::deque<std::string> queue;
  for (int i = 0; i < 3000; ++i) queue.push_back(std::string(size_t(i % 50), 'x'));
  while (queue.size() > 1) queue.pop_front();
  expect(queue.front().size() == 49, "deque");
  std::list<int> list{3, 1, 2};
  list.sort();
  std::set<std::string_view> set{"b", "a", "b"};
  expect(list.front() == 1 && set.size() == 2, "list and set");
}

std::expected<int, std::string> half(int number) {
  if (number % 2) return std::unexpected("odd");
  return number / 2;
}

void test_types() {
  expect(half(4).value() == 2 && half(3).error() == "odd", "expected");
  std::variant<int, std::string> variant = "text";
  expect(std::visit([](auto& held) { return sizeof held; }, variant) == sizeof(std::string), "variant");
  std::optional<std::vector<int>> optional;
  optional.emplace(3, 4);
  expect(optional->size() == 3, "optional");
  int destroyed = 0;
  {
    auto deleter = [&destroyed](int* number) { ++destroyed, delete number; };
    std::shared_ptr<int> shared(new int(5), deleter);
    std::weak_ptr<int> weak = shared;
    expect(*weak.lock() == 5, "weak_ptr");
    expect(shared.use_count() == 1, "shared_ptr counts");
    auto made = std::make_shared<std::string>("made");
    shared.reset();
    expect(weak.expired() && destroyed == 1 && *made == "made", "shared_ptr ends");
  }
  int total = 0;
  std::function<void(int)> add = [&total, big = std::array<int, 40>{1}](int number) { total += number + big[0]; };
  add(4);
  std::span<const char> span("abc", 3);
  expect(total == 5 && span.last(1)[0] == 'c', "function and span");
  std::atomic<u64> atomic{3};
  atomic.fetch_add(4);
  expect(atomic.load() == 7 && std::bitset<70>(5).count() == 2, "atomic and bitset");
}

void test_text() {
  std::string text = "hello";
  text.append(" world").insert(0, ">> ").replace(0, 2, "<<<<").push_back('!');
  expect(text == "<<<< hello world!" && text.find("world") == 11 && text.substr(5, 5) == "hello", "string");
  text.resize(5000, 'x');
  expect(text.rfind('!') == 16 && std::stoi("-17") == -17 && std::stoull("99999999999") == 99999999999, "string and numbers");
  int number = 0;
  std::string_view digits = "12345z";
  expect(std::from_chars(digits.begin(), digits.end(), number).ptr == digits.end() - 1 && number == 12345, "from_chars");
  expect(std::format("{:>5}|{:#x}|{}|{:08b}", "ab", 255, 'c', 5) == "   ab|0xff|c|00000101", "format");
  expect(std::format("{} {:.2f} {:e}", 0.1, 2.0 / 3, 1.5) == "0.1 0.67 1.500000e+00", "format of floating point");
}

void test_time() {
  timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  auto steady = std::chrono::steady_clock::now();
  expect(time(nullptr) >= 1'700'000'000 && time(nullptr) < 1'700'001'000, "time since 1970");
  for (int i = 0; i < 1000; ++i) clock_gettime(CLOCK_MONOTONIC, &after);
  expect(after.tv_sec > before.tv_sec || after.tv_nsec > before.tv_nsec, "the clock goes on");
  expect(std::chrono::steady_clock::now() > steady, "steady_clock");
}

/// What one thread sees of its own. Never inlined: the compiler may keep addresses of thread-local things within one function.
struct Own {
  int number, error;
};
[[gnu::noinline]] Own exchange_own(Own fresh) {
  Own old = {thread_number, errno};
  thread_number = fresh.number;
  errno = fresh.error;
  asm volatile("" ::: "memory");
  return old;
}

void test_thread_block() {
  u64 own_pointer;
  asm("mov %%fs:0, %0" : "=r"(own_pointer));
  void* memory = malloc(pith_libc_thread_block_size());
  auto other_pointer = reinterpret_cast<u64>(pith_libc_thread_block_init(memory));
  expect(*reinterpret_cast<u64*>(other_pointer) == other_pointer, "what lies at the thread pointer is itself");
  exchange_own({8, 5});
  pith_set_thread_pointer(other_pointer);
  Own others = exchange_own({9, 6});
  void* volatile others_memory = malloc(100);
  pith_set_thread_pointer(own_pointer);
  Own ours = exchange_own({7, 0});
  expect(others.number == 7 && others.error == 0, "another thread has fresh variables and errno");
  expect(ours.number == 8 && ours.error == 5, "and leaves ours alone");
  expect(others_memory != nullptr, "and can use malloc");
  free(others_memory);
  free(memory);
}

}  // namespace

int main(int count, char** arguments) {
  test_start(count, arguments);
  test_c_library();
  test_memory();
  test_page_heap();
  test_containers();
  test_types();
  test_text();
  test_time();
  test_thread_block();
  atexit([] {
    if (failures == 0) printf("libc_test: all %d checks passed\n", checks);
  });
  return failures ? 1 : 0;
}

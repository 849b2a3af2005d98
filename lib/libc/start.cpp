// From the kernel's first instruction to main: the program's arguments, the C library's start, constructors.
#include <elf.h>
#include <string.h>

#include <string_view>

#include "abi/start_information.h"
#include "lib/libc/hooks.h"
#include "lib/libc/page_heap.h"
#include "lib/libc/state.h"

extern "C" {
// musl's start: thread-local storage, constructors, main, exit. The last three arguments are historical.
[[noreturn]] int __libc_start_main(int (*main)(int, char**, char**), int count, char** arguments, void*, void*, void*);
extern const Elf64_Ehdr __ehdr_start;  // the program's own header, which the linker puts at the start of its first segment
}

namespace pith {

libc::State libc::state;

namespace {

constexpr u64 kMostArguments = 32;

/// What Linux leaves on the stack of a new program, in the layout that the C library expects.
struct InitialStack {
  char* arguments[kMostArguments + 1];
  char* environment[1];
  Elf64_auxv_t auxiliary[6];
};

InitialStack initial_stack;
char argument_text[sizeof(StartInformation::name) + sizeof(StartInformation::arguments) + 2];

/// Splits the manifest's arguments at blanks, after the name; returns how many there are. They end up at the end of the array, so that
/// the environment follows them at once.
int split_arguments(std::string_view name, std::string_view all) {
  memcpy(argument_text, name.data(), name.size());
  char* text = argument_text + name.size() + 1;
  memcpy(text, all.data(), all.size());

  char* found[kMostArguments] = {argument_text};
  u64 count = 1;
  for (char* word = strtok(text, " \t\n"); word && count < kMostArguments; word = strtok(nullptr, " \t\n")) found[count++] = word;
  memcpy(initial_stack.arguments + kMostArguments - count, found, count * sizeof(char*));
  return int(count);
}

/// Text in a field of fixed size, which it may fill without a zero at the end.
template <usize kSize>
std::string_view field(const char (&text)[kSize]) {
  return {text, strnlen(text, kSize)};
}

/// What components and root are told in the same words.
template <class Information>
void remember(const Information& information, CapabilitySlot thread) {
  libc::state.counter_multiplier = information.counter_multiplier;
  libc::state.counter_start = information.counter_start;
  libc::state.wall_clock = information.wall_clock;
  libc::state.thread = thread;
}

[[noreturn]] void run(int (*main)(int, char**, char**), int count, const u64* seed) {
  u64 program = reinterpret_cast<u64>(&__ehdr_start);
  Elf64_auxv_t auxiliary[] = {{AT_PHDR, {program + __ehdr_start.e_phoff}}, {AT_PHENT, {__ehdr_start.e_phentsize}},
                              {AT_PHNUM, {__ehdr_start.e_phnum}},          {AT_PAGESZ, {kPageSize}},
                              {AT_RANDOM, {reinterpret_cast<u64>(seed)}},  {AT_NULL, {0}}};
  static_assert(sizeof auxiliary == sizeof initial_stack.auxiliary);
  memcpy(initial_stack.auxiliary, auxiliary, sizeof auxiliary);
  __libc_start_main(main, count, initial_stack.arguments + kMostArguments - count, nullptr, nullptr, nullptr);
}

}  // namespace
}  // namespace pith

extern "C" void pith_libc_start(const void* page, int (*main)(int, char**, char**)) {
  using namespace pith;
  if (const auto& root = *static_cast<const BootInformation*>(page); root.magic == BootInformation::kMagic) {
    remember(root, RootSlot::Thread);  // root has no heap
    run(main, split_arguments("root", ""), root.seed);
  }
  const auto& component = *static_cast<const StartInformation*>(page);
  remember(component, ComponentSlot::Thread);
  libc::state.heap.initialize(kHeapAddress, component.heap_size);
  run(main, split_arguments(field(component.name), field(component.arguments)), component.seed);
}

// From the kernel's first instruction to main: the program's arguments, the C library's start, constructors.
#include <elf.h>
#include <string.h>

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

/// Splits the name and the manifest's arguments at blanks; returns how many there are. They end up at the end of the array, so that
/// the environment follows them at once.
int split_arguments(const StartInformation& information) {
  strncat(argument_text, information.name, sizeof information.name);
  char* text = argument_text + strlen(argument_text) + 1;
  strncat(text, information.arguments, sizeof information.arguments);

  char* found[kMostArguments] = {argument_text};
  u64 count = 1;
  for (char* word = strtok(text, " \t\n"); word && count < kMostArguments; word = strtok(nullptr, " \t\n")) found[count++] = word;
  memcpy(initial_stack.arguments + kMostArguments - count, found, count * sizeof(char*));
  return int(count);
}

}  // namespace
}  // namespace pith

extern "C" void pith_libc_start(const void* start_information, int (*main)(int, char**, char**)) {
  using namespace pith;
  const auto& information = *static_cast<const StartInformation*>(start_information);
  libc::state.information = &information;
  libc::state.heap.initialize(kHeapAddress, information.heap_size);

  u64 program = reinterpret_cast<u64>(&__ehdr_start);
  Elf64_auxv_t auxiliary[] = {{AT_PHDR, {program + __ehdr_start.e_phoff}}, {AT_PHENT, {__ehdr_start.e_phentsize}},
                              {AT_PHNUM, {__ehdr_start.e_phnum}},          {AT_PAGESZ, {kPageSize}},
                              {AT_RANDOM, {reinterpret_cast<u64>(information.seed)}}, {AT_NULL, {0}}};
  static_assert(sizeof auxiliary == sizeof initial_stack.auxiliary);
  memcpy(initial_stack.auxiliary, auxiliary, sizeof auxiliary);

  int count = split_arguments(information);
  __libc_start_main(main, count, initial_stack.arguments + kMostArguments - count, nullptr, nullptr, nullptr);
}

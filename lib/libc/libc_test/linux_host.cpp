// Stands in for kernel and root when the test runs as a Linux process: maps heap and start information, and hooks end in Linux calls.
#include <string.h>

#include "abi/start_information.h"
#include "lib/libc/hooks.h"

using namespace pith;

int main(int count, char** arguments, char** environment);

namespace {

constexpr long kWrite = 1, kMmap = 9, kArchPrctl = 158, kExitGroup = 231;  // Linux's numbers on x86-64
constexpr long kSetFs = 0x1002;
constexpr long kReadWrite = 3, kPrivateAnonymousFixed = 0x32;
constexpr u64 kHeapSize = 16 << 20;

long linux_call(long number, u64 a, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0) {
  register u64 fourth asm("r10") = d;
  register u64 fifth asm("r8") = e;
  register u64 sixth asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  return result;
}

void map(u64 address, u64 size) {
  if (linux_call(kMmap, address, size, kReadWrite, kPrivateAnonymousFixed, ~u64{0}) != long(address)) pith_libc_exit(2);
}

}  // namespace

extern "C" {

void pith_libc_write(const void* data, size_t size) { linux_call(kWrite, 1, u64(data), size); }
void pith_libc_exit(int status) { linux_call(kExitGroup, u64(status)); }
void pith_set_thread_pointer(u64 pointer) { linux_call(kArchPrctl, kSetFs, pointer); }

[[noreturn]] void host_start() {
  map(kStartInformation, kPageSize);
  map(kHeapAddress, kHeapSize);
  auto& information = *reinterpret_cast<StartInformation*>(kStartInformation);
  information.magic = StartInformation::kMagic;
  memcpy(information.name, "libc_test", 10);
  memcpy(information.arguments, "first  second=2", 16);
  information.heap_size = kHeapSize;
  information.counter_start = __builtin_ia32_rdtsc();
  information.counter_multiplier = u64{1} << 31;  // as if the counter ran at 2 GHz: the test needs only progress
  information.wall_clock = 1'700'000'000;
  information.seed[0] = information.counter_start;
  pith_libc_start(&information, main);
}
}

asm(".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  and $-16, %rsp\n"
    "  call host_start\n");

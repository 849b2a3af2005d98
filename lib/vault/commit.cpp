// The sequence itself (x86-64), and its completion from the dead thread's registers.
#include "lib/vault/commit.h"

#include "lib/last_registers.h"
#include "lib/start.h"

// Between `begin` and `end` the operation is done and the stores are not, or not all; both may be done again.
// rbx: address, r12: value, r13: where the byte goes, rdi: answer word 0. The kernel keeps rbx, rbp and r12-r15.
// From the system call to `end` these are the bytes of kCommitSequence (lib/vault/commit_sequence.h), in one page.
asm(R"(
  .section .text.pith_invoke_and_commit,"ax",@progbits
  .globl pith_invoke_and_commit, pith_commit_begin, pith_commit_end
  .type pith_invoke_and_commit, @function
  .balign 128
pith_invoke_and_commit:
  push %rbx
  push %r12
  push %r13
  push %r14
  mov %rcx, %rbx
  mov %r8, %r12
  mov %rdx, %r13
  mov %rsi, %r14
  mov %rdi, %r10
  mov (%r14), %rdi
  mov 8(%r14), %rsi
  mov 16(%r14), %rdx
  mov 24(%r14), %r8
  mov 32(%r14), %r9
  mov 40(%r14), %rax
  syscall
pith_commit_begin:
  mov %dil, (%r13)
  mov %r12, (%rbx)
pith_commit_end:
  mov %rdi, (%r14)
  mov %rsi, 8(%r14)
  mov %rdx, 16(%r14)
  mov %r8, 24(%r14)
  mov %r9, 32(%r14)
  mov %rax, 40(%r14)
  mov %r10, %rax
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  ret
  .size pith_invoke_and_commit, . - pith_invoke_and_commit
  .previous
)");

extern "C" {
u64 pith_invoke_and_commit(u64 handle, pith::Words* words, std::byte* byte, u64* address, u64 value);
extern const char pith_commit_begin[], pith_commit_end[];
}

namespace pith {

namespace {

/// Where stores go that nobody wants.
u64 nowhere;

bool is_in_vault(u64 address, u64 size) {
  u64 offset = address - kVaultAddress;
  return offset < start_information().vault_size && size <= start_information().vault_size - offset;
}

}  // namespace

Status invoke_and_commit(u64 handle, Words& words, Commit commit, std::byte* byte) {
  return Status{pith_invoke_and_commit(handle, &words, byte ? byte : reinterpret_cast<std::byte*>(&nowhere),
                                       commit.address ? commit.address : &nowhere, commit.value)};
}

/// No event: the sequence is final by itself.
[[gnu::section(".text.unlogged"), gnu::noinline]] void complete_interrupted_commit() {
  const auto& last = *reinterpret_cast<const LastRegisters*>(kLastRegisters);
  auto value = [&](Register which) { return last.value[u64(which)]; };
  u64 instruction = value(Register::Rip);
  if (instruction < reinterpret_cast<u64>(pith_commit_begin) || instruction >= reinterpret_cast<u64>(pith_commit_end)) return;
  if (u64 byte = value(Register::R13); is_in_vault(byte, 1)) *reinterpret_cast<u8*>(byte) = u8(value(Register::Rdi));
  if (u64 word = value(Register::Rbx); word % sizeof(u64) == 0 && is_in_vault(word, sizeof(u64)))
    *reinterpret_cast<u64*>(word) = value(Register::R12);
}

}  // namespace pith

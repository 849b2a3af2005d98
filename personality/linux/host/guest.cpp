// Host: guests as traced processes.
#include "lib/guest.h"

#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/error.h"
#include "abi/message.h"
#include "threads.h"

namespace pith {

namespace {

constexpr u64 kStub = 0x2000;  ///< a page with "syscall; int3", in every traced process
constexpr usize kVectorSize = 16384;

void make_stub() {
  static bool made = [] {
    auto* page = static_cast<u8*>(mmap(reinterpret_cast<void*>(kStub), kPageSize, PROT_READ | PROT_WRITE | PROT_EXEC,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    if (page == MAP_FAILED) abort();
    memcpy(page, "\x0f\x05\xcc", 3);
    return true;
  }();
  (void)made;
}

int wait_for(int pid) {
  int status = 0;
  while (waitpid(pid, &status, __WALL) < 0) {
  }
  if (!WIFSTOPPED(status)) {
    fprintf(stderr, "host: traced process is gone: status %x\n", unsigned(status));
    _exit(98);
  }
  return WSTOPSIG(status);
}

u64 next_identity() {
  static std::atomic<u64> next{1};
  return next++;
}

int protection_of(Access access) {
  return access == Access::Read ? PROT_READ : access == Access::ReadWrite ? PROT_READ | PROT_WRITE : PROT_READ | PROT_EXEC;
}

}  // namespace

Result<std::unique_ptr<GuestSpace>> GuestSpace::create(FramePool& pool) {
  auto space = std::make_unique<GuestSpace>();
  space->pool_ = &pool;
  space->identity_ = next_identity();
  return space;
}

Result<void> GuestSpace::map(u64 address, FrameNumber frame, Access access) {
  std::lock_guard lock(mutex_);
  if (pages_.contains(address)) return Error::Occupied;
  pages_[address] = {frame, access};
  changed_.push_back(address);
  return {};
}

Result<void> GuestSpace::unmap(u64 address) {
  std::lock_guard lock(mutex_);
  if (!pages_.erase(address)) return Error::NotMapped;
  changed_.push_back(address);
  return {};
}

Result<void> GuestSpace::protect(u64 address, Access access) {
  std::lock_guard lock(mutex_);
  auto it = pages_.find(address);
  if (it == pages_.end()) return Error::NotMapped;
  it->second.access = access;
  changed_.push_back(address);
  return {};
}

Result<std::unique_ptr<Guest>> Guest::create(FramePool& pool, GuestSpace& space) {
  make_stub();
  auto guest = std::make_unique<Guest>();
  guest->pool_ = &pool;
  guest->space_ = &space;
  return guest;
}

Guest::~Guest() {
  if (pid_) kill(pid_, SIGKILL);
}

Result<void> Guest::set_space(GuestSpace& space) {
  space_ = &space;
  return {};
}

void Guest::start() {
  pid_ = int(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (pid_ == 0) {
    // The kernel would look for this thread's restartable sequence in memory that is going to vanish.
    syscall(SYS_rseq, static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
    syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
    syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
    for (;;) {
    }
  }
  wait_for(pid_);
  ptrace(PTRACE_SETOPTIONS, pid_, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  current_thread().guest_process = pid_;
  initial_vector_state_.resize(kVectorSize);
  iovec vector{initial_vector_state_.data(), kVectorSize};
  ptrace(PTRACE_GETREGSET, pid_, NT_X86_XSTATE, &vector);
  initial_vector_state_.resize(vector.iov_len);
  // A fresh program's state: nothing but the default control words.
  u16 control = 0x37f;
  u32 mxcsr = 0x1f80;
  std::vector<u8> clean(vector.iov_len);
  memcpy(clean.data(), &control, 2);
  memcpy(clean.data() + 24, &mxcsr, 4);
  memcpy(clean.data() + 464, initial_vector_state_.data() + 464, 48);
  u64 present = 3;
  memcpy(clean.data() + 512, &present, 8);
  initial_vector_state_ = clean;
}

u64 Guest::inject(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  user_regs_struct registers;
  ptrace(PTRACE_GETREGS, pid_, 0, &registers);
  registers.rax = number;
  registers.orig_rax = ~0ull;
  registers.rdi = a, registers.rsi = b, registers.rdx = c, registers.r10 = d, registers.r8 = e, registers.r9 = f;
  registers.rip = kStub;
  ptrace(PTRACE_SETREGS, pid_, 0, &registers);
  bool interrupted = false;
  for (;;) {
    ptrace(PTRACE_CONT, pid_, 0, 0);
    int signal = wait_for(pid_);
    if (signal == SIGTRAP) break;
    if (signal == SIGUSR2) interrupted = true;
  }
  if (interrupted) {
    std::lock_guard lock(current_thread().mutex);
    current_thread().interrupted = true;
  }
  ptrace(PTRACE_GETREGS, pid_, 0, &registers);
  return registers.rax;
}

void Guest::apply(u64 address) {
  auto it = space_->pages_.find(address);
  if (it == space_->pages_.end())
    inject(SYS_munmap, address, kPageSize, 0, 0, 0, 0);
  else
    inject(SYS_mmap, address, kPageSize, u64(protection_of(it->second.access)), MAP_SHARED | MAP_FIXED, u64(pool_->file()),
           u64{it->second.frame.raw} * kPageSize);
}

void Guest::apply_changes() {
  std::lock_guard lock(space_->mutex_);
  if (space_identity_ != space_->identity_) {
    constexpr u64 kFirst = kStub + kPageSize;
    inject(SYS_munmap, kFirst, 0x7fff'ffff'f000 - kFirst, 0, 0, 0, 0);
    space_identity_ = space_->identity_;
    for (const auto& [address, page] : space_->pages_) apply(address);
    position_ = space_->changed_.size();
  }
  for (; position_ < space_->changed_.size(); position_++) apply(space_->changed_[position_]);
}

GuestExitInfo Guest::fault(int signal) {
  siginfo_t information = {};
  ptrace(PTRACE_GETSIGINFO, pid_, 0, &information);
  u64 address = reinterpret_cast<u64>(information.si_addr);
  FaultKind kind = FaultKind::Memory;
  u64 code = 0;
  switch (signal) {
    case SIGSEGV: {
      if (information.si_code == SI_KERNEL) {
        kind = FaultKind::Protection;
        break;
      }
      // The hardware's code is not told: what the page lacks says what was wanted.
      std::lock_guard lock(space_->mutex_);
      auto it = space_->pages_.find(address & ~(kPageSize - 1));
      bool fetch = (registers_.rip & ~(kPageSize - 1)) == (address & ~(kPageSize - 1));
      if (it == space_->pages_.end())
        code = fetch ? 16 : 0;
      else
        code = 1 | (fetch && it->second.access != Access::ReadExecute ? 16 : 2);
      break;
    }
    case SIGILL:
      kind = FaultKind::Instruction;
      break;
    case SIGFPE:
      kind = FaultKind::Arithmetic;
      break;
    case SIGTRAP:
      kind = FaultKind::Breakpoint;
      break;
    case SIGBUS:
      kind = FaultKind::Alignment;
      break;
    default:
      fprintf(stderr, "host: guest got signal %d\n", signal);
      return {GuestExit::Interrupted, 0, 0, 0};
  }
  return {GuestExit::Fault, u64(kind), address, code};
}

GuestExitInfo Guest::run() {
  static bool trace = getenv("PITH_TRACE");
  if (trace)
    fprintf(stderr, "[%d] enter rip %llx rax %lld rsp %llx\n", pid_, (unsigned long long)registers_.rip, (long long)registers_.rax,
            (unsigned long long)registers_.rsp);
  GuestExitInfo exit = run_once();
  if (trace)
    fprintf(stderr, "[%d] exit %llu kind %llu address %llx code %llx rip %llx rax %lld (%llx %llx %llx)\n", pid_,
            (unsigned long long)exit.reason, (unsigned long long)exit.fault_kind, (unsigned long long)exit.address,
            (unsigned long long)exit.code, (unsigned long long)registers_.rip, (long long)registers_.rax,
            (unsigned long long)registers_.rdi, (unsigned long long)registers_.rsi, (unsigned long long)registers_.rdx);
  return exit;
}

GuestExitInfo Guest::run_once() {
  if (take_interruption()) return {GuestExit::Interrupted, 0, 0, 0};
  if (!pid_) {
    start();
    if (!vector_state_set_) {
      vector_state_ = initial_vector_state_;
      vector_state_set_ = true;
    }
  }
  apply_changes();
  if (vector_state_set_) {
    if (vector_state_.empty()) vector_state_ = initial_vector_state_;
    iovec vector{vector_state_.data(), vector_state_.size()};
    if (ptrace(PTRACE_SETREGSET, pid_, NT_X86_XSTATE, &vector) != 0) perror("host: setting vector state");
    vector_state_set_ = false;
  }
  user_regs_struct r = {};
  GuestRegisters& g = registers_;
  r.rax = g.rax, r.rbx = g.rbx, r.rcx = g.rcx, r.rdx = g.rdx, r.rsi = g.rsi, r.rdi = g.rdi, r.rbp = g.rbp, r.rsp = g.rsp;
  r.r8 = g.r8, r.r9 = g.r9, r.r10 = g.r10, r.r11 = g.r11, r.r12 = g.r12, r.r13 = g.r13, r.r14 = g.r14, r.r15 = g.r15;
  r.rip = g.rip, r.eflags = g.rflags, r.fs_base = g.fs_base, r.gs_base = g.gs_base;
  r.cs = 0x33, r.ss = 0x2b, r.orig_rax = ~0ull;
  if (ptrace(PTRACE_SETREGS, pid_, 0, &r) != 0) perror("host: setting registers");
  ptrace(PTRACE_SYSEMU, pid_, 0, 0);
  int signal = wait_for(pid_);
  ptrace(PTRACE_GETREGS, pid_, 0, &r);
  g.rax = signal == (SIGTRAP | 0x80) ? r.orig_rax : r.rax;
  g.rbx = r.rbx, g.rcx = r.rcx, g.rdx = r.rdx, g.rsi = r.rsi, g.rdi = r.rdi, g.rbp = r.rbp, g.rsp = r.rsp;
  g.r8 = r.r8, g.r9 = r.r9, g.r10 = r.r10, g.r11 = r.r11, g.r12 = r.r12, g.r13 = r.r13, g.r14 = r.r14, g.r15 = r.r15;
  g.rip = r.rip, g.rflags = r.eflags, g.fs_base = r.fs_base, g.gs_base = r.gs_base;
  if (signal == (SIGTRAP | 0x80)) return {GuestExit::SystemCall, 0, 0, 0};
  if (signal == SIGUSR2) {
    take_interruption();
    return {GuestExit::Interrupted, 0, 0, 0};
  }
  return fault(signal);
}

Result<void> Guest::copy_vector_state(Guest& from) {
  vector_state_.resize(kVectorSize);
  TRY(from.save_vector_state(nullptr));
  vector_state_ = from.vector_state_;
  vector_state_set_ = true;
  return {};
}

Result<void> Guest::reset_vector_state() {
  vector_state_ = initial_vector_state_;
  vector_state_set_ = true;
  return {};
}

Result<void> Guest::save_vector_state(void* page, u64 size) {
  if (!vector_state_set_) {
    vector_state_.resize(kVectorSize);
    iovec vector{vector_state_.data(), kVectorSize};
    if (!pid_ || ptrace(PTRACE_GETREGSET, pid_, NT_X86_XSTATE, &vector) != 0) return Error::BadState;
    vector_state_.resize(vector.iov_len);
  }
  if (page) {
    memset(page, 0, size);
    memcpy(page, vector_state_.data(), vector_state_.size() < size ? vector_state_.size() : size);
  }
  return {};
}

Result<void> Guest::load_vector_state(const void* page, u64 size) {
  TRY(save_vector_state(nullptr));
  if (size > vector_state_.size()) size = vector_state_.size();
  memcpy(vector_state_.data(), page, 464);
  memcpy(vector_state_.data() + 512, static_cast<const u8*>(page) + 512, size - 512);
  vector_state_set_ = true;
  return {};
}

}  // namespace pith

// x86-64: rt_sigframe with ucontext, siginfo and the vector state in XSAVE form [abi/x86-64 3.4.1; Linux uapi asm/sigcontext.h].
#include "personality/linux/x86_64/signal_frame.h"

#include <cpuid.h>
#include <cstring>

#include "personality/linux/memory/user_copy.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality::machine {

namespace {

constexpr u64 kRedZone = 128;
constexpr u32 kMagicFirst = 0x46505853, kMagicSecond = 0x46505845;
constexpr u64 kSoftwareBytes = 464;  ///< where Linux describes the extended state in the FXSAVE area
constexpr u64 kContextExtended = 1, kContextStackSegment = 2, kContextStrictStack = 4;
/// Flags that a program may set through a frame: carry to overflow, direction, resume, alignment check.
constexpr u64 kSettableFlags = 0x50dd5 & ~u64{0x200};

struct MachineContext {
  u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
  u16 cs, gs, fs, ss;
  u64 error, trap, old_mask, fault_address, vector_state, reserved[8];
};
static_assert(sizeof(MachineContext) == 256);

struct SignalFrame {
  u64 restorer;
  u64 context_flags, context_link;
  SignalStack stack;
  MachineContext machine;
  u64 mask;
  RawSignalInformation information;
};
static_assert(sizeof(SignalFrame) == 8 + 16 + 24 + 256 + 8 + 128);

struct SoftwareBytes {
  u32 magic, extended_size;
  u64 features;
  u32 state_size;
  u32 pad[7];
};

/// Bytes that XSAVE's standard form takes with the features that are switched on.
u64 vector_state_size() {
  static u64 size = [] {
    u32 a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_XSAVE)) return u64{512};
    if (!__get_cpuid_count(13, 0, &a, &b, &c, &d) || b < 576) return u64{512};
    return b <= 4000 ? u64{b} : u64{832};
  }();
  return size;
}

u64 feature_mask() {
  static u64 mask = [] {
    u32 a, b, c, d;
    return __get_cpuid_count(13, 0, &a, &b, &c, &d) ? u64{a} | u64{d} << 32 : u64{3};
  }();
  return mask;
}

/// Bytes of the state that go to and from the kernel: with the XSAVE header, also where only the FXSAVE part is used.
u64 state_bytes() { return vector_state_size() > 576 ? vector_state_size() : 576; }

alignas(64) u8 vector_page[kPageSize];  ///< under the environment's lock

bool is_on(const SignalStack& stack, u64 pointer) { return stack.size && pointer > stack.pointer && pointer - stack.pointer <= stack.size; }

Result<u64> push_vector_state(Task& task, u64 top) {
  u64 size = vector_state_size();
  bool extended = size > 512;
  u64 total = size + (extended ? 4 : 0);
  u64 place = (top - total) & ~u64{63};
  TRY(task.guest->save_vector_state(vector_page, state_bytes()));
  if (extended) {
    SoftwareBytes software{kMagicFirst, u32(total), feature_mask(), u32(size), {}};
    memcpy(vector_page + kSoftwareBytes, &software, sizeof software);
    memcpy(vector_page + size, &kMagicSecond, 4);
  } else {
    memset(vector_page + kSoftwareBytes, 0, 48);
  }
  TRY(copy_to_guest(task.memory(), GuestAddress(place), vector_page, total));
  return place;
}

Result<void> pop_vector_state(Task& task, u64 place) {
  if (place == 0) {
    TRY(task.guest->reset_vector_state());
    return {};
  }
  TRY(copy_from_guest(task.memory(), vector_page, GuestAddress(place), 512));
  SoftwareBytes software;
  memcpy(&software, vector_page + kSoftwareBytes, sizeof software);
  u64 size = vector_state_size();
  bool extended = size > 512 && software.magic == kMagicFirst && software.state_size == size;
  if (extended) {
    u32 second = TRY(read_guest<u32>(task.memory(), GuestAddress(place + size)));
    if (second == kMagicSecond) {
      TRY(copy_from_guest(task.memory(), vector_page + 512, GuestAddress(place + 512), size - 512));
    } else {
      extended = false;
    }
  }
  u64 present = 3;  // x87 and SSE
  if (extended) memcpy(&present, vector_page + 512, 8);
  present &= feature_mask();
  memcpy(vector_page + 512, &present, 8);
  memset(vector_page + 520, 0, 56);  // the header's reserved words
  memset(vector_page + kSoftwareBytes, 0, 48);
  TRY(task.guest->load_vector_state(vector_page, state_bytes()));
  return {};
}

}  // namespace

Result<void> push_signal_frame(Task& task, const SignalInformation& information, const SignalAction& action, SignalSet return_mask) {
  GuestRegisters& r = task.registers();
  if (!(action.flags & SignalAction::kRestorer)) return LinuxError::BadPointer;
  u64 top = r.rsp - kRedZone;
  const SignalStack& alternate = task.signal_stack;
  if (action.flags & SignalAction::kOnStack && !(alternate.flags & SignalStack::kDisabled) && !is_on(alternate, r.rsp))
    top = alternate.pointer + alternate.size;
  u64 vector_place = TRY(push_vector_state(task, top));
  u64 place = ((vector_place - sizeof(SignalFrame)) & ~u64{15}) - 8;
  SignalFrame frame = {};
  frame.restorer = action.restorer;
  frame.context_flags = (vector_state_size() > 512 ? kContextExtended : 0) | kContextStackSegment | kContextStrictStack;
  frame.stack = alternate;
  if (!(alternate.flags & SignalStack::kDisabled)) frame.stack.flags = is_on(alternate, r.rsp) ? SignalStack::kOnStack : 0;
  frame.machine = {r.r8,
                   r.r9,
                   r.r10,
                   r.r11,
                   r.r12,
                   r.r13,
                   r.r14,
                   r.r15,
                   r.rdi,
                   r.rsi,
                   r.rbp,
                   r.rbx,
                   r.rdx,
                   r.rax,
                   r.rcx,
                   r.rsp,
                   r.rip,
                   r.rflags,
                   0x33,
                   0,
                   0,
                   0x2b,
                   0,
                   0,
                   return_mask.bits(),
                   information.address,
                   vector_place,
                   {}};
  frame.mask = return_mask.bits();
  frame.information = raw_information(information);
  if (kSynchronous.has(information.signal) && information.code > 0) frame.machine.trap = 14;
  TRY(write_guest(task.memory(), GuestAddress(place), frame));
  r.rsp = place;
  r.rip = action.handler;
  r.rdi = information.signal;
  r.rsi = place + offsetof(SignalFrame, information);
  r.rdx = place + offsetof(SignalFrame, context_flags);
  r.rax = 0;
  r.rflags = kUserFlags;
  r.restore_all = 1;
  return {};
}

Result<void> pop_signal_frame(Task& task) {
  GuestRegisters& r = task.registers();
  SignalFrame frame = TRY(read_guest<SignalFrame>(task.memory(), GuestAddress(r.rsp - 8)));
  TRY(pop_vector_state(task, frame.machine.vector_state));
  const MachineContext& m = frame.machine;
  u64 fs_base = r.fs_base, gs_base = r.gs_base;
  r = {m.rax,   m.rbx,   m.rcx, m.rdx, m.rsi, m.rdi, m.rbp, m.rsp, m.r8,
       m.r9,    m.r10,   m.r11, m.r12, m.r13, m.r14, m.r15, m.rip, (m.flags & kSettableFlags) | kUserFlags,
       fs_base, gs_base, 1};
  task.blocked = SignalSet(frame.mask) & ~kUnblockable;
  if (!is_on(task.signal_stack, r.rsp)) {
    task.signal_stack.pointer = frame.stack.pointer;
    task.signal_stack.size = frame.stack.size;
    task.signal_stack.flags = frame.stack.flags & SignalStack::kDisabled;
  }
  return {};
}

}  // namespace pith::personality::machine

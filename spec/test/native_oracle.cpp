// The oracle's answers that depend on the fake machine.
#include "spec/test/native_oracle.h"

#include <cstring>

#include "kernel/arch/host/hardware.h"
#include "kernel/arch/host/port/memory.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "spec/oracle.h"

namespace pith::spec {

namespace test {
u64 user_memory[kSpecFrames][kPageSize / 8];
u64 open_answer[kRegisterWords];
PortWrite last_port_write;
}  // namespace test

u64 spec_user_word(u32 frame, u32 index) { return test::user_memory[frame][index]; }
void spec_set_user_word(u32 frame, u32 index, u64 value) { test::user_memory[frame][index] = value; }
void spec_clear_user_page(u32 frame) { std::memset(test::user_memory[frame], 0, kPageSize); }

u64 spec_read_port(u32 port, u32 width) {
  u64 value = 0;
  for (u32 i = 0; i < width; i++) value |= u64{host::hardware.ports[port + i]} << (8 * i);
  return value;
}
void spec_write_port(u32 port, u32 width, u64 value) { test::last_port_write = {port, width, value}; }

u64 spec_message_address(u32 cpu) { return 0xfee00000 + u64{cpu} * 4096; }
u64 spec_message_data(u32 line) { return 48 + u64{line}; }

u64 spec_kept_register(u32, u32) { return 0; }
u64 spec_initial_vector_word(u32 index) { return index == 0 ? 0x37f : index == 3 ? 0x1f80 : 0; }
u64 spec_allowed_vector_word(u32 index, u64 value) { return index == 3 ? value & ~u64{0xffff'0000} : value; }
u64 spec_measured(u32 index) { return test::open_answer[index]; }

/// The kernel has taken its step already: the thread is gone, or it is not.
bool spec_has_parked_time(u32 thread) { return pith::frames[thread].type == ObjectType::Thread; }

bool spec_is_to_be_looked_at(u32 context) { return pith::scheduling_contexts[context].place != Whereabouts::Queued; }

u8 spec_level_without_time(u32 thread) { return u8(pith::threads[thread].level); }

bool spec_is_kernel_page(u64 page) { return arch::is_kernel_memory(page * kPageSize, kPageSize); }

}  // namespace pith::spec

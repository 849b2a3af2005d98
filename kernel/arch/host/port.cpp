// What the contract asks of a port, done to plain variables.
#include "kernel/arch/contract/cpu.h"

#include <stdexcept>

#include "kernel/arch/contract/interrupts.h"
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/host/hardware.h"
#include "kernel/memory/flush.h"
#include "kernel/object/guest.h"
#include "kernel/object/page_table.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/cpu.h"
#include "kernel/sync/lock.h"

namespace pith {

extern "C" {
FrameInfo frames[host::kFrames];
u64 epochs[host::kFrames];
u32 frame_count;
u32 cpu_count = 1;
Cpu cpus[kMaximumCpus];
}
KernelLock kernel_lock;

void assertion_failed(const char* condition, const char* file, int line) {
  throw std::logic_error(std::string(file) + ":" + std::to_string(line) + ": " + condition);
}

namespace host {

Hardware hardware;

void reset_memory() {
  for (u32 i = 0; i < kFrames; i++) {
    bool used = frames[i].type != ObjectType::Reserved && frames[i].type != ObjectType::Untyped;
    if (used || epochs[i] != 0 || i == 0) arch::clear_frame(FrameNumber(i), kPageSize / 8);
    frames[i] = {};
    frames[i].type = ObjectType::Reserved;
    epochs[i] = 0;
  }
  for (Cpu& cpu : cpus) cpu = {};
  cpu_count = 1;
  flushes = {};
  kernel_lock = {};
  hardware = {};
}

}  // namespace host

namespace arch {

using host::hardware;

void initialise_top_table(FrameNumber top) { view<PageTable>(top).entry[kPageTableEntries - 1] = PageTableEntry::table(FrameNumber(0)); }
u64 current_root() { return hardware.root; }
void flush_page(u64) { hardware.page_flushes++; }
void flush_all() { hardware.flushes++; }
void forget_root(u64 root) {
  if (hardware.root == root) hardware.root = 0;
}
void send_interruption(u32) { hardware.interruptions++; }

Cpu& current_cpu() { return cpus[hardware.cpu]; }
u64 counter() { return ++hardware.counter; }
u64 now() { return hardware.now; }
void set_timer(u64 deadline) { hardware.timer = deadline; }
void diagnose(char character) { hardware.diagnostics += character; }
void stop_machine(u32 action) { throw host::Stopped{action}; }

void Registers::start(u64 instruction, u64 stack, u64 argument) {
  *this = {};
  (*this)[Register::Rip] = instruction;
  (*this)[Register::Rsp] = stack;
  (*this)[Register::Rdi] = argument;
  (*this)[Register::Rflags] = kFixedFlags;
}

Result<void> Registers::write(Register index, u64 written) {
  if (index == Register::Rip && written >= kUserEnd) return Error::BadAddress;
  if (index == Register::Rflags) written = (written & kUserFlags) | kFixedFlags;
  (*this)[index] = written;
  return {};
}

u64 register_of(const Thread& thread, Register index) {
  if ((thread.key & Key::kFullFrame) != 0) return thread.registers[index];
  if (index == Register::Rip) return thread.instruction;
  if (index == Register::Rsp) return thread.stack;
  return 0;
}

u32 line_count() { return host::kLines; }
void mask_line(u32 line) { hardware.masked[line % host::kAllLines] = true; }
void unmask_line(u32 line) { hardware.masked[line % host::kAllLines] = false; }
void route_line(u32 line, u32 cpu) { hardware.route[line % host::kLines] = cpu; }
u64 message_address(u32 cpu) { return 0xfee00000 | u64{cpu} << 12; }
u64 message_data(u32 line) { return 48 + line; }
bool has_io_ports() { return hardware.has_io_ports; }

u64 read_port(u16 port, u32 width) {
  u64 value = 0;
  for (u32 i = 0; i < width; i++) value |= u64{hardware.ports[port + i]} << (8 * i);
  return value;
}
void write_port(u16 port, u32 width, u64 value) {
  for (u32 i = 0; i < width; i++) hardware.ports[port + i] = u8(value >> (8 * i));
}

void enable_vector() { hardware.vector_enabled = true; }
void disable_vector() { hardware.vector_enabled = false; }
void save_vector(VectorImage& image) {
  ASSERT(hardware.vector_enabled);
  image = hardware.vector;
}
void load_vector(const VectorImage& image) {
  ASSERT(hardware.vector_enabled);
  hardware.vector = image;
}
void initialise_vector_state(VectorState& state) {
  state.image.raw[0] = 0x37f;
  state.image.raw[3] = 0x1f80;
}

}  // namespace arch
}  // namespace pith

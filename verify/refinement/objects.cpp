// Endpoints, notifications, time, devices, guests and processors: what the specification's cells mean.
#include "verify/refinement/meaning.h"

namespace pith {

namespace {

[[gnu::always_inline]] inline const SchedulingContext& time_in(FrameNumber frame) { return scheduling_contexts[frame.raw]; }
[[gnu::always_inline]] inline bool signals(FrameNumber frame) { return is<Interrupt>(frame) && !interrupts[frame.raw].notification.is_empty(); }
[[gnu::always_inline]] inline bool is_online(CpuIndex cpu) { return cpu.raw < cpu_count; }
[[gnu::always_inline]] inline u32 current_of(CpuIndex cpu) { return verify_frame_of(cpus[cpu.raw].current); }

}  // namespace

MEANING(endpoint_server, spec::endpoints[endpoint].server, endpoints[endpoint.raw].server, is<Endpoint>(endpoint), FrameNumber endpoint)

MEANING(notification_bits, spec::notifications[self].bits, notifications[self.raw].bits, is<Notification>(self), FrameNumber self)
MEANING(notification_waiter, spec::notifications[self].waiter, notifications[self.raw].waiter, is<Notification>(self), FrameNumber self)
MEANING(notification_bound, spec::notifications[self].bound, notifications[self.raw].bound, is<Notification>(self), FrameNumber self)

MEANING(context_thread, spec::scheduling_contexts[self].thread, time_in(self).thread, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_priority, spec::scheduling_contexts[self].priority, time_in(self).priority, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_cpu, spec::scheduling_contexts[self].cpu, time_in(self).cpu, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_configured, spec::scheduling_contexts[self].configured, time_in(self).configured, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_budget, spec::scheduling_contexts[self].budget, time_in(self).budget, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_period, spec::scheduling_contexts[self].period, time_in(self).period, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_used, spec::scheduling_contexts[self].used, time_in(self).used, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_left, spec::scheduling_contexts[self].left, time_in(self).left, is<SchedulingContext>(self), FrameNumber self)
MEANING(context_share, spec::scheduling_contexts[self].share, time_in(self).share, is<SchedulingContext>(self), FrameNumber self)

MEANING(interrupt_line, spec::interrupts[self].line, interrupts[self.raw].line, is<Interrupt>(self), FrameNumber self)
MEANING(interrupt_bits, spec::interrupts[self].bits, interrupts[self.raw].bits, is<Interrupt>(self), FrameNumber self)
MEANING_OF_CAPABILITY(interrupt, spec::interrupts[self].notification, interrupts[self.raw].notification, is<Interrupt>(self), signals(self), FrameNumber self)

MEANING(ports_first, spec::io_ports[self].first, io_port_ranges[self.raw].first, is<IoPorts>(self), FrameNumber self)
MEANING(ports_count, spec::io_ports[self].count, io_port_ranges[self.raw].count, is<IoPorts>(self), FrameNumber self)

MEANING(guest_space, spec::guests[self].space, guests[self.raw].space, is<Guest>(self), FrameNumber self)
MEANING(guest_registers, spec::guests[self].registers, guests[self.raw].registers, is<Guest>(self), FrameNumber self)
MEANING(guest_thread, spec::guests[self].thread, guests[self.raw].thread, is<Guest>(self), FrameNumber self)
MEANING(guest_vector_state, spec::guests[self].vector_state, guests[self.raw].vector_state, is<Guest>(self), FrameNumber self)
MEANING(guest_is_barred, spec::guests[self].is_barred, guests[self.raw].space.raw != 0 && guests[self.raw].root == 0, is<Guest>(self), FrameNumber self)

MEANING(vector_user, spec::vector_states[self].user, vector_states[self.raw].user, is<VectorState>(self), FrameNumber self)
MEANING(vector_holder, spec::vector_states[self].holder, vector_states[self.raw].holder, is<VectorState>(self), FrameNumber self)

MEANING(cpu_idle, spec::state.cpus[cpu.raw].idle, cpus[cpu.raw].idle, is_online(cpu), CpuIndex cpu)
MEANING(cpu_vector_owner, spec::state.cpus[cpu.raw].vector_owner, cpus[cpu.raw].vector_owner, is_online(cpu), CpuIndex cpu)
MEANING(cpu_vector_wanted, spec::state.cpus[cpu.raw].vector_wanted, cpus[cpu.raw].vector_wanted, is_online(cpu), CpuIndex cpu)
MEANING(cpu_current, spec::state.cpus[cpu.raw].current, current_of(cpu), is_online(cpu), CpuIndex cpu)
MEANING(cpu_context, spec::state.cpus[cpu.raw].context, cpus[cpu.raw].context, is_online(cpu), CpuIndex cpu)
MEANING(cpu_charged, spec::state.cpus[cpu.raw].charged, cpus[cpu.raw].last_accounted, is_online(cpu), CpuIndex cpu)

MEANING(line_interrupt, spec::state.lines[line.raw].interrupt, interrupt_lines[line.raw], line.raw < kInterruptLines, LineIndex line)

}  // namespace pith

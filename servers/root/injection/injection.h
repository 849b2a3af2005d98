// Makes faults in instances on purpose, for tests. Only a root that a system asks for has it: `root = "injecting_root"`.
#pragma once
#include "lib/random.h"
#include "protocols/root.h"
#include "servers/root/component.h"
#include "servers/root/injection/fault.h"

namespace pith::root {

/// Makes one fault; `seed` chooses where. Unless it kills, it touches nothing but the instance's private memory and no object of the
/// kernel; on another CPU the instance may go on meanwhile.
class Injection {
 public:
  Injection(Component& component, u64 seed) : component_(component), random_(seed) {}

  /// Errors: NotSupported by root as it is, BadState when no instance runs, Again when it is at none of `moments`, BadArgument for an
  /// unknown fault, NotFound when no page to hurt was found.
  Result<protocols::RootInjectResult> run(Fault fault, u64 moments);

 private:
  using Answer = protocols::RootInjectResult;

  Moment moment() const;
  u64 page(Access access, u64 which) const;
  Result<u64> open_used_page(Access access);
  Result<u64> any_byte(Access access);
  template <class IsWanted>
  u64 choose_word(u64 start, u64 end, IsWanted is_wanted);
  bool is_code(u64 address) const;
  template <class IsWanted>
  u64 choose_of_stack(Moment at, IsWanted is_wanted);
  Result<u64> byte_of_memory(Moment at);
  Result<u64> byte_of_program(Moment at);
  Result<void> change(Answer& answer, u64 address, u8 difference);
  Result<void> hang();
  Result<void> flip_bit(Answer& answer);
  Result<void> change_instruction(Answer& answer);
  Result<void> fill_page(Answer& answer);

  Component& component_;
  Random random_;
};

}  // namespace pith::root

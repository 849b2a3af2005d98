// x86-64: the calls that only this architecture has.
#include "personality/linux/calls/handlers.h"
#include "personality/linux/memory/user_copy.h"
#include "personality/linux/process/task.h"

namespace pith::personality {

Result<u64> call_arch_prctl(Task& task, u32 code, u64 address) {
  // SET_GS and GET_GS are refused: guests have no GS base of their own.
  enum Code : u32 { SetFs = 0x1002, GetFs = 0x1003 };
  GuestRegisters& registers = task.registers();
  switch (code) {
    case SetFs:
      if (address >= AreaMap::kHighest) return LinuxError::NotPermitted;
      registers.fs_base = address;
      registers.restore_all = 1;
      return u64{0};
    case GetFs:
      TRY(write_guest(task.memory(), GuestAddress(address), registers.fs_base));
      return u64{0};
    default:
      return LinuxError::Invalid;
  }
}

}  // namespace pith::personality

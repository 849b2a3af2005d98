// Randomness of an x86-64 machine: its random instruction where it has one, and the jitter of its counter.
#pragma once
#include "servers/entropy/service.h"

namespace pith::entropy {

class MachineSource final : public Source {
 public:
  MachineSource();
  usize collect(std::span<std::byte> room) override;

 private:
  bool has_instruction_;
};

}  // namespace pith::entropy

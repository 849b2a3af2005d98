// Look-ups in the start information.
#include "lib/start.h"

#include <cstring>

#include "abi/error.h"

namespace pith {

namespace {

std::string_view text_of(const char* text, usize most) { return {text, strnlen(text, most)}; }

}  // namespace

Result<CapabilitySlot> find_slot(std::string_view name) {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.slot_count && i < StartInformation::kSlots; i++) {
    const NamedSlot& entry = start.slots[i];
    // Doorbells are called like services: lib/shared_memory.h finds them.
    if (entry.kind == u32(image::GrantKind::Doorbell)) continue;
    if (text_of(entry.name, sizeof entry.name) == name) return CapabilitySlot(entry.slot);
  }
  return Error::NotFound;
}

Result<CapabilitySlot> find_slot(image::GrantKind kind) {
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.slot_count && i < StartInformation::kSlots; i++) {
    if (start.slots[i].kind == u32(kind)) return CapabilitySlot(start.slots[i].slot);
  }
  return Error::NotFound;
}

bool has_command_line_word(std::string_view word) {
  std::string_view line = text_of(start_information().command_line, sizeof start_information().command_line);
  while (!line.empty()) {
    usize end = line.find(' ');
    if (line.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    line.remove_prefix(end + 1);
  }
  return false;
}

std::string_view arguments() { return text_of(start_information().arguments, sizeof start_information().arguments); }

std::span<const std::byte> module_bytes() { return {reinterpret_cast<const std::byte*>(kModuleAddress), start_information().module_size}; }

std::span<std::byte> vault_bytes() { return {reinterpret_cast<std::byte*>(kVaultAddress), start_information().vault_size}; }

}  // namespace pith

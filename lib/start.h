// What a component finds at start: its start information and the capabilities that the manifest named.
#pragma once
#include <span>
#include <string_view>

#include "abi/start_information.h"
#include "base/result.h"

namespace pith {

/// The page that root filled for this instance.
inline const StartInformation& start_information() { return *reinterpret_cast<const StartInformation*>(kStartInformation); }

/// The capability that the manifest granted under `name`. Errors: NotFound.
Result<CapabilitySlot> find_slot(std::string_view name);

/// The first capability that was granted of `kind` (a driver's ports, its interrupt). Errors: NotFound.
Result<CapabilitySlot> find_slot(image::GrantKind kind);

/// Whether `word` stands, separated by blanks, in the kernel's command line ("exec").
bool has_command_line_word(std::string_view word);

/// This component's arguments from the manifest.
std::string_view arguments();

/// The file that the manifest names as this component's module; empty without one.
std::span<const std::byte> module_bytes();

/// The vault: zero at the service's first start, kept across restarts. Empty where the manifest gives none.
std::span<std::byte> vault_bytes();

}  // namespace pith

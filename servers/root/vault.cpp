// A component's vault: mapped once, and after a crash rolled back to the last event boundary before the next instance sees it.
#include <cstring>

#include "abi/kernel.h"
#include "lib/vault/undo_log.h"
#include "servers/root/component.h"
#include "servers/root/places.h"
#include "servers/root/print.h"

namespace pith::root {

namespace {

constexpr kernel::AddressSpace kSpace{RootSlot::AddressSpace};

}  // namespace

u64 Component::vault_frames_needed() const {
  u64 vault = description_->vault_pages, log = description_->undo_log_pages;
  return tables_for(vault) + vault + tables_for(log) + log + (log ? 1 : 0);
}

Result<void> Component::map_vault() {
  step_ = "vault";
  if (description_->undo_log_pages == 0) return map_zeroes(kVaultAddress, description_->vault_pages, Owner::Service);
  TRY(create(ObjectType::Share, Slot::VaultCopy, 0, Owner::Service));
  TRY(map_shared(kVaultAddress, description_->vault_pages, 0));
  return map_shared(vault::kLogAddress, description_->undo_log_pages, description_->vault_pages);
}

/// Fresh pages for the component, which the share shows root from its page `first` on.
Result<void> Component::map_shared(u64 address, u64 pages, u64 first) {
  for (u64 page = 0; page < pages; page++) {
    FrameNumber frame = TRY(create_data(Owner::Service));
    TRY(map_page(address + page * kPageSize, frame, Access::ReadWrite, Owner::Service));
    TRY(kernel::Share{slot(Slot::VaultCopy)}.map(first + page, frame, u64(Access::ReadWrite)));
  }
  return {};
}

/// No instance runs. A log that contradicts itself says that the vault cannot be trusted either: both begin anew.
void Component::roll_back() {
  if (description_->undo_log_pages == 0) return;
  step_ = "roll-back";
  if (!kSpace.link_share(VirtualAddress(kCopyWindow), slot(Slot::VaultCopy))) return;
  auto* window = reinterpret_cast<std::byte*>(kCopyWindow);
  std::span<std::byte> vault(window, description_->vault_pages * kPageSize),
      log(window + vault.size(), description_->undo_log_pages * kPageSize);
  if (!vault::roll_back({vault, log})) {
    print_line("root: the undo log of ", name(), " is damaged; its vault is cleared");
    memset(window, 0, vault.size() + log.size());
  }
  (void)kSpace.unlink_share(VirtualAddress(kCopyWindow));
  (void)kSpace.flush();
}

}  // namespace pith::root

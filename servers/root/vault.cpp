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

/// Shows root vault and log, one behind the other, at the copy window. Errors: NotFound where the vault has no log, the kernel's.
Result<std::span<std::byte>> Component::open_vault() {
  if (description_->undo_log_pages == 0) return Error::NotFound;
  TRY(kSpace.link_share(VirtualAddress(kCopyWindow), slot(Slot::VaultCopy)));
  u64 pages = description_->vault_pages + description_->undo_log_pages;
  return std::span(reinterpret_cast<std::byte*>(kCopyWindow), pages * kPageSize);
}

void Component::close_vault() {
  (void)kSpace.unlink_share(VirtualAddress(kCopyWindow));
  (void)kSpace.flush();
}

/// No instance runs. A log that contradicts itself says that the vault cannot be trusted either: both begin anew.
void Component::roll_back() {
  step_ = "roll-back";
  Result<std::span<std::byte>> window = open_vault();
  if (!window) return;
  u64 vault_size = description_->vault_pages * kPageSize;
  if (!vault::roll_back({window->first(vault_size), window->subspan(vault_size)})) {
    print_line("root: the undo log of ", name(), " is damaged; its vault is cleared");
    memset(window->data(), 0, window->size());
  }
  reinterpret_cast<vault::UndoLog*>(&(*window)[vault_size])->limit = 0;  // no event is in progress until the next instance begins one
  close_vault();
}

}  // namespace pith::root

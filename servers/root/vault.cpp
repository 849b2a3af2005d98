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
  return tables_for(vault) + vault + tables_for(log) + log + vault_shares();
}

u64 Component::vault_shares() const {
  if (description_->undo_log_pages == 0) return 0;
  return (description_->vault_pages + description_->undo_log_pages + kSharePages - 1) / kSharePages;
}

Result<void> Component::map_vault() {
  step_ = "vault";
  if (description_->undo_log_pages == 0) return map_zeroes(kVaultAddress, description_->vault_pages, Owner::Service);
  if (vault_shares() > kMostVaultShares) return Error::BadArgument;
  for (u32 i = 0; i < vault_shares(); i++) TRY(create(ObjectType::Share, Slot(u32(Slot::VaultCopy) + i), 0, Owner::Service));
  TRY(map_vault_part(kVaultAddress, description_->vault_pages, 0));
  return map_vault_part(vault::kLogAddress, description_->undo_log_pages, description_->vault_pages);
}

/// Fresh pages for the component, which the shares show root from their page `first` on.
Result<void> Component::map_vault_part(u64 address, u64 pages, u64 first) {
  for (u64 page = 0; page < pages; page++) {
    FrameNumber frame = TRY(create_data(Owner::Service));
    TRY(map_page(address + page * kPageSize, frame, Access::ReadWrite, Owner::Service));
    u64 place = first + page;
    kernel::Share share{slot(Slot(u32(Slot::VaultCopy) + place / kSharePages))};
    TRY(share.map(place % kSharePages, frame, u64(Access::ReadWrite)));
  }
  return {};
}

/// Shows root vault and log, one behind the other, at the copy window. Errors: NotFound where the vault has no log, the kernel's.
Result<std::span<std::byte>> Component::open_vault() {
  if (description_->undo_log_pages == 0) return Error::NotFound;
  for (u32 i = 0; i < vault_shares(); i++) {
    TRY(kSpace.link_share(VirtualAddress(kCopyWindow + i * kSharePages * kPageSize), slot(Slot(u32(Slot::VaultCopy) + i))));
  }
  u64 pages = description_->vault_pages + description_->undo_log_pages;
  return std::span(reinterpret_cast<std::byte*>(kCopyWindow), pages * kPageSize);
}

void Component::close_vault() {
  for (u32 i = 0; i < vault_shares(); i++) (void)kSpace.unlink_share(VirtualAddress(kCopyWindow + i * kSharePages * kPageSize));
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

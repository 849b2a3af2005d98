// Counts deaths: by call, by session, and without anything having become final.
#include "lib/vault/ladder.h"

#include "lib/vault/event.h"

namespace pith::vault {

namespace {

/// Which instance of its component made a call (lib/ipc/number.h).
u16 instance_of(const CallName& call) { return u16(call.number() >> 32 & 0x7fff); }

void poison(const CallName& call) {
  Trouble& trouble = exchange().trouble;
  u16 instance = instance_of(call);
  if (trouble.instance[call.session] != instance) trouble.poison[call.session] = 0;
  trouble.instance[call.session] = instance;
  trouble.poison[call.session]++;
}

}  // namespace

void note_start(bool was_in_event) {
  Trouble& trouble = exchange().trouble;
  CallName current = exchange().current;
  bool was_up = trouble.is_up;
  trouble.is_up = false;
  if (current_event() == 0 && !was_in_event) return;  // the first instance
  bool is_blamed = was_in_event && current.number() != 0 && current.session < kSessions;
  if (is_blamed) {
    trouble.crashes = trouble.call == current ? trouble.crashes + 1 : 1;
    trouble.call = current;
    if (trouble.crashes == kMostCrashes) poison(current);
  }
  // Killed while it was waiting, or replaced: that says nothing.
  bool is_fruitless = !is_blamed && (was_in_event || !was_up);
  trouble.fruitless = !is_fruitless ? 0 : trouble.last_event == current_event() ? trouble.fruitless + 1 : 1;
  trouble.last_event = current_event();
}

bool is_vault_doomed() { return exchange().trouble.fruitless >= kMostFruitless; }

void give_up_calls() {
  for (u32 place = 0; place < kMostCalls; place++) {
    const Call& call = exchange().calls[place];
    if (call.taken != 0 && call.answered == 0) answer_call(Token(place), ipc::Answer::status(Error::SessionDead));
  }
  change_round().performed = round().intended;
  exchange().trouble.fruitless = 0;
}

Error detail::verdict_on(CallName call) {
  Trouble& trouble = exchange().trouble;
  if (trouble.crashes >= kMostCrashes && trouble.call == call) return Error::NotSupported;
  if (trouble.poison[call.session] < kMostPoison) return kSuccess;
  if (trouble.instance[call.session] == instance_of(call)) return Error::SessionDead;
  trouble.poison[call.session] = 0;
  return kSuccess;
}

}  // namespace pith::vault

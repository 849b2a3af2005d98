// Fails as it is asked to, each time once: what it was asked for is kept in its vault, where the next instance finds it.
#include "abi/error.h"
#include "lib/ipc/instance.h"
#include "lib/start.h"
#include "protocols/patient.h"
#include "protocols/patient_server.h"

namespace {

using namespace pith;

enum class Stage : u64 { Well, Asked, AtStart };

volatile Stage& stage() { return *reinterpret_cast<volatile Stage*>(vault_bytes().data()); }

[[gnu::noinline, noreturn]] void spin() {
  for (;;) asm volatile("");
}

class Patient final : public protocols::PatientServer {
 public:
  using PatientServer::PatientServer;

  Result<u64> instance(Session) override { return ipc::instance_number(); }

  Result<u64> hang(Session) override {
    if (is_first_delivery()) spin();
    return ipc::instance_number();
  }

  Result<u64> hang_at_start(Session) override {
    if (stage() == Stage::AtStart) {
      stage() = Stage::Well;
      return ipc::instance_number();
    }
    stage() = Stage::AtStart;
    __builtin_trap();
  }

  Result<u64> crash(Session) override {
    if (is_first_delivery()) __builtin_trap();
    return ipc::instance_number();
  }

  Result<u64> visit(Session) override {
    CapabilitySlot other = TRY(find_slot("patient"));
    return protocols::PatientClient{other}.hang();
  }

  Result<u64> work(Session, u64 rounds) override {
    for (; rounds > 0; rounds--) asm volatile("");
    return ipc::instance_number();
  }

 private:
  static bool is_first_delivery() {
    bool is_first = stage() == Stage::Well;
    stage() = is_first ? Stage::Asked : Stage::Well;
    return is_first;
  }
};

/// The instance that finds it so hangs, and the next one does not.
void start() {
  volatile u64& hung = reinterpret_cast<volatile u64*>(vault_bytes().data())[1];
  if (stage() == Stage::AtStart && hung == 0) {
    hung = 1;
    spin();
  }
  hung = 0;
}

}  // namespace

int main() {
  start();
  static Patient patient(ComponentSlot::Service);
  patient.serve();
}

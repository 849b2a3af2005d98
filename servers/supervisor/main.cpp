// The supervisor as it is.
#include "lib/clock.h"
#include "servers/supervisor/run.h"

namespace {

using namespace pith;

class Supervisor final : public supervisor::Service {
 public:
  using Service::Service;

 private:
  u64 time() override { return now(); }
};

}  // namespace

int main() {
  (void)supervisor::run<Supervisor>();
  return 1;
}

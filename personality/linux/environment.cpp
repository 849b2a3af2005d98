// Storage of the one environment.
#include "personality/linux/environment.h"

#include "lib/clock.h"
#include "personality/linux/remote/filesystem.h"
#include "personality/linux/terminal/terminal.h"

namespace pith::personality {

namespace {
Environment* the_environment = nullptr;
}

Environment::Environment(FramePool& pool, u8* window, Services& services) : pool(pool), pages(pool, window), services(services) {}
Environment::~Environment() = default;

Environment& environment() { return *the_environment; }

Environment& create_environment(FramePool& pool, u8* window, Services& services) {
  the_environment = new Environment(pool, window, services);
  the_environment->pages.reclaim = reclaim_pages;
  return *the_environment;
}

i64 wall_time() { return i64(environment().boot_wall_offset + now()); }

}  // namespace pith::personality

// /svc: the system's components as files, through the supervisor.
#include "personality/linux/environment.h"
#include "personality/linux/proc/proc.h"
#include "personality/linux/services.h"

namespace pith::personality {

namespace {

/// Number of the component of that name.
Result<u64> component_of(std::string_view name) {
  Unlocked unlocked;
  Services& services = environment().services;
  u64 count = TRY(services.component_count());
  for (u64 component = 0; component < count; component++) {
    Result<std::string> found = services.component_name(component);
    if (found && *found == name) return component;
  }
  return LinuxError::NoEntry;
}

Result<void> control(u64 component, std::string_view command) {
  while (!command.empty() && (command.back() == '\n' || command.back() == ' ')) command.remove_suffix(1);
  Unlocked unlocked;
  return environment().services.component_control(component, command);
}

class ComponentDirectory final : public GeneratedDirectory {
 public:
  explicit ComponentDirectory(u64 component) : GeneratedDirectory(kSvcfs), component_(component) {}
  Result<Reference<Inode>> lookup(Task&, std::string_view wanted) override {
    u64 component = component_;
    if (wanted == "state")
      return Reference<Inode>(new GeneratedFile(kSvcfs, 0444, [component](Task&) {
        Unlocked unlocked;
        return environment().services.component_state(component);
      }));
    if (wanted == "crashes")
      return Reference<Inode>(new GeneratedFile(kSvcfs, 0444, [component](Task&) -> Result<std::string> {
        Unlocked unlocked;
        Result<std::string> text = environment().services.component_crash(component);
        if (!text && text.error() == Error::NotFound) return std::string();
        return text;
      }));
    if (wanted == "ctl")
      return Reference<Inode>(
          new GeneratedFile(kSvcfs, 0200, {}, [component](Task&, std::string_view text) { return control(component, text); }));
    return LinuxError::NoEntry;
  }
  Result<std::vector<GeneratedEntry>> entries(Task&) override {
    return std::vector<GeneratedEntry>{{"state", FileMode::Regular}, {"crashes", FileMode::Regular}, {"ctl", FileMode::Regular}};
  }

 private:
  u64 component_;
};

class ServiceDirectory final : public GeneratedDirectory {
 public:
  ServiceDirectory() : GeneratedDirectory(kSvcfs) {}
  Result<Reference<Inode>> lookup(Task&, std::string_view wanted) override {
    u64 component = TRY(component_of(wanted));
    Reference<Inode> directory(new ComponentDirectory(component));
    directory->as_directory()->parent = this;
    directory->as_directory()->name = wanted;
    return directory;
  }
  Result<std::vector<GeneratedEntry>> entries(Task&) override {
    Unlocked unlocked;
    Services& services = environment().services;
    u64 count = TRY(services.component_count());
    std::vector<GeneratedEntry> all;
    for (u64 component = 0; component < count; component++) {
      Result<std::string> found = services.component_name(component);
      if (found) all.push_back({*found, FileMode::Directory});
    }
    return all;
  }
};

}  // namespace

Reference<Inode> make_service_directory() { return Reference<Inode>(new ServiceDirectory); }

}  // namespace pith::personality

// pith-launch: boots a system in QEMU, interactively or for one command.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "tools/launch/image.h"
#include "tools/launch/options.h"
#include "tools/launch/session.h"

int main(int count, char** words) {
  using namespace pith::launch;
  std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments[0] == "run") arguments.erase(arguments.begin());
  Options options = parse_options(arguments);
  if (options.wants_help) {
    fputs(kHelp, stdout);
    return 0;
  }
  if (!options.problem.empty()) {
    fprintf(stderr, "pith run: %s (see ./pith run --help)\n", options.problem.c_str());
    return ExitStatus::Usage;
  }
  signal(SIGPIPE, SIG_IGN);
  if (access((options.build + "/kernel.elf").c_str(), R_OK) != 0) {
    fprintf(stderr, "pith run: there is no kernel %s/kernel.elf\n", options.build.c_str());
    return ExitStatus::NotUp;
  }
  ImageFile image = open_image(options);
  if (!image.user_mistake.empty()) {
    fprintf(stderr, "pith run: %s\n", image.user_mistake.c_str());
    return ExitStatus::Usage;
  }
  if (!image.problem.empty()) {
    fprintf(stderr, "pith run: %s\n", image.problem.c_str());
    return ExitStatus::NotUp;
  }
  return run_session(options, image.descriptor);
}

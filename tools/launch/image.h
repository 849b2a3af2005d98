// The boot image of one run: the system's own, or one with files added to its root file system.
#pragma once
#include <string>
#include <vector>

#include "tools/launch/options.h"

namespace pith::launch {

/// A file descriptor that is closed with its owner, or why there is none.
struct ImageFile {
  int descriptor = -1;
  std::string problem;       ///< the image cannot be used
  std::string user_mistake;  ///< what was asked for cannot be added
};

/// The image to boot as an open file without a name. `--exec` and `--file` are put into its root file system.
ImageFile open_image(const Options& options);

}  // namespace pith::launch

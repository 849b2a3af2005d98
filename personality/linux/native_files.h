// The file system servers of a real system, through the clients that are generated from the protocol.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "personality/linux/file_service.h"

namespace pith::personality {

struct NamedFiles {
  std::string name;  ///< the server's
  std::unique_ptr<FileService> service;
};

/// Those with which this component owns memory called NAME-files, and whose service NAME it uses.
std::vector<NamedFiles> connect_file_services();

}  // namespace pith::personality

// File system servers of a real system, through the client that is generated from the protocol.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "personality/linux/file_service.h"

namespace pith::personality {

struct NamedFileService {
  std::string name;
  std::unique_ptr<FileService> service;
};

/// Those that the manifest grants: every service NAME for which it gives this component a memory called "COMPONENT-NAME", but the network.
std::vector<NamedFileService> connect_file_services();

}  // namespace pith::personality

// The whole set of generated C++ files.
#include "tools/idl/emit.h"

namespace pith::idl {

std::vector<GeneratedFile> emit_all(const Model& model) {
  std::vector<GeneratedFile> files = {emit_errors(model),        emit_operations(model),     emit_grammar(model),
                                      emit_kernel_client(model), emit_kernel_results(model), emit_dispatch(model),
                                      emit_specification_operations(model), emit_specification_dispatch(model)};
  for (const Interface& file : model.services) {
    files.push_back(emit_service_client(file));
    files.push_back(emit_service_server(file));
  }
  return files;
}

}  // namespace pith::idl

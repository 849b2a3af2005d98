// One function per generated file; emit_all makes the whole set.
#pragma once
#include "tools/idl/text.h"

namespace pith::idl {

GeneratedFile emit_errors(const Model& model);                    ///< abi/error.h
GeneratedFile emit_operations(const Model& model);                ///< abi/operation.h
GeneratedFile emit_grammar(const Model& model);                   ///< abi/grammar.h
GeneratedFile emit_kernel_client(const Model& model);             ///< abi/kernel.h
GeneratedFile emit_kernel_results(const Model& model);            ///< kernel/generated/results.h
GeneratedFile emit_dispatch(const Model& model);                  ///< kernel/generated/dispatch.h
GeneratedFile emit_specification_operations(const Model& model);  ///< spec/generated/operations.h
GeneratedFile emit_specification_dispatch(const Model& model);    ///< spec/generated/dispatch.h
GeneratedFile emit_service_client(const Interface& file);         ///< protocols/x.h
GeneratedFile emit_service_server(const Interface& file);         ///< protocols/x_server.h

/// `region_create`: the function of spec/ that defines an operation.
std::string specification_function(const Object& object, const Method& method);

/// All C++ files, paths below the output folder.
std::vector<GeneratedFile> emit_all(const Model& model);
/// The reference pages in Markdown, paths below the documentation folder.
std::vector<GeneratedFile> emit_reference(const Model& model);

}  // namespace pith::idl

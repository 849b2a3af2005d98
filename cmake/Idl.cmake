# Target `generated`: everything that pith-idl makes out of the interface files, in build/generated and build/docs/reference.
set(PITH_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)

function(pith_generate_interfaces)
  file(GLOB interface_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/abi/*.idl ${PROJECT_SOURCE_DIR}/protocols/*.idl)
  set(headers abi/error.h abi/operation.h abi/kernel.h abi/grammar.h kernel/generated/results.h kernel/generated/dispatch.h
    spec/generated/operations.h spec/generated/dispatch.h)
  set(pages README.md errors.md)
  foreach(file IN LISTS interface_files)
    get_filename_component(name ${file} NAME_WE)
    if(file MATCHES "/protocols/")
      list(APPEND headers protocols/${name}.h protocols/${name}_server.h)
    endif()
    list(APPEND pages ${name}.md)
  endforeach()
  list(REMOVE_DUPLICATES pages)
  list(TRANSFORM headers PREPEND ${PITH_GENERATED_DIR}/)
  list(TRANSFORM pages PREPEND ${CMAKE_BINARY_DIR}/docs/reference/)
  add_custom_command(
    OUTPUT ${headers} ${pages}
    COMMAND pith-idl --output ${PITH_GENERATED_DIR} --docs ${CMAKE_BINARY_DIR}/docs/reference ${interface_files}
    DEPENDS pith-idl ${interface_files}
    COMMENT "Generating interfaces"
    VERBATIM)
  add_custom_target(generated ALL DEPENDS ${headers} ${pages})
endfunction()

# pith_host_program(NAME SOURCES…): a program that runs on the machine that builds Pith.

# Warnings of all of Pith's own code, wherever it runs.
add_library(pith_warnings INTERFACE)
target_compile_options(pith_warnings INTERFACE -Wall -Wextra -Werror)

# What host programs and host tests share: include paths, warnings, debug information.
add_library(pith_host INTERFACE)
target_compile_features(pith_host INTERFACE cxx_std_23)
target_compile_options(pith_host INTERFACE -g)
target_include_directories(pith_host INTERFACE ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(pith_host INTERFACE pith_warnings)

function(pith_host_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE pith_host)
  target_compile_options(${name} PRIVATE -O2)
endfunction()

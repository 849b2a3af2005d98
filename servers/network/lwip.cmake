# network_lwip(NAME FLAGS LINKS…): lwIP as one object file, its variables in sections of their own, so that they can be put into a vault.

set(pin ${PROJECT_SOURCE_DIR}/third-party/lwip.pin)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pin})
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/fetch-source ${pin} ${CMAKE_BINARY_DIR}/third-party COMMAND_ERROR_IS_FATAL ANY)
file(STRINGS ${pin} lwip_directory REGEX "^directory ")
string(REPLACE "directory " "" lwip_directory "${lwip_directory}")
set(lwip ${CMAKE_BINARY_DIR}/third-party/${lwip_directory}/src)

file(GLOB lwip_sources ${lwip}/core/*.c ${lwip}/core/ipv4/*.c ${lwip}/core/ipv6/*.c ${lwip}/netif/ethernet.c)
list(FILTER lwip_sources EXCLUDE REGEX "/(altcp.*|autoip|igmp|sys|dhcp6)\\.c$")

# Who includes lwIP's headers.
add_library(network_lwip_headers INTERFACE)
target_include_directories(network_lwip_headers INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/port)
target_include_directories(network_lwip_headers SYSTEM INTERFACE ${lwip}/include)
# Its variables may lie anywhere.
add_library(network_far_data INTERFACE)
target_compile_options(network_far_data INTERFACE -fno-pic -mcmodel=medium -mlarge-data-threshold=0)

# One section for each kind of variable; lwIP's style of C is not ours to warn of.
add_library(network_lwip_flags INTERFACE)
target_compile_options(network_lwip_flags INTERFACE -w -Qunused-arguments -fno-data-sections -fno-common)

# NAME_object is the file. What its variables begin with is NAME_data.o, in the part of the program that is loaded.
function(network_lwip name)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${lwip_sources})
  target_link_libraries(${name} PRIVATE network_lwip_headers ${ARGN} network_lwip_flags)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE -O2)
  set(all ${CMAKE_CURRENT_BINARY_DIR}/${name}_all.o)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}_object.o)
  set(initial ${CMAKE_CURRENT_BINARY_DIR}/${name}_initial)
  add_custom_command(OUTPUT ${object} ${initial}
    COMMAND ld.lld-19 -r -o ${all} $<TARGET_OBJECTS:${name}>
    COMMAND llvm-objcopy-19 --rename-section .ldata=lwip_data --rename-section .lbss=lwip_bss
      --rename-section .data=lwip_data --rename-section .bss=lwip_bss ${all} ${object}
    COMMAND llvm-objcopy-19 --dump-section lwip_data=${initial} ${object} ${all}
    DEPENDS ${name} $<TARGET_OBJECTS:${name}> COMMAND_EXPAND_LISTS VERBATIM)
  set_property(GLOBAL PROPERTY NETWORK_${name} ${object} ${initial})
endfunction()

# Links TARGET with it.
function(network_use_lwip target name)
  get_property(files GLOBAL PROPERTY NETWORK_${name})
  list(GET files 0 object)
  list(GET files 1 initial)
  set(data ${CMAKE_CURRENT_BINARY_DIR}/${target}_initial.S)
  file(GENERATE OUTPUT ${data} CONTENT
".section .rodata.lwip_initial, \"a\"
.globl lwip_initial_begin, lwip_initial_end
lwip_initial_begin: .incbin \"${initial}\"
lwip_initial_end:
.section .note.GNU-stack, \"\", @progbits
")
  set_source_files_properties(${data} PROPERTIES OBJECT_DEPENDS ${initial} GENERATED ON)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  target_sources(${target} PRIVATE ${object} ${data})
  target_link_libraries(${target} PRIVATE network_lwip_headers)
endfunction()

# pith_host_test(NAME [UNSANITIZED] SOURCES…): a GoogleTest program with its own main, under ASan and UBSan, known to ctest and to `./pith test`.
# UNSANITIZED: without them, for what needs a component's own addresses.

find_package(GTest REQUIRED)

# Sanitizers of host tests; everything a test links must be compiled with them where it can be, so list the sources, not libraries.
add_library(pith_sanitized INTERFACE)
target_compile_options(pith_sanitized INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
target_link_options(pith_sanitized INTERFACE -fsanitize=address,undefined)

# Builds every host test: `./pith test` asks ninja for it. The list alone is made by configuring.
add_custom_target(host_tests)
add_custom_target(host_test_list)
# Fuzzers of the host, for the layer `fuzz`.
add_custom_target(fuzzers)
# Linux programs that guest tests take with them.
add_custom_target(guest_programs)

# Makes an executable that is a test by itself (exit status 0: passed) known to ctest and `./pith test`.
function(pith_register_host_test name)
  add_dependencies(host_tests ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_property(GLOBAL APPEND_STRING PROPERTY PITH_HOST_TESTS "${name} $<TARGET_FILE:${name}>\n")
endfunction()

function(pith_host_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test UNSANITIZED "" "")
  add_executable(${name} EXCLUDE_FROM_ALL ${test_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE pith_host $<$<NOT:$<BOOL:${test_UNSANITIZED}>>:pith_sanitized> GTest::gtest GTest::gtest_main)
  # Tests are made smaller than programs: they run once.
  target_compile_options(${name} PRIVATE -O1)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(TARGET generated)
    add_dependencies(${name} generated)
  endif()
  pith_register_host_test(${name})
endfunction()

# Writes build/host-tests.txt: name and program of each host test, for `./pith test`.
function(pith_list_host_tests)
  get_property(tests GLOBAL PROPERTY PITH_HOST_TESTS)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/host-tests.txt CONTENT "${tests}")
endfunction()

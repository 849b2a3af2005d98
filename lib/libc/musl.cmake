# Target pith_musl: musl compiled for components. Included by CMakeLists.txt with `musl`, `sysroot` and PITH_ARCH set.

# Headers: musl's generic and per-architecture ones, and the two that its Makefile generates.
set(headers_stamp ${sysroot}/.complete)
if(NOT EXISTS ${headers_stamp} OR ${pin} IS_NEWER_THAN ${headers_stamp})
  file(REMOVE_RECURSE ${sysroot})
  file(MAKE_DIRECTORY ${sysroot}/include)
  file(COPY ${musl}/include/ DESTINATION ${sysroot}/include FILES_MATCHING PATTERN "*.h")
  file(COPY ${musl}/arch/generic/bits/ DESTINATION ${sysroot}/include/bits FILES_MATCHING PATTERN "*.h")
  file(COPY ${musl}/arch/${PITH_ARCH}/bits/ DESTINATION ${sysroot}/include/bits FILES_MATCHING PATTERN "*.h")
  execute_process(COMMAND sed -f ${musl}/tools/mkalltypes.sed ${musl}/arch/${PITH_ARCH}/bits/alltypes.h.in ${musl}/include/alltypes.h.in
    OUTPUT_FILE ${sysroot}/include/bits/alltypes.h COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${musl}/arch/${PITH_ARCH}/bits/syscall.h.in numbers)
  string(REGEX MATCHALL "#define __NR_[^\n]*\n" aliases "${numbers}")
  string(REPLACE "__NR_" "SYS_" aliases "${aliases}")
  string(REPLACE ";" "" aliases "${aliases}")
  file(WRITE ${sysroot}/include/bits/syscall.h "${numbers}${aliases}")
  file(STRINGS ${musl}/VERSION version)
  file(WRITE ${sysroot}/internal/version.h "#define VERSION \"${version}\"\n")
  file(TOUCH ${headers_stamp})
endif()

# Sources: as musl's Makefile chooses them, a file of the architecture replaces the neutral one of the same name,
# without the files that trap by themselves (the neutral ones take their place) and without what only they would serve.
set(left_out src/signal/${PITH_ARCH}/restore.s src/process/${PITH_ARCH}/vfork.s src/thread/${PITH_ARCH}/clone.s
  src/thread/${PITH_ARCH}/syscall_cp.s src/thread/${PITH_ARCH}/__unmapself.s src/thread/${PITH_ARCH}/__set_thread_area.s
  src/thread/pthread_cancel.c)

file(GLOB neutral RELATIVE ${musl} ${musl}/src/*/*.c ${musl}/src/malloc/mallocng/*.c)
file(GLOB special RELATIVE ${musl} ${musl}/src/*/${PITH_ARCH}/*.[csS])
# Left out as well: what only a Linux system can do, or no component wants: a program that asks for it does not link,
# instead of failing as it runs.
list(FILTER neutral EXCLUDE REGEX "^src/(aio|complex|crypt|ipc|linux|mq|passwd|process|termios)/")
list(FILTER special EXCLUDE REGEX "^src/(complex|process)/")
list(REMOVE_ITEM special ${left_out})
list(REMOVE_ITEM neutral ${left_out})
foreach(file IN LISTS special)
  string(REPLACE "/${PITH_ARCH}/" "/" replaced ${file})
  string(REGEX REPLACE "\\.[sS]$" ".c" replaced ${replaced})
  list(REMOVE_ITEM neutral ${replaced})
endforeach()
list(TRANSFORM neutral PREPEND ${musl}/)
list(TRANSFORM special PREPEND ${musl}/)

# Vector registers only where floating-point numbers are: everything else must not make the kernel switch a thread's vector state.
# A function with a variable number of arguments saves them if its caller says so, hence va_start. Formatted text goes by `long double`,
# which lives in the x87 registers.
set(no_vector_x86_64 -mno-sse -mno-mmx)
foreach(file IN LISTS neutral)
  file(STRINGS ${file} floating REGEX "double|float|va_start|complex|strtod|fenv" LIMIT_COUNT 1)
  if((NOT floating AND NOT file MATCHES "/(math|complex|fenv)/") OR file MATCHES "/stdio/vfw?(printf|scanf)\\.c$")
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${no_vector_${PITH_ARCH}}")
  endif()
endforeach()

add_library(pith_musl STATIC ${neutral} ${special} ${CMAKE_CURRENT_SOURCE_DIR}/musl/thread_block.c)
set_target_properties(pith_musl PROPERTIES OUTPUT_NAME c POSITION_INDEPENDENT_CODE OFF C_STANDARD 99 C_EXTENSIONS OFF)
target_compile_options(pith_musl PRIVATE
  --target=${component_target} -nostdinc -ffreestanding -fno-pic -O2 -fomit-frame-pointer -fno-vectorize -fno-slp-vectorize
  -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -w -Qunused-arguments)
target_compile_definitions(pith_musl PRIVATE _XOPEN_SOURCE=700)
target_include_directories(pith_musl PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/musl ${musl}/arch/${PITH_ARCH} ${musl}/arch/generic
  ${sysroot}/internal ${musl}/src/include ${musl}/src/internal ${sysroot}/include)

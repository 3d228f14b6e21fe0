# Tests are found by their names, and their label says when they run (scripts/check):
#   unit    src/LAYER/*_test.c, one program a layer
#   e2e     tests/**/*_test.c, *_test.sh, *_test.py: the whole program, which they find in $MILLWRIGHT
#   soak    the same below tests/soak/
#   bench   bench/*_bench.c, *_bench.sh, *_bench.py
# src/LAYER/*_fuzz.c are fuzzers, one program each.
enable_testing()

set(test_environment MILLWRIGHT_LIB=${CMAKE_BINARY_DIR}/lib MILLWRIGHT_SHARE=${CMAKE_BINARY_DIR}/share
    MILLWRIGHT_PYTHON=${cache}/python/bin/python)
if(TARGET millwright)
  list(APPEND test_environment MILLWRIGHT=$<TARGET_FILE:millwright>)
endif()

# mw_test(NAME LABEL COMMAND...)
function(mw_test name label)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 1200
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "${test_environment}")
endfunction()

# mw_programs(LABEL SOURCE...): each source is one test; C is compiled, Python is run by the pinned one.
function(mw_programs label)
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    cmake_path(GET source EXTENSION LAST_ONLY kind)
    if(kind STREQUAL ".c")
      add_executable(${name} ${source})
      target_link_libraries(${name} PRIVATE millwright_testing)
      mw_test(${name} ${label} ${name})
    elseif(kind STREQUAL ".py")
      mw_test(${name} ${label} ${cache}/python/bin/python ${source})
    else()
      mw_test(${name} ${label} ${source})
    endif()
  endforeach()
endfunction()

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/testing/*.c)
list(FILTER sources EXCLUDE REGEX "_test[.]c$")
if(NOT sources)
  return()
endif()
add_library(millwright_testing STATIC ${sources}) # its test.c holds main
target_link_libraries(millwright_testing PUBLIC millwright_core)

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*_test.c)
foreach(source IN LISTS sources)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME layer)
  if(NOT TARGET ${layer}_test)
    add_executable(${layer}_test)
    target_link_libraries(${layer}_test PRIVATE millwright_testing)
    mw_test(${layer} unit ${layer}_test)
  endif()
  target_sources(${layer}_test PRIVATE ${source})
endforeach()

file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*_test.c
     ${CMAKE_SOURCE_DIR}/tests/*_test.sh ${CMAKE_SOURCE_DIR}/tests/*_test.py)
set(soak_sources ${sources})
list(FILTER sources EXCLUDE REGEX "/tests/soak/")
list(FILTER soak_sources INCLUDE REGEX "/tests/soak/")
mw_programs(e2e ${sources})
mw_programs(soak ${soak_sources})

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.c
     ${CMAKE_SOURCE_DIR}/bench/*_bench.sh ${CMAKE_SOURCE_DIR}/bench/*_bench.py)
mw_programs(bench ${sources})

if(MW_SANITIZE MATCHES "fuzzer")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*_fuzz.c)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE millwright_core)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()

# Tests are found by their names, and their label says when they run (scripts/check):
#   unit    src/LAYER/*_test.c, one program a layer
#   e2e     tests/**/*_test.c, *_test.sh, *_test.py: the whole program, which they find in $MILLWRIGHT
#   soak    the same below tests/soak/
#   bench   bench/*_bench.c, *_bench.sh, *_bench.py
# src/LAYER/*_fuzz.c are fuzzers, one program each.
enable_testing()

set(test_environment MILLWRIGHT_LIB=${CMAKE_BINARY_DIR}/lib MILLWRIGHT_SHARE=${CMAKE_BINARY_DIR}/share
    MILLWRIGHT_PYTHON=${cache}/python/bin/python MILLWRIGHT_PROMETHEUS=${prometheus_dir}/usr/bin)
if(MW_SANITIZE)
  list(APPEND test_environment MILLWRIGHT_SANITIZED=1)
endif()
if(TARGET millwright)
  list(APPEND test_environment MILLWRIGHT=$<TARGET_FILE:millwright>)
endif()

# mw_test(NAME LABEL COMMAND...)
function(mw_test name label)
  add_test(NAME ${name} COMMAND ${ARGN})
  set(seconds 1200)
  if(label STREQUAL "soak")
    set(seconds 7200)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${seconds}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} ENVIRONMENT "${test_environment}")
endfunction()

# mw_programs(LABEL SOURCE...): each source is one test; C is compiled, Python is run by the pinned one.
function(mw_programs label)
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    cmake_path(GET source EXTENSION LAST_ONLY kind)
    if(kind STREQUAL ".c")
      add_executable(${name} ${source})
      target_link_libraries(${name} PRIVATE millwright_cli millwright_testing)
      mw_test(${name} ${label} ${name})
    elseif(kind STREQUAL ".py")
      mw_test(${name} ${label} ${cache}/python/bin/python ${source})
    else()
      mw_test(${name} ${label} ${source})
    endif()
  endforeach()
endfunction()

# The frame of millwright_testing holds main.
foreach(layer IN LISTS layers)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*_test.c)
  if(sources)
    add_executable(${layer}_test ${sources})
    target_link_libraries(${layer}_test PRIVATE millwright_${layer} millwright_testing)
    mw_test(${layer} unit ${layer}_test)
  endif()

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*_fuzz.c)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    if(MW_SANITIZE MATCHES "fuzzer")
      add_executable(${name} ${source})
      target_link_libraries(${name} PRIVATE millwright_${layer})
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    endif()
  endforeach()
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

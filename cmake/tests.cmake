# Tests are found by their names: src/LAYER/*_test.c make the unit test of a layer, *_fuzz.c a fuzzer
# each, and every executable tests/**/*_test.sh, *_test.py and *_test.c is a whole-program test, which
# finds the program in $MILLWRIGHT.
enable_testing()

file(GLOB testing_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/testing/*.c)
list(FILTER testing_sources EXCLUDE REGEX "_test[.]c$")
if(testing_sources)
  add_library(millwright_testing STATIC ${testing_sources})
  target_link_libraries(millwright_testing PUBLIC millwright_core)
endif()

# One program a layer, from its *_test.c and the test frame, whose test.c holds main.
file(GLOB test_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*_test.c)
foreach(source IN LISTS test_sources)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME layer)
  if(NOT TARGET ${layer}_test)
    add_executable(${layer}_test)
    target_link_libraries(${layer}_test PRIVATE millwright_testing)
    add_test(NAME ${layer} COMMAND ${layer}_test)
    set_tests_properties(${layer} PROPERTIES LABELS unit TIMEOUT 600
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      ENVIRONMENT "MILLWRIGHT_LIB=${CMAKE_BINARY_DIR}/lib")
  endif()
  target_sources(${layer}_test PRIVATE ${source})
endforeach()

function(add_program_test source)
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR}/tests OUTPUT_VARIABLE name)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS e2e TIMEOUT 900
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    ENVIRONMENT "MILLWRIGHT=$<TARGET_FILE:millwright>;MILLWRIGHT_LIB=${CMAKE_BINARY_DIR}/lib")
endfunction()

if(TARGET millwright)
  file(GLOB_RECURSE scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*_test.sh)
  file(GLOB_RECURSE pythons CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*_test.py)
  file(GLOB_RECURSE programs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*_test.c)
  list(FILTER scripts EXCLUDE REGEX "/tests/soak/")
  list(FILTER pythons EXCLUDE REGEX "/tests/soak/")
  list(FILTER programs EXCLUDE REGEX "/tests/soak/")
  foreach(source IN LISTS scripts)
    add_program_test(${source} ${source})
  endforeach()
  foreach(source IN LISTS pythons)
    add_program_test(${source} ${cache}/python/bin/python ${source})
  endforeach()
  foreach(source IN LISTS programs)
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE millwright_testing)
    add_program_test(${source} ${name})
  endforeach()
endif()

if(MW_FUZZ)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*_fuzz.c)
  foreach(source IN LISTS fuzz_sources)
    cmake_path(GET source STEM name)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE millwright_core)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    list(APPEND fuzzers ${name})
  endforeach()
  add_custom_target(fuzzers DEPENDS ${fuzzers})
endif()

# How our own code is compiled: every warning is an error, and arithmetic is what the source says.
add_library(millwright_flags INTERFACE)
target_include_directories(millwright_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_compile_definitions(millwright_flags INTERFACE _GNU_SOURCE)
target_compile_options(millwright_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Werror>)

# The same bits everywhere (DESIGN.md, rule 15): no fused multiply-add, and no call of libm that the
# compiler works out itself, as its rounding need not be the library's. (sqrt is exact by IEEE 754.)
set(libm acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf erfc exp exp2 expm1 hypot lgamma log
    log10 log1p log2 pow sin sinh tan tanh tgamma)
list(TRANSFORM libm PREPEND -fno-builtin-)
target_compile_options(millwright_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:-ffp-contract=off ${libm}>)

# A sanitized build also checks the C that we compile from others; -O1 keeps its stack traces readable.
if(MW_SANITIZE)
  set(CMAKE_C_FLAGS_RELEASE "-O1 -g -fno-omit-frame-pointer")
  add_compile_options(-fsanitize=${MW_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MW_SANITIZE})
  # The sanitizers look for C++'s throw when a program starts: before it opens LightGBM or DuckDB.
  add_link_options(LINKER:--push-state,--no-as-needed -lstdc++ LINKER:--pop-state)
endif()

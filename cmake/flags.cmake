# How our own code is compiled: every warning is an error, and arithmetic is what the source says.
add_library(millwright_flags INTERFACE)
target_include_directories(millwright_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(millwright_flags INTERFACE _GNU_SOURCE)
target_compile_options(millwright_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Werror>)

# The same bits everywhere (DESIGN.md, rule 15): no fused multiply-add, and no libm call folded by the
# compiler, whose own rounding may differ from the library's.
set(libm_functions acos asin atan atan2 cbrt cos cosh erf exp exp2 expm1 log log10 log1p log2 pow
    sin sinh tan tanh)
list(TRANSFORM libm_functions PREPEND -fno-builtin-)
add_compile_options($<$<COMPILE_LANGUAGE:C>:-ffp-contract=off> -fno-omit-frame-pointer)
target_compile_options(millwright_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:${libm_functions}>)

if(MW_SANITIZE)
  add_compile_options(-fsanitize=${MW_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MW_SANITIZE})
endif()

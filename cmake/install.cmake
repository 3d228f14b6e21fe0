# make install: the program, the libraries that it opens, and the data of its examples.
include(GNUInstallDirs)
if(TARGET millwright)
  install(TARGETS millwright)
endif()
install(FILES ${runtime_libraries} DESTINATION lib/millwright)
install(FILES ${flights_data} DESTINATION share/millwright/examples/flights)
install(FILES LICENSE DESTINATION share/doc/millwright)

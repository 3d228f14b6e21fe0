# make install: the program, the libraries that it opens, the data of its examples and time zones.
include(GNUInstallDirs)
if(TARGET millwright)
  install(TARGETS millwright)
endif()
install(FILES ${runtime_libraries} DESTINATION lib/millwright)
install(FILES ${flights_data} DESTINATION share/millwright/examples/flights)
install(DIRECTORY ${zoneinfo_dir} DESTINATION share/millwright PATTERN "*.py" EXCLUDE)
install(FILES LICENSE THIRD_PARTY.md DESTINATION share/doc/millwright)

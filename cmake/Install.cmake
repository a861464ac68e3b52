# cmake --install: the program, what it reads, and the layers as libraries for `find_package(gnomon)`, with targets
# gnomon::train, gnomon::ir, … Headers go to include/gnomon/LAYER, so that an include reads the same as here.
include(GNUInstallDirs)
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/gnomon)
get_property(layers GLOBAL PROPERTY GNOMON_LAYERS)
list(REMOVE_ITEM layers app)
foreach(layer ${layers})
  set_property(TARGET gnomon_${layer} PROPERTY EXPORT_NAME ${layer})
  install(TARGETS gnomon_${layer} EXPORT gnomon
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gnomon)
endforeach()
install(EXPORT gnomon NAMESPACE gnomon:: FILE gnomonTargets.cmake DESTINATION ${config})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/gnomonConfig.cmake ${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake
  DESTINATION ${config})
install(TARGETS gnomon)
install(DIRECTORY machines studies DESTINATION ${CMAKE_INSTALL_DATADIR}/gnomon)

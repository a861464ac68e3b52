# lab_layer(NAME USES layer... LIBRARIES target...)
#
# A layer is the folder src/NAME built as one static library, gnomon_NAME. Its public include root holds
# nothing but a link to its own folder, so `#include "ir/program.h"` compiles only in a layer that uses ir:
# the compiler enforces the architecture. Third-party libraries are system includes.
#
# A layer's headers may show those of the layers it uses, so the compiler also lets through what those use in
# turn; the test layers.NAME holds every file to the layers named here.
function(lab_layer name)
  cmake_parse_arguments(LAYER "" "" "USES;LIBRARIES" ${ARGN})
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/src/${name})
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${folder} ${root}/${name} SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*.h)
  list(TRANSFORM headers PREPEND ${root}/${name}/)
  if(sources)
    add_library(gnomon_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(gnomon_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_sources(gnomon_${name} ${scope}
    FILE_SET HEADERS BASE_DIRS ${root} FILES ${headers})
  set_property(GLOBAL APPEND PROPERTY GNOMON_LAYERS ${name})
  set_property(GLOBAL PROPERTY GNOMON_USES_${name} ${LAYER_USES})
  list(TRANSFORM LAYER_USES PREPEND gnomon_)
  target_compile_features(gnomon_${name} ${scope} cxx_std_20)
  target_link_libraries(gnomon_${name} ${scope} ${LAYER_USES} ${LAYER_LIBRARIES})
endfunction()

# lab_proto(LAYER FILE): the layer's protobuf messages. `FILE.pb.h` is made in the build tree and included like a
# header of the layer; it is a system header, for it is not written to our warnings.
function(lab_proto layer name)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/src/${layer}/${name}.proto)
  set(root ${CMAKE_BINARY_DIR}/proto)
  set(made ${root}/${layer}/${name}.pb.cc ${root}/${layer}/${name}.pb.h)
  file(MAKE_DIRECTORY ${root})
  add_custom_command(OUTPUT ${made} DEPENDS ${source} VERBATIM
    COMMAND protobuf::protoc --proto_path=${CMAKE_CURRENT_SOURCE_DIR}/src --cpp_out=${root} ${source})
  set_source_files_properties(${made} PROPERTIES COMPILE_OPTIONS -w)
  target_sources(gnomon_${layer} PRIVATE ${made})
  target_include_directories(gnomon_${layer} SYSTEM PRIVATE ${root})
  add_custom_target(proto_${layer}_${name} DEPENDS ${made})
  add_dependencies(protos proto_${layer}_${name})
endfunction()
add_custom_target(protos)  # all that protoc makes: what reads the sources without building them needs it

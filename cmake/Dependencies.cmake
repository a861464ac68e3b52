# Third-party libraries, all from Debian 12 (doc/dependencies.md says why each is here).
find_package(fmt REQUIRED)
find_package(Boost REQUIRED)  # headers only: Boost.Math
if(NOT TARGET Boost::math)
  add_library(Boost::math INTERFACE IMPORTED)
  target_link_libraries(Boost::math INTERFACE Boost::headers)
endif()
find_package(OpenMP REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(Protobuf REQUIRED)

# lab_find(TARGET header library): a library that ships without a CMake package.
function(lab_find target header library)
  string(MAKE_C_IDENTIFIER ${target} id)
  find_path(${id}_INCLUDE ${header} REQUIRED)
  find_library(${id}_LIBRARY ${library} REQUIRED)
  add_library(${target} INTERFACE IMPORTED)
  target_include_directories(${target} SYSTEM INTERFACE ${${id}_INCLUDE})
  target_link_libraries(${target} INTERFACE ${${id}_LIBRARY})
endfunction()
lab_find(xxHash::xxhash xxhash.h xxhash)
lab_find(DNNL::dnnl dnnl.hpp dnnl)
lab_find(yaml-cpp::yaml-cpp yaml-cpp/yaml.h yaml-cpp)
lab_find(libzip::zip zip.h zip)  # Debian's CMake package of libzip wants tools that are packaged apart
if(NOT TARGET SQLite::SQLite3)
  add_library(SQLite::SQLite3 ALIAS SQLite3)
endif()

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
endfunction()

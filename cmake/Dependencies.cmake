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

# Archives and images are read by the data layer alone.
cmake_language(DEFER CALL target_link_libraries gnomon_data PUBLIC libzip::zip PNG::PNG JPEG::JPEG)

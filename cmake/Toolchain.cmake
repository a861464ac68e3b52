# Flags common to every target: warnings are errors, one optimisation level per preset, sanitizers by name.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
# No contraction of a*b+c by the compiler: results must not depend on which clone of a kernel runs.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
                    -fno-math-errno -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC 12 warns of overlapping copies inside std::string's operator+ (GCC bug 105651).
  add_compile_options(-fconcepts-diagnostics-depth=2 -Wno-restrict)
endif()

set(GNOMON_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize= (address,undefined or thread)")
if(GNOMON_SANITIZE)
  add_compile_options(-fsanitize=${GNOMON_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g1 -O1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # Under sanitizers loops marked `omp simd` are not vectorised, of which clang would warn.
    add_compile_options(-Wno-pass-failed)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Under sanitizers GCC 12 takes std::regex's own moves for uninitialised reads.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  add_link_options(-fsanitize=${GNOMON_SANITIZE})
  add_compile_definitions(GNOMON_SANITIZERS="${GNOMON_SANITIZE}")
endif()

# Fuzzing needs coverage of the code under test, not of the target alone.
if(GNOMON_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the checkout, so that build folders share what they compile.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# The page of studies, runs and profiles: web/report becomes one HTML file (TypeScript and its libraries bundled
# by esbuild), and the file becomes bytes of the page layer. It is rebuilt when a file of web/report changes; the
# libraries are fetched once, when the lock file changes, and shared by all build folders.
find_program(NODE node REQUIRED)
find_program(NPM npm REQUIRED)

set(web ${CMAKE_CURRENT_SOURCE_DIR}/web/report)
set(GNOMON_REPORT_PAGE ${CMAKE_BINARY_DIR}/web/report.html)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web}/src/*)
add_custom_command(
  OUTPUT ${GNOMON_REPORT_PAGE}
  COMMAND ${CMAKE_COMMAND} -DWEB=${web} -DPAGE=${GNOMON_REPORT_PAGE} -DNPM=${NPM} -P ${CMAKE_CURRENT_LIST_DIR}/BuildWeb.cmake
  DEPENDS ${web_sources} ${web}/package.json ${web}/package-lock.json ${web}/build.mjs
          ${CMAKE_CURRENT_LIST_DIR}/BuildWeb.cmake
  COMMENT "Building the page"
  VERBATIM)

set(template ${CMAKE_BINARY_DIR}/web/page_template.cc)
configure_file(${CMAKE_CURRENT_LIST_DIR}/page_template.cc.in ${template} @ONLY)
set_source_files_properties(${template} PROPERTIES OBJECT_DEPENDS ${GNOMON_REPORT_PAGE})
target_sources(gnomon_page PRIVATE ${template})

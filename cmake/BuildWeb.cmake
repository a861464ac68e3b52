# cmake -DWEB=web/report -DPAGE=out.html -DNPM=npm -P BuildWeb.cmake
# One build folder at a time: all of them share node_modules and dist.
cmake_minimum_required(VERSION 3.25)
file(LOCK ${WEB}/.build.lock GUARD PROCESS TIMEOUT 600)

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WEB} RESULT_VARIABLE code OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "web/report: `${command}` failed (${code}):\n${output}"
                        "The page's libraries are fetched once, over the network; connect and repeat.")
  endif()
endfunction()

# `npm ci` empties node_modules first, so an interrupted one leaves no copy of the lock file behind.
set(fetched ${WEB}/node_modules/.installed)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${WEB}/package-lock.json ${fetched}
                RESULT_VARIABLE stale OUTPUT_QUIET ERROR_QUIET)
if(stale)
  run(${NPM} ci)
  file(COPY_FILE ${WEB}/package-lock.json ${fetched})
endif()
run(${NPM} run build)
file(COPY_FILE ${WEB}/dist/report.html ${PAGE})

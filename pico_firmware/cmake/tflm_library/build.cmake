# Builds the libraries of this folder, unless they are there: cmake/tflm.cmake runs this as a script.
#
# In: FOLDER (where they go), LIBRARIES (their names, with commas), PROJECT_FOLDER, SETTINGS (initial cache), GENERATOR,
#     ALWAYS (sources may have changed, so look even if they are there)

string(REPLACE "," ";" files ${LIBRARIES})
list(TRANSFORM files REPLACE "(.+)" lib\\1.a)

function(complete variable)
  set(${variable} TRUE PARENT_SCOPE)
  foreach(file IN LISTS files)
    if(NOT EXISTS ${FOLDER}/${file})
      set(${variable} FALSE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# Two build folders that want the same: one compiles, the other waits. A lock ends with its process, however that ends.
file(MAKE_DIRECTORY ${FOLDER})
file(LOCK ${FOLDER} DIRECTORY GUARD PROCESS TIMEOUT 0 RESULT_VARIABLE locked)
if(NOT locked EQUAL 0)
  message("Waiting for another build that compiles the same into ${FOLDER}")
  file(LOCK ${FOLDER} DIRECTORY GUARD PROCESS)
endif()
complete(done)
if(done AND NOT ALWAYS)
  return()
endif()

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "TFLM was not built; what failed is above")
  endif()
endfunction()

# As many compilers at once as there are cores, unless the user has said how many.
set(parallel)
if(NOT DEFINED ENV{CMAKE_BUILD_PARALLEL_LEVEL})
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  set(parallel --parallel ${cores})
endif()
run(${CMAKE_COMMAND} -G "${GENERATOR}" -S ${PROJECT_FOLDER} -B ${FOLDER}/objects -C ${SETTINGS} --log-level=WARNING)
run(${CMAKE_COMMAND} --build ${FOLDER}/objects ${parallel})

# A library gets its name when it is whole, and its date only when it is another one.
foreach(file IN LISTS files)
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${FOLDER}/objects/${file} ${FOLDER}/${file}
    RESULT_VARIABLE different OUTPUT_QUIET ERROR_QUIET)
  if(different)
    file(COPY_FILE ${FOLDER}/objects/${file} ${FOLDER}/${file}.part)
    file(RENAME ${FOLDER}/${file}.part ${FOLDER}/${file})
  endif()
endforeach()
if(NOT ALWAYS)
  file(REMOVE_RECURSE ${FOLDER}/objects)
endif()

# A copy of a source tree with a patch applied: the tree itself is the user's, or shared, and stays as it is.

# tflm_hil_patched_copy(PARTS.. FROM folder TO folder PATCH file)
#   Copies the named parts of one folder into the other and applies the patch there, with -p1. Done again only when the
#   sources or the patch have changed, so that a configuration does not make everything compile anew.
function(tflm_hil_patched_copy)
  cmake_parse_arguments(PARSE_ARGV 0 copy "" "FROM;TO;PATCH" "")
  set(parts ${copy_UNPARSED_ARGUMENTS})

  set(state "")
  foreach(part IN LISTS parts)
    file(GLOB_RECURSE files RELATIVE ${copy_FROM} ${copy_FROM}/${part} ${copy_FROM}/${part}/*)
    foreach(file IN LISTS files)
      file(SHA256 ${copy_FROM}/${file} hash)
      string(APPEND state "${hash} ${file}\n")
    endforeach()
  endforeach()
  file(SHA256 ${copy_PATCH} hash)
  string(APPEND state "${hash} patch\n")

  # Several projects may share a copy.
  file(LOCK ${copy_TO}.lock GUARD FUNCTION)
  set(stamp ${copy_TO}.patched)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${stamp})
  set(known "")
  if(EXISTS ${stamp} AND EXISTS ${copy_TO})
    file(READ ${stamp} known)
  endif()
  if(known STREQUAL state)
    return()
  endif()

  file(REMOVE_RECURSE ${stamp} ${copy_TO})
  foreach(part IN LISTS parts)
    file(COPY ${copy_FROM}/${part} DESTINATION ${copy_TO}
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  endforeach()

  find_program(PATCH_PROGRAM patch)
  find_program(GIT_PROGRAM git)
  if(PATCH_PROGRAM)
    set(command ${PATCH_PROGRAM} -p1 --force --silent -i ${copy_PATCH})
    set(backward --reverse --dry-run)
  elseif(GIT_PROGRAM)
    # Within somebody's repository `git apply` would leave out, silently, what is not part of it.
    get_filename_component(above ${copy_TO} DIRECTORY)
    set(command ${CMAKE_COMMAND} -E env --unset=GIT_DIR GIT_CEILING_DIRECTORIES=${above}
      ${GIT_PROGRAM} apply -p1 --whitespace=nowarn ${copy_PATCH})
    set(backward --reverse --check)
  else()
    message(FATAL_ERROR "Neither `patch` nor `git` is installed; TFLM's changes to its own sources need one of them.")
  endif()
  # A tree that TFLM's own Makefile has downloaded is patched already.
  execute_process(COMMAND ${command} ${backward} WORKING_DIRECTORY ${copy_TO}
    RESULT_VARIABLE not_yet OUTPUT_QUIET ERROR_QUIET)
  if(not_yet)
    execute_process(COMMAND ${command} WORKING_DIRECTORY ${copy_TO}
      RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_VARIABLE words)
    if(NOT result EQUAL 0)
      message(FATAL_ERROR
        "${copy_PATCH} cannot be applied to a copy of ${copy_FROM}: "
        "that is not the revision it was made for.\n${words}")
    endif()
  endif()
  file(WRITE ${stamp} "${state}")
endfunction()

# Finds pico-sdk: PICO_SDK_PATH (variable or environment), then Debian's package pico-sdk-source, then the source cache,
# then git, into the source cache. Included before project(), because the SDK chooses the compiler.
set(PICO_SDK_WANTED 2.1.1)
set(PICO_SDK_URL https://github.com/raspberrypi/pico-sdk.git)
include(source_cache)

# Clones SDK and TinyUSB. Only a complete download gets its name.
function(_tflm_hil_clone_sdk target problem)
  find_package(Git QUIET)
  if(NOT GIT_FOUND)
    set(${problem} "git is not installed" PARENT_SCOPE)
    return()
  endif()
  set(git ${CMAKE_COMMAND} -E env GIT_TERMINAL_PROMPT=0 ${GIT_EXECUTABLE})
  # Asked first and for little, so that a computer without network hears of it within seconds.
  execute_process(COMMAND ${git} ls-remote --quiet ${PICO_SDK_URL} HEAD
    TIMEOUT 20 RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_VARIABLE words)
  if(result EQUAL 0)
    message(STATUS "Downloading pico-sdk ${PICO_SDK_WANTED}")
    file(REMOVE_RECURSE ${target}.part)
    file(MAKE_DIRECTORY ${target}.part)
    # Slower than 1 kB/s for a minute is not a download any more.
    execute_process(
      COMMAND ${git} -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 -c advice.detachedHead=false
        clone --quiet --depth 1 --branch ${PICO_SDK_WANTED} --recurse-submodules=lib/tinyusb --shallow-submodules
        ${PICO_SDK_URL} ${target}.part/pico-sdk
      RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_VARIABLE words)
  endif()
  if(NOT result EQUAL 0)
    file(REMOVE_RECURSE ${target}.part)
    string(STRIP "${words}" words)
    string(REGEX REPLACE ".*\n" "" words "${words}")
    set(${problem} "${words} (${result})" PARENT_SCOPE)
    return()
  endif()
  file(RENAME ${target}.part ${target})
  set(${problem} "" PARENT_SCOPE)
endfunction()

if(NOT PICO_SDK_PATH AND DEFINED ENV{PICO_SDK_PATH})
  set(PICO_SDK_PATH $ENV{PICO_SDK_PATH})
endif()
if(NOT PICO_SDK_PATH)
  set(cached ${TFLM_HIL_SOURCE_CACHE}/pico-sdk-${PICO_SDK_WANTED})
  set(problem "")
  if(NOT EXISTS /usr/src/pico-sdk/pico_sdk_init.cmake AND NOT EXISTS ${cached})
    _tflm_hil_clone_sdk(${cached} problem)
  endif()
  foreach(place /usr/src ${cached})
    if(EXISTS ${place}/pico-sdk/pico_sdk_init.cmake)
      set(PICO_SDK_PATH ${place}/pico-sdk)
      break()
    endif()
  endforeach()
  if(NOT PICO_SDK_PATH)
    message(FATAL_ERROR
      "pico-sdk ${PICO_SDK_WANTED} is not in PICO_SDK_PATH, /usr/src or ${cached}, and it cannot be downloaded:\n"
      "${problem}\n"
      "One of these brings it:\n"
      "  apt install pico-sdk-source     (Debian 13)\n"
      "  ci/pico_sdk.sh                  (an older Debian; no root needed)\n"
      "  ${PICO_SDK_URL} at ${PICO_SDK_WANTED} with lib/tinyusb, and PICO_SDK_PATH set to that folder")
  endif()
endif()
if(NOT EXISTS "${PICO_SDK_PATH}/pico_sdk_init.cmake")
  message(FATAL_ERROR "PICO_SDK_PATH is '${PICO_SDK_PATH}', which is not pico-sdk: pico_sdk_init.cmake is missing there")
endif()

# UF2 files are written by the harness (harness/flash), which validates them too, so picotool is not needed to build.
set(PICO_NO_PICOTOOL 1)
include(${PICO_SDK_PATH}/pico_sdk_init.cmake)
if(PICO_SDK_VERSION_STRING VERSION_LESS ${PICO_SDK_WANTED})
  message(FATAL_ERROR "pico-sdk ${PICO_SDK_WANTED} or newer expected, found ${PICO_SDK_VERSION_STRING} in ${PICO_SDK_PATH}")
endif()

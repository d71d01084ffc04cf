# Finds pico-sdk: PICO_SDK_PATH (variable or environment), then Debian's package pico-sdk-source, then the source cache.
# Included before project(), because the SDK chooses the compiler.
set(PICO_SDK_WANTED 2.1.1)
include(source_cache)

if(NOT PICO_SDK_PATH AND DEFINED ENV{PICO_SDK_PATH})
  set(PICO_SDK_PATH $ENV{PICO_SDK_PATH})
endif()
if(NOT PICO_SDK_PATH)
  foreach(place /usr/src ${TFLM_HIL_SOURCE_CACHE}/pico-sdk-${PICO_SDK_WANTED})
    if(EXISTS ${place}/pico-sdk/pico_sdk_init.cmake)
      set(PICO_SDK_PATH ${place}/pico-sdk)
      break()
    endif()
  endforeach()
endif()
if(NOT EXISTS "${PICO_SDK_PATH}/pico_sdk_init.cmake")
  message(FATAL_ERROR
    "pico-sdk ${PICO_SDK_WANTED} or newer expected, "
    "and not found in PICO_SDK_PATH ('${PICO_SDK_PATH}'), /usr/src or ${TFLM_HIL_SOURCE_CACHE}.\n"
    "One of these brings it: `apt install pico-sdk-source` (Debian 13); `ci/pico_sdk.sh` (an older Debian); or\n"
    "  git clone --branch ${PICO_SDK_WANTED} --recurse-submodules=lib/tinyusb https://github.com/raspberrypi/pico-sdk\n"
    "and PICO_SDK_PATH set to that folder.")
endif()

# UF2 files are written by the harness (harness/flash), which validates them too, so picotool is not needed to build.
set(PICO_NO_PICOTOOL 1)
include(${PICO_SDK_PATH}/pico_sdk_init.cmake)
if(PICO_SDK_VERSION_STRING VERSION_LESS ${PICO_SDK_WANTED})
  message(FATAL_ERROR "pico-sdk ${PICO_SDK_WANTED} or newer expected, found ${PICO_SDK_VERSION_STRING} in ${PICO_SDK_PATH}")
endif()

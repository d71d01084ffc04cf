# The sources that TFLM needs, by public address and pinned revision. Each comes from
#   1. FETCHCONTENT_SOURCE_DIR_<NAME>, when given (NAME as below, in capitals): a tree of your own;
#   2. the source cache: ${TFLM_HIL_SOURCE_CACHE}/<name>-<revision>;
#   3. git, into the source cache.
# Afterwards <name>_SOURCE_DIR is a folder that was looked at, and TFLM_HIL_OWN_SOURCES lists those of the first kind.
#
# None of their own CMake is used.
include_guard(GLOBAL)
include(FetchContent)
include(source_cache)

set(TFLM_HIL_SOURCES)

# A source: its name, revision and address, and files without which it is something else.
macro(tflm_hil_source name revision url)
  list(APPEND TFLM_HIL_SOURCES ${name})
  set(${name}_REVISION ${revision})
  set(${name}_URL ${url})
  set(${name}_MARKERS ${ARGN})
  string(REPLACE _ - folder ${name})
  set(${name}_CACHED ${TFLM_HIL_SOURCE_CACHE}/${folder}-${revision})
endmacro()

tflm_hil_source(tflite_micro 90b983c2b3f1480642e040bbd2ddb37b998f3424 https://github.com/tensorflow/tflite-micro.git
  tensorflow/lite/micro/micro_interpreter.h
  tensorflow/lite/micro/kernels/cmsis_nn/conv.cc
  tensorflow/lite/micro/tools/make/flatbuffers.patch
  third_party/kissfft/kissfft.patch
  signal/src/rfft_int16.cc
)
# The revisions that TFLM's own download scripts take.
tflm_hil_source(flatbuffers v25.9.23 https://github.com/google/flatbuffers.git
  include/flatbuffers/flatbuffers.h
  include/flatbuffers/verifier.h
)
tflm_hil_source(gemmlowp 719139ce755a0f31cbf1c37f7f98adcc7fc9f425 https://github.com/google/gemmlowp.git
  fixedpoint/fixedpoint.h
)
tflm_hil_source(ruy d37128311b445e758136b8602d1bbd2a755e115d https://github.com/google/ruy.git
  ruy/profiler/instrumentation.h
)
tflm_hil_source(kissfft v130 https://github.com/mborgerding/kissfft.git
  kiss_fft.c
  tools/kiss_fftr.c
)
tflm_hil_source(cmsis_nn 4ab83cc3cc98fb85ed6dafb55e8ca02f1628dcae https://github.com/ARM-software/CMSIS-NN.git
  Include/arm_nnfunctions.h
  Source/ConvolutionFunctions/arm_convolve_s8.c
)

set(TFLM_HIL_REVISION ${tflite_micro_REVISION})

# Stops unless a folder holds what it should.
function(_tflm_hil_check name folder)
  foreach(marker IN LISTS ${name}_MARKERS)
    if(NOT EXISTS ${folder}/${marker})
      string(TOUPPER ${name} capitals)
      message(FATAL_ERROR
        "${folder} is not ${name} ${${name}_REVISION}: ${marker} is missing.\n"
        "Remove or replace that folder, or set FETCHCONTENT_SOURCE_DIR_${capitals} to another one.")
    endif()
  endforeach()
endfunction()

# The message for sources that are nowhere, and the end.
function(_tflm_hil_missing reason names)
  set(missing)
  foreach(name IN LISTS names)
    string(TOUPPER ${name} capitals)
    string(APPEND missing
      "  ${${name}_URL} at ${${name}_REVISION}\n"
      "    into ${${name}_CACHED}\n"
      "    or anywhere, with -D FETCHCONTENT_SOURCE_DIR_${capitals}=FOLDER\n")
  endforeach()
  message(FATAL_ERROR
    "Sources of TFLM are missing, and they cannot be downloaded: ${reason}\n"
    "Configure again with a network that reaches them, or bring these yourself, each checked out or unpacked:\n"
    "${missing}"
    "The folder they are cached in is chosen with -D TFLM_HIL_SOURCE_CACHE=FOLDER.\n"
    "A firmware without TFLM, which runs no models, needs none of them: -D TFLM_HIL_ENGINE=loopback")
endfunction()

# The last line of what a program said, or what became of it.
function(_tflm_hil_last_words variable result output)
  string(STRIP "${output}" output)
  string(REGEX REPLACE ".*\n" "" output "${output}")
  if(result MATCHES "timeout")
    set(output "no answer in time")
  elseif(NOT output)
    set(output "git failed (${result})")
  endif()
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

# Downloads one source at its revision, without its history. An interrupted download leaves a folder that nobody takes
# for a source: only a complete one gets its name.
function(_tflm_hil_download name problem)
  message(STATUS "Downloading ${name} ${${name}_REVISION}")
  set(part ${${name}_CACHED}.part)
  file(REMOVE_RECURSE ${part})
  # Slower than 1 kB/s for a minute is not a download any more.
  set(git ${CMAKE_COMMAND} -E env GIT_TERMINAL_PROMPT=0 ${GIT_EXECUTABLE}
    -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 -c advice.detachedHead=false -C ${part})
  file(MAKE_DIRECTORY ${part})
  set(init --quiet)
  set(fetch --quiet --depth 1 ${${name}_URL} ${${name}_REVISION})
  set(checkout --quiet FETCH_HEAD)
  foreach(step init fetch checkout)
    execute_process(COMMAND ${git} ${step} ${${step}} RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_VARIABLE words)
    if(NOT result EQUAL 0)
      file(REMOVE_RECURSE ${part})
      _tflm_hil_last_words(words "${result}" "${words}")
      set(${problem} "${words}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  file(REMOVE_RECURSE ${part}/.git)
  _tflm_hil_check(${name} ${part})
  file(RENAME ${part} ${${name}_CACHED})
  set(${problem} "" PARENT_SCOPE)
endfunction()

# --- which are missing ------------------------------------------------------------------------------------------------

set(TFLM_HIL_OWN_SOURCES)
set(missing)
foreach(name IN LISTS TFLM_HIL_SOURCES)
  string(TOUPPER ${name} capitals)
  if(FETCHCONTENT_SOURCE_DIR_${capitals})
    list(APPEND TFLM_HIL_OWN_SOURCES ${name})
    _tflm_hil_check(${name} ${FETCHCONTENT_SOURCE_DIR_${capitals}})
  elseif(NOT EXISTS ${${name}_CACHED})
    list(APPEND missing ${name})
  endif()
endforeach()

if(missing)
  find_package(Git QUIET)
  if(NOT GIT_FOUND)
    _tflm_hil_missing("git is not installed" "${missing}")
  endif()
  # Two projects configured at once: the second waits, and then has less to do.
  file(MAKE_DIRECTORY ${TFLM_HIL_SOURCE_CACHE})
  file(LOCK ${TFLM_HIL_SOURCE_CACHE}/.lock GUARD FILE TIMEOUT 3600 RESULT_VARIABLE locked)
  if(NOT locked EQUAL 0)
    message(FATAL_ERROR "${TFLM_HIL_SOURCE_CACHE}/.lock: ${locked}")
  endif()
  set(still_missing)
  foreach(name IN LISTS missing)
    if(NOT EXISTS ${${name}_CACHED})
      list(APPEND still_missing ${name})
    endif()
  endforeach()
  if(still_missing)
    # Asked first and for little, so that a computer without network hears of it within seconds.
    list(GET still_missing 0 first)
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E env GIT_TERMINAL_PROMPT=0 ${GIT_EXECUTABLE} ls-remote --quiet ${${first}_URL} HEAD
      TIMEOUT 20 RESULT_VARIABLE result OUTPUT_VARIABLE words ERROR_VARIABLE words)
    if(NOT result EQUAL 0)
      _tflm_hil_last_words(words "${result}" "${words}")
      _tflm_hil_missing("${words}" "${still_missing}")
    endif()
  endif()
  while(still_missing)
    list(GET still_missing 0 name)
    _tflm_hil_download(${name} problem)
    if(problem)
      _tflm_hil_missing("${problem}" "${still_missing}")
    endif()
    list(REMOVE_AT still_missing 0)
  endwhile()
  file(LOCK ${TFLM_HIL_SOURCE_CACHE}/.lock RELEASE)
endif()

# --- what FetchContent makes of it ------------------------------------------------------------------------------------

foreach(name IN LISTS TFLM_HIL_SOURCES)
  string(TOUPPER ${name} capitals)
  set(own ${FETCHCONTENT_SOURCE_DIR_${capitals}})
  if(NOT own)
    _tflm_hil_check(${name} ${${name}_CACHED})
    set(FETCHCONTENT_SOURCE_DIR_${capitals} ${${name}_CACHED})
  endif()
  FetchContent_Declare(${name}
    GIT_REPOSITORY ${${name}_URL}
    GIT_TAG ${${name}_REVISION}
    SOURCE_SUBDIR none-of-their-cmake
  )
  FetchContent_MakeAvailable(${name})
  if(NOT own)
    # FetchContent remembers the folder as if the user had named it.
    unset(FETCHCONTENT_SOURCE_DIR_${capitals})
    set(FETCHCONTENT_SOURCE_DIR_${capitals} "" CACHE PATH "A tree of your own in place of ${name}" FORCE)
  endif()
endforeach()

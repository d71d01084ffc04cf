# TFLM as a library for the firmware: target tflm_hil_tflm, and TFLM_HIL_REVISION, its commit.
#
# It is compiled once for a revision, a core, a compiler and a set of flags, into the user's cache folder, where every
# build folder finds it: the boards of one chip, test builds, both LSTMs. Sources of the user's own
# (FETCHCONTENT_SOURCE_DIR_*) may change under us, so theirs is compiled in the firmware's build folder instead.
include(sources)
include(patched_copy)

set(TFLM_HIL_LSTM reference CACHE STRING "Whose UNIDIRECTIONAL_SEQUENCE_LSTM: TFLM's reference, or cmsis_nn's, \
which forgets its state between two invokes (int8, int16)")
set_property(CACHE TFLM_HIL_LSTM PROPERTY STRINGS reference cmsis_nn)
if(NOT TFLM_HIL_LSTM MATCHES "^(reference|cmsis_nn)$")
  message(FATAL_ERROR "TFLM_HIL_LSTM is reference or cmsis_nn, not '${TFLM_HIL_LSTM}'")
endif()
set(TFLM_HIL_KERNEL_OPTIMISATION -O2 CACHE STRING "How TFLM's and CMSIS-NN's kernels are compiled; the rest is -Os")
if(IS_ABSOLUTE "$ENV{XDG_CACHE_HOME}")
  set(cache_home $ENV{XDG_CACHE_HOME})
else()
  set(cache_home $ENV{HOME}/.cache)
endif()
set(TFLM_HIL_BUILD_CACHE ${cache_home}/tflm-hil/build CACHE PATH "Where compiled libraries are kept")

# What TFLM and whoever includes its headers must agree on.
set(definitions
  TF_LITE_STATIC_MEMORY
  TF_LITE_DISABLE_X86_NEON
  CMSIS_NN
  KERNELS_OPTIMIZED_FOR_SPEED  # without one of these, int8 SVDF fails at run time
  ARM_NN_ENABLE_F16=0
  ARM_NN_ENABLE_F32=0
)

# --- sources as TFLM wants them ---------------------------------------------------------------------------------------

set(work ${CMAKE_BINARY_DIR}/tflm)
if(TFLM_HIL_OWN_SOURCES)
  set(patched ${work})
else()
  # In one place for all build folders: compiler caches know a file by its place, too.
  set(patched ${TFLM_HIL_BUILD_CACHE}/patched)
endif()
set(flatbuffers_patched ${patched}/flatbuffers-${flatbuffers_REVISION})
set(kissfft_patched ${patched}/kissfft-${kissfft_REVISION})
tflm_hil_patched_copy(include
  FROM ${flatbuffers_SOURCE_DIR}
  TO ${flatbuffers_patched}
  PATCH ${tflite_micro_SOURCE_DIR}/tensorflow/lite/micro/tools/make/flatbuffers.patch
)
tflm_hil_patched_copy(kiss_fft.c kiss_fft.h _kiss_fft_guts.h tools
  FROM ${kissfft_SOURCE_DIR}
  TO ${kissfft_patched}
  PATCH ${tflite_micro_SOURCE_DIR}/third_party/kissfft/kissfft.patch
)

# --- the build of the library -----------------------------------------------------------------------------------------

set(project_folder ${CMAKE_CURRENT_LIST_DIR}/tflm_library)

# All that the result depends on goes into its name.
set(inputs ${CMAKE_C_COMPILER} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION}
  ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${TFLM_HIL_KERNEL_OPTIMISATION} ${definitions})
foreach(name IN LISTS TFLM_HIL_SOURCES)
  list(APPEND inputs ${name} ${${name}_REVISION})
endforeach()
file(READ ${project_folder}/CMakeLists.txt text)
string(SHA256 key "${inputs};${text}")
string(SUBSTRING ${key} 0 12 key)
string(SUBSTRING ${TFLM_HIL_REVISION} 0 8 short_revision)

if(TFLM_HIL_OWN_SOURCES)
  list(JOIN TFLM_HIL_OWN_SOURCES ", " names)
  message(STATUS "TFLM is compiled in this build folder, because sources of your own are in it: ${names}")
  set(folder ${work}/library)
  set(mode -D ALWAYS=ON)
else()
  set(folder ${TFLM_HIL_BUILD_CACHE}/tflm-${short_revision}-${CMAKE_SYSTEM_PROCESSOR}-${key})
  set(mode -D ALWAYS=OFF)
endif()

set(settings "")
macro(pass name value)
  string(APPEND settings "set(${name} [==[${value}]==] CACHE STRING \"\" FORCE)\n")
endmacro()
foreach(name C_COMPILER CXX_COMPILER C_FLAGS CXX_FLAGS AR RANLIB MAKE_PROGRAM C_COMPILER_LAUNCHER CXX_COMPILER_LAUNCHER)
  if(CMAKE_${name})
    pass(CMAKE_${name} "${CMAKE_${name}}")
  endif()
endforeach()
pass(TFLM_DIR ${tflite_micro_SOURCE_DIR})
pass(CMSIS_NN_DIR ${cmsis_nn_SOURCE_DIR})
pass(GEMMLOWP_DIR ${gemmlowp_SOURCE_DIR})
pass(RUY_DIR ${ruy_SOURCE_DIR})
pass(FLATBUFFERS_DIR ${flatbuffers_patched})
pass(KISSFFT_DIR ${kissfft_patched})
pass(TFLM_DEFINITIONS "${definitions}")
pass(TFLM_KERNEL_OPTIMISATION "${TFLM_HIL_KERNEL_OPTIMISATION}")
file(CONFIGURE OUTPUT ${work}/settings.cmake CONTENT "${settings}" @ONLY)

set(libraries tflm tflm_lstm_reference tflm_lstm_cmsis_nn)
set(files ${libraries})
list(TRANSFORM files REPLACE "(.+)" ${folder}/lib\\1.a)
list(JOIN libraries "," names)
set(build ${CMAKE_COMMAND} ${mode} -D "GENERATOR=${CMAKE_GENERATOR}" -D PROJECT_FOLDER=${project_folder}
  -D SETTINGS=${work}/settings.cmake -D FOLDER=${folder} -D LIBRARIES=${names} -P ${project_folder}/build.cmake)
if(TFLM_HIL_OWN_SOURCES)
  add_custom_target(tflm_hil_tflm_build COMMAND ${build} BYPRODUCTS ${files} USES_TERMINAL VERBATIM
    COMMENT "Looking whether TFLM has changed")
else()
  add_custom_command(OUTPUT ${files} COMMAND ${build} USES_TERMINAL VERBATIM
    COMMENT "Compiling TFLM, once for all build folders: some ten minutes of one core")
  add_custom_target(tflm_hil_tflm_build DEPENDS ${files})
endif()

# --- what the firmware links ------------------------------------------------------------------------------------------

foreach(library IN LISTS libraries)
  add_library(tflm_hil_${library}_file STATIC IMPORTED GLOBAL)
  set_target_properties(tflm_hil_${library}_file PROPERTIES IMPORTED_LOCATION ${folder}/lib${library}.a)
  add_dependencies(tflm_hil_${library}_file tflm_hil_tflm_build)
endforeach()
target_link_libraries(tflm_hil_tflm_lstm_${TFLM_HIL_LSTM}_file INTERFACE tflm_hil_tflm_file)

add_library(tflm_hil_tflm INTERFACE)
target_link_libraries(tflm_hil_tflm INTERFACE tflm_hil_tflm_lstm_${TFLM_HIL_LSTM}_file tflm_hil_tflm_file)
target_compile_definitions(tflm_hil_tflm INTERFACE ${definitions})
target_include_directories(tflm_hil_tflm SYSTEM INTERFACE
  ${tflite_micro_SOURCE_DIR}
  ${flatbuffers_patched}/include
  ${gemmlowp_SOURCE_DIR}
  ${ruy_SOURCE_DIR}
)

# What makes an executable an image: the SDK, memory, warnings, build id, UF2.
set(TFLM_HIL_ARENA_KIB "" CACHE STRING "Memory for models in KiB; empty: as much as the chip has to spare")
if(TFLM_HIL_ARENA_KIB STREQUAL "")
  if(PICO_RP2040)
    set(TFLM_HIL_ARENA_KIB 208)
  else()
    set(TFLM_HIL_ARENA_KIB 440)
  endif()
endif()

find_package(Python3 3.10 REQUIRED COMPONENTS Interpreter)

function(tflm_hil_image target)
  get_filename_component(root ${CMAKE_CURRENT_FUNCTION_LIST_DIR} DIRECTORY)
  target_include_directories(${target} PRIVATE ${root} ${root}/device)
  target_link_libraries(${target} PRIVATE
    tflm_hil_core pico_stdlib pico_unique_id pico_usb_reset_interface tinyusb_device hardware_watchdog hardware_clocks hardware_timer
    pico_multicore)
  pico_enable_stdio_uart(${target} 0)
  pico_enable_stdio_usb(${target} 0)

  # Our own sources only: those of SDK and TinyUSB are compiled with the target, so warnings are set by file.
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  set_source_files_properties(${sources} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS
    "-Wall;-Wextra;-Wshadow;-Werror;-Os")

  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>
  )
  math(EXPR arena_bytes "${TFLM_HIL_ARENA_KIB} * 1024")
  target_compile_definitions(${target} PRIVATE
    TFLM_HIL_ARENA_BYTES=${arena_bytes}
    PICO_STACK_SIZE=0x800  # interrupts and fault handlers; device/stack.h has the program's own
    PICO_HEAP_SIZE=0
    PICO_PANIC_FUNCTION=TflmHilPanic
    PICO_NO_BI_PROGRAM_BUILD_DATE=1
  )
  target_link_options(${target} PRIVATE -Wl,--build-id=sha1 -Wl,--script=${root}/cmake/memory.ld)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${root}/cmake/memory.ld)
  pico_set_program_name(${target} "tflm_bench")
  pico_set_program_description(${target} "tflm-hil: ${TFLM_HIL_ENGINE} engine")

  if(PICO_RP2040)
    set(family rp2040)
  else()
    set(family rp2350)
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${root}/.. PYTHONDONTWRITEBYTECODE=1
            ${Python3_EXECUTABLE} -m harness.flash.make_uf2
            $<TARGET_FILE:${target}> ${CMAKE_CURRENT_BINARY_DIR}/${target}.uf2 --family ${family}
    VERBATIM
  )
endfunction()

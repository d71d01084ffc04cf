# Where sources that are no part of this repository are kept, for all build folders and checkouts.
if(NOT DEFINED TFLM_HIL_SOURCE_CACHE)
  if(IS_ABSOLUTE "$ENV{XDG_CACHE_HOME}")
    set(cache_home $ENV{XDG_CACHE_HOME})
  else()
    set(cache_home $ENV{HOME}/.cache)
  endif()
  set(TFLM_HIL_SOURCE_CACHE ${cache_home}/tflm-hil/sources CACHE PATH "Folder of source trees, <name>-<revision> each")
endif()

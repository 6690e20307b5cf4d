# Warnings and hardening of every target of this project.
add_library(poolscaler_options INTERFACE)
target_compile_features(poolscaler_options INTERFACE cxx_std_20)
target_compile_options(poolscaler_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum
  -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -fstack-protector-strong
  -fcf-protection)
target_link_options(poolscaler_options INTERFACE -Wl,-z,relro -Wl,-z,now)

# In a batch (Room.cmake) names of one file are seen by the next, which may well use them otherwise.
option(POOLSCALER_BATCHES "compile the sources of a room in batches" ON)
if(POOLSCALER_BATCHES)
  target_compile_options(poolscaler_options INTERFACE -Wno-shadow)
endif()

# What is shipped: optimised and fortified. Tests are neither, which halves the time to build them.
add_library(poolscaler_shipped INTERFACE)
target_link_libraries(poolscaler_shipped INTERFACE poolscaler_options)
set(POOLSCALER_TEST_OPTIONS "")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(poolscaler_shipped INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()

set(POOLSCALER_SANITIZE "" CACHE STRING "address,undefined or thread")
if(POOLSCALER_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Release")
  set(POOLSCALER_TEST_OPTIONS -O0)
endif()
# By how much the timeouts of tests are longer, and cases that are many are fewer.
set(POOLSCALER_SLOWDOWN 1)
if(POOLSCALER_SANITIZE)
  set(POOLSCALER_SLOWDOWN 6)
  # g++ 12 sees uninitialised values in <regex> and overruns in sums of strings under a sanitizer, and
  # types of cpprestsdk, which is not instrumented, cannot be checked.
  target_compile_options(poolscaler_options INTERFACE
    -fsanitize=${POOLSCALER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -fno-sanitize=vptr -Wno-maybe-uninitialized -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
  target_link_options(poolscaler_options INTERFACE -fsanitize=${POOLSCALER_SANITIZE})
endif()
if(POOLSCALER_FUZZ)
  # The house's compiler is g++; what clang alone warns of is no reason to stop a fuzzer.
  target_compile_options(poolscaler_options INTERFACE -fsanitize=fuzzer-no-link -Wno-error)
endif()

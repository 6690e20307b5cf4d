# A room is one folder under src/, one door under include/poolscaler/, one static library, one test
# program. Sources are listed, never globbed.
#
#   poolscaler_room(NAME kube SOURCES client.cpp ... PUBLIC poolscaler::ports PRIVATE lib ...)
#
# With POOLSCALER_BATCHES the sources of a room are compiled eight at a time, since most of the time
# goes into templates that each of them would make anew. So a name of an unnamed namespace means the
# same in all files of a room, and a source whose system headers exclude those of its neighbours is
# listed again behind ALONE. The preset dev compiles every file by itself, so that each includes what
# it uses and nothing is shadowed.
#
# A room that is UNHURRIED computes nothing in bulk: a release optimises it less, which compiles a
# quarter faster and takes no hardening away.
function(poolscaler_room)
  cmake_parse_arguments(ROOM "UNHURRIED" "NAME" "SOURCES;PUBLIC;PRIVATE;ALONE" ${ARGN})
  add_library(poolscaler_${ROOM_NAME} STATIC ${ROOM_SOURCES})
  add_library(poolscaler::${ROOM_NAME} ALIAS poolscaler_${ROOM_NAME})
  target_include_directories(poolscaler_${ROOM_NAME}
    PUBLIC ${PROJECT_SOURCE_DIR}/include
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(poolscaler_${ROOM_NAME}
    PUBLIC ${ROOM_PUBLIC}
    PRIVATE poolscaler_shipped ${ROOM_PRIVATE})
  if(ROOM_UNHURRIED AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(poolscaler_${ROOM_NAME} PRIVATE -O1)
  endif()
  poolscaler_reads(poolscaler_${ROOM_NAME} shipped)
  poolscaler_in_batches(poolscaler_${ROOM_NAME} 8)
  set_source_files_properties(${ROOM_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

function(poolscaler_in_batches target size)
  if(POOLSCALER_BATCHES)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
    # A type of an unnamed namespace in a header of the room is the same one for the whole batch.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# For what is no test program, and is compiled as one: what they share, and programs beside them whose
# own speed does not matter.
function(poolscaler_compiled_as_tests target)
  target_compile_options(${target} PRIVATE ${POOLSCALER_TEST_OPTIONS} -fPIE
    $<TARGET_PROPERTY:GTest::gtest,INTERFACE_COMPILE_OPTIONS>)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  poolscaler_in_batches(${target} 8)
  poolscaler_reads(${target} test)
endfunction()

# One test program; its private includes reach the room's walls and tests/support.
#
# With POOLSCALER_BATCHES its sources are compiled four at a time, as those of a room are.
#
# Nothing hangs for ever: TIMEOUT (seconds, default 300) ends it.
#
#   poolscaler_test(NAME kube_test SOURCES a_test.cpp ... LINK poolscaler::kube [ROOM kube])
function(poolscaler_test)
  cmake_parse_arguments(TEST "" "NAME;ROOM;TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${TEST_NAME} ${TEST_SOURCES})
  target_include_directories(${TEST_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests
    $<$<BOOL:${TEST_ROOM}>:${PROJECT_SOURCE_DIR}/src/${TEST_ROOM}>)
  target_compile_options(${TEST_NAME} PRIVATE ${POOLSCALER_TEST_OPTIONS})
  target_link_libraries(${TEST_NAME} PRIVATE ${TEST_LINK} poolscaler_checkout poolscaler_options GTest::gmock_main)
  poolscaler_in_batches(${TEST_NAME} 4)
  poolscaler_reads(${TEST_NAME} test)
  add_test(NAME ${TEST_NAME} COMMAND ${TEST_NAME})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  math(EXPR TEST_TIMEOUT "${TEST_TIMEOUT} * ${POOLSCALER_SLOWDOWN}")
  set_tests_properties(${TEST_NAME} PROPERTIES TIMEOUT ${TEST_TIMEOUT})
  if(TEST_LABELS)
    set_tests_properties(${TEST_NAME} PROPERTIES LABELS "${TEST_LABELS}")
  endif()
endfunction()

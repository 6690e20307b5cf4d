# The headers that most files read are compiled once, which spares each of them up to a quarter.
# Every file still includes what it uses: the preset dev builds without this and shows it.
option(POOLSCALER_PRECOMPILED "precompile the headers that most files include" ON)

#   poolscaler_precompiled(NAME shipped HEADERS ... LINK ... OPTIONS ...)
# makes the precompiled header; poolscaler_reads(target shipped) lets a target use it.
function(poolscaler_precompiled)
  cmake_parse_arguments(PCH "" "NAME" "HEADERS;LINK;OPTIONS" ${ARGN})
  if(POOLSCALER_PRECOMPILED)
    add_library(poolscaler_precompiled_${PCH_NAME} OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
    target_link_libraries(poolscaler_precompiled_${PCH_NAME} PRIVATE ${PCH_LINK})
    target_compile_options(poolscaler_precompiled_${PCH_NAME} PRIVATE ${PCH_OPTIONS})
    target_precompile_headers(poolscaler_precompiled_${PCH_NAME} PRIVATE ${PCH_HEADERS})
  endif()
endfunction()

function(poolscaler_reads target name)
  if(POOLSCALER_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM poolscaler_precompiled_${name})
    # Or else g++ hides from ccache which precompiled header a file has read.
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()

set(common <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <fmt/format.h> <functional> <map>
  <memory> <nlohmann/json.hpp> <optional> <set> <span> <string> <string_view> <vector>)
poolscaler_precompiled(NAME shipped
  HEADERS ${common} ${PROJECT_SOURCE_DIR}/include/poolscaler/json/instances.hpp
  LINK poolscaler_shipped fmt::fmt nlohmann_json::nlohmann_json)

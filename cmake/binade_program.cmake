# SPDX-License-Identifier: MIT

# How this project builds programs of its own: tests, benchmarks, examples. Nothing here reaches a
# user of the library.

# A compiler cache makes a second build in any folder cheap. Only when binade is built for itself.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(BINADE_CCACHE ccache)
  mark_as_advanced(BINADE_CCACHE)
  if(BINADE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "${BINADE_CCACHE}"
    )
  endif()
endif()

# binade_set_own_rules(<target>)
#
# Strict C++20 with the project's warnings.
function(binade_set_own_rules target)
  set_target_properties(
    ${target} PROPERTIES CXX_EXTENSIONS OFF COMPILE_WARNING_AS_ERROR ${BINADE_WERROR}
  )
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
endfunction()

# binade_add_program(<target> SOURCES <file>... [LIBS <target>...])
#
# An executable of the project's own.
function(binade_add_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${target} ${arg_SOURCES})
  binade_set_own_rules(${target})
  target_link_libraries(${target} PRIVATE binade::binade ${arg_LIBS})
endfunction()

# binade_add_test(NAME <folder>/<header>_test [SOURCES <file>...] [LIBS <target>...])
#
# One GoogleTest program, <folder>_<header>_test, and one test of ctest with the same name. SOURCES
# defaults to tests/<NAME>.cpp. It runs in the source folder, so that it finds the project's data
# under a relative path.
function(binade_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBS")
  if(NOT arg_SOURCES)
    set(arg_SOURCES "${PROJECT_SOURCE_DIR}/tests/${arg_NAME}.cpp")
  endif()
  string(REPLACE "/" "_" target "${arg_NAME}")
  binade_add_program(${target} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS} GTest::gtest_main)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
endfunction()

# binade_embed(<target> NAME <name> FILE <file>)
#
# Puts the bytes of <file> into <target>, which gets a header "embedded/<name>.hpp" with
#   namespace embedded { std::span<const std::byte> <name>() noexcept; }
# The bytes start at a multiple of 64. The assembler reads the file, so a large one costs no compile
# time.
function(binade_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;FILE" "")
  get_filename_component(file "${arg_FILE}" ABSOLUTE)
  set(name "${arg_NAME}")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/embed.hpp.in" "${folder}/embedded/${name}.hpp" @ONLY)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/embed.cpp.in" "${folder}/${name}.cpp" @ONLY)
  set_source_files_properties("${folder}/${name}.cpp" PROPERTIES OBJECT_DEPENDS "${file}")
  target_sources(${target} PRIVATE "${folder}/${name}.cpp")
  target_include_directories(${target} PRIVATE "${folder}")
endfunction()

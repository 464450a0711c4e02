# SPDX-License-Identifier: MIT

# The library's targets. Each is INTERFACE: there is nothing to compile.
#
#   binade::binade   every header that needs only the standard library
#   binade::fmt      binade/fmt.hpp; needs fmt::fmt
#   binade::io       binade/io/; needs nlohmann_json::nlohmann_json
#   binade::cuda     binade/kernel/cuda/*.cuh, for code that nvcc compiles
#   binade::cublaslt what binade/kernel/cuda/cublaslt_plan.cuh links; with BINADE_ENABLE_CUBLASLT
#
# A project that adds this one as a subdirectory finds fmt and nlohmann_json itself if it links
# binade::fmt or binade::io; after find_package(binade COMPONENTS fmt io) they are found already.

# A glob, because the header list has no choice in it: every file under include/ is installed, and
# CONFIGURE_DEPENDS makes a new header turn up without an edit here.
file(
  GLOB_RECURSE binade_headers
  CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/binade/*.hpp"
)
set(binade_fmt_headers ${binade_headers})
list(FILTER binade_fmt_headers INCLUDE REGEX "/include/binade/fmt\\.hpp$")
set(binade_io_headers ${binade_headers})
list(FILTER binade_io_headers INCLUDE REGEX "/include/binade/io/")
list(REMOVE_ITEM binade_headers ${binade_fmt_headers} ${binade_io_headers})

# binade_add_library(<name> EXPORT_NAME <name> HEADERS <file>...)
#
# An INTERFACE library with its header set and the alias that an installed binade has too.
function(binade_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORT_NAME" "HEADERS")
  add_library(${name} INTERFACE)
  add_library(binade::${arg_EXPORT_NAME} ALIAS ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${arg_EXPORT_NAME})
  target_compile_features(${name} INTERFACE cxx_std_20)
  target_sources(
    ${name}
    INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${arg_HEADERS}
  )
endfunction()

find_package(Threads REQUIRED)
binade_add_library(binade EXPORT_NAME binade HEADERS ${binade_headers})
target_link_libraries(binade INTERFACE Threads::Threads)

# Only for the build: in the installed package, binade-config.cmake adds the dependency, since the
# target behind fmt::fmt is in no export set where fmt was fetched.
binade_add_library(binade_fmt EXPORT_NAME fmt HEADERS ${binade_fmt_headers})
target_link_libraries(binade_fmt INTERFACE binade $<BUILD_INTERFACE:fmt::fmt>)
binade_add_library(binade_io EXPORT_NAME io HEADERS ${binade_io_headers})
target_link_libraries(binade_io INTERFACE binade $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)

file(
  GLOB_RECURSE binade_cuda_headers
  CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/binade/kernel/cuda/*.cuh"
)
binade_add_library(binade_cuda EXPORT_NAME cuda HEADERS ${binade_cuda_headers})
target_link_libraries(binade_cuda INTERFACE binade)

if(BINADE_ENABLE_CUBLASLT)
  find_package(CUDAToolkit 13.0 REQUIRED)
  add_library(binade_cublaslt INTERFACE)
  add_library(binade::cublaslt ALIAS binade_cublaslt)
  target_link_libraries(binade_cublaslt INTERFACE binade_cuda CUDA::cublasLt CUDA::cudart)
endif()

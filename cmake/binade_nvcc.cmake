# SPDX-License-Identifier: MIT

# How this project compiles CUDA code: by nvcc itself, as tests of ctest, so that a machine without a
# GPU checks that everything compiles for every architecture.
#
# BINADE_NVCC is the compiler, or false.
find_program(
  BINADE_NVCC nvcc
  HINTS ENV CUDA_HOME ENV CUDA_PATH
  PATHS /usr/local/cuda
  PATH_SUFFIXES bin
)
mark_as_advanced(BINADE_NVCC)
if(NOT BINADE_NVCC)
  message(STATUS "nvcc is not installed: not checked: binade in CUDA device code")
endif()

# binade_add_nvcc_test(<name> FILE <file> ARCHITECTURES <name>... [FLAGS <flag>...]
#                      [PROGRAM <program>])
#
# A test that compiles the file without warnings; into a program if PROGRAM names one.
function(binade_add_nvcc_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILE;PROGRAM" "ARCHITECTURES;FLAGS")
  set(architectures)
  foreach(architecture IN LISTS arg_ARCHITECTURES)
    list(APPEND architectures -gencode arch=compute_${architecture},code=sm_${architecture})
  endforeach()
  set(output -c -o "${CMAKE_CURRENT_BINARY_DIR}/${name}.o")
  if(arg_PROGRAM)
    set(output -o "${arg_PROGRAM}")
  endif()
  add_test(
    NAME ${name}
    COMMAND
      "${BINADE_NVCC}" -std=c++20 ${architectures} --Werror all-warnings
      -Xcompiler=-Wall,-Wextra,-Wconversion,-Wshadow -I "${PROJECT_SOURCE_DIR}/include"
      ${arg_FLAGS} "${arg_FILE}" ${output}
  )
endfunction()

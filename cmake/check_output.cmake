# SPDX-License-Identifier: MIT

# cmake -D PROGRAM=<program> -D EXPECTED=<file> -P check_output.cmake
#
# Fails unless PROGRAM exits with 0 and prints what EXPECTED holds.
execute_process(
  COMMAND "${PROGRAM}"
  OUTPUT_VARIABLE got
  RESULT_VARIABLE status
)
file(READ "${EXPECTED}" expected)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}; it printed\n${got}")
endif()
if(NOT got STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed\n${got}\nbut ${EXPECTED} has\n${expected}")
endif()

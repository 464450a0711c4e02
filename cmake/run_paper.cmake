# SPDX-License-Identifier: MIT

# cmake -D PROGRAM=<program> -D OUTPUT=<file> -P run_paper.cmake
#
# Runs a program of examples/papers, shows what it prints and keeps it in OUTPUT for
# papers_table.cmake. Fails if the program does.
execute_process(
  COMMAND "${PROGRAM}"
  OUTPUT_VARIABLE printed
  RESULT_VARIABLE status
)
message("${printed}")
if(NOT status EQUAL 0)
  file(REMOVE "${OUTPUT}")
  message(FATAL_ERROR "${PROGRAM} ended with ${status}")
endif()
file(WRITE "${OUTPUT}" "${printed}")

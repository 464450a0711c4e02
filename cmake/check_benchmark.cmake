# SPDX-License-Identifier: MIT

# cmake -D PROGRAM=<program> -D FILTER=<regular expression> -P check_benchmark.cmake
#
# Fails unless the Google Benchmark program PROGRAM runs the benchmarks that FILTER finds, one at
# least, prints valid JSON, and none of them reports an error (such as a wrong answer).
execute_process(
  COMMAND "${PROGRAM}" --benchmark_format=json --benchmark_min_time=0.0001
          "--benchmark_filter=${FILTER}"
  OUTPUT_VARIABLE got
  RESULT_VARIABLE status
)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}; it printed\n${got}")
endif()
string(JSON count LENGTH "${got}" benchmarks)
if(count EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} has no benchmark that ${FILTER} finds")
endif()
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  string(JSON benchmark GET "${got}" benchmarks ${i})
  string(JSON failed ERROR_VARIABLE none GET "${benchmark}" error_occurred)
  if(failed STREQUAL "ON")
    message(SEND_ERROR "${benchmark}")
  endif()
endforeach()
message(STATUS "${count} benchmarks")

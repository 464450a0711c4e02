# SPDX-License-Identifier: MIT

# cmake -D FOLDER=<outputs> -D SYSTEMS=<theme>/<system>,... -D DOCUMENT=<file> [-D UPDATE=ON]
#       -P papers_table.cmake
#
# Makes the tables of claims from what the programs of examples/papers printed, which run_paper.cmake
# keeps in FOLDER/<theme>/<system>.txt, and fails unless DOCUMENT has them between its two marks.
# With UPDATE it writes them there.
cmake_minimum_required(VERSION 3.25)

set(begin "<!-- claims -->\n")
set(end "<!-- end -->\n")

string(REPLACE "," ";" systems "${SYSTEMS}")
list(SORT systems)
set(table "")
set(last "")
foreach(name IN LISTS systems)
  if(NOT EXISTS "${FOLDER}/${name}.txt")
    message(FATAL_ERROR "${name} has not run, or failed: run ctest -L papers first")
  endif()
  # Brackets would keep CMake from taking a list apart, semicolons take it apart too often.
  file(READ "${FOLDER}/${name}.txt" lines)
  string(REPLACE "[" "@left@" lines "${lines}")
  string(REPLACE "]" "@right@" lines "${lines}")
  string(REPLACE ";" "@semicolon@" lines "${lines}")
  string(REPLACE "\n" ";" lines "${lines}")
  list(FILTER lines INCLUDE REGEX "^claim\t")
  foreach(line IN LISTS lines)
    string(REPLACE "\t" ";" fields "${line}")
    list(LENGTH fields count)
    if(NOT count EQUAL 9)
      message(FATAL_ERROR "${name}: a claim has ${count} fields; there must be 9:\n${line}")
    endif()
    list(POP_FRONT fields word system source text paper tolerance ours control verdict)
    if(NOT name STREQUAL last)
      string(APPEND table "\n### ${system}\n\n${source}, [`${name}.cpp`](${name}.cpp)\n\n"
                          "| claim | paper | tolerance | ours | control | verdict |\n"
                          "|---|---|---|---|---|---|\n"
      )
      set(last "${name}")
    endif()
    string(APPEND table
           "| ${text} | ${paper} | ${tolerance} | ${ours} | ${control} | ${verdict} |\n"
    )
  endforeach()
endforeach()
string(APPEND table "\n")
string(REPLACE "@left@" "[" table "${table}")
string(REPLACE "@right@" "]" table "${table}")
string(REPLACE "@semicolon@" ";" table "${table}")

file(READ "${DOCUMENT}" document)
string(FIND "${document}" "${begin}" from)
string(FIND "${document}" "${end}" to)
if(from LESS 0 OR to LESS from)
  message(FATAL_ERROR "${DOCUMENT} lacks the marks ${begin}${end}")
endif()
string(SUBSTRING "${document}" 0 ${from} head)
string(SUBSTRING "${document}" ${to} -1 tail)
set(wanted "${head}${begin}${table}${tail}")
if(UPDATE)
  file(WRITE "${DOCUMENT}" "${wanted}")
elseif(NOT document STREQUAL wanted)
  message(FATAL_ERROR "${DOCUMENT} differs from what the programs print:\n${table}\n"
                      "After ctest -L papers, the target update_papers_table writes it anew."
  )
endif()

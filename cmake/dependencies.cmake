# SPDX-License-Identifier: MIT

# What the tests, benchmarks and programs need beyond the standard library. The headers that
# binade::binade carries need none of it.
#
# Each row of the table is looked for with find_package first and fetched otherwise. To build from a
# source tree that is there already, give -DFETCHCONTENT_SOURCE_DIR_<NAME>=<folder>, with the name
# of the row in capitals. The fetched version is the one that Debian 12 ships: both ways build the
# same code.
include(FetchContent)

# binade_declare_dependency(<name> <lowest version> DEBIAN <packages> URL <url> SHA256 <hash>)
#
# Declares one row; binade_require() brings it in. <name> is that of the CMake package.
function(binade_declare_dependency name version)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "DEBIAN;URL;SHA256" "")
  FetchContent_Declare(
    ${name}
    URL "${arg_URL}"
    URL_HASH SHA256=${arg_SHA256}
    DOWNLOAD_EXTRACT_TIMESTAMP FALSE
    FIND_PACKAGE_ARGS ${version} CONFIG GLOBAL
  )
  set_property(GLOBAL PROPERTY binade_packages_${name} "${arg_DEBIAN}")
endfunction()

binade_declare_dependency(
  GTest 1.12.1
  DEBIAN "libgtest-dev libgmock-dev"
  URL https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz
  SHA256 81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2
)
binade_declare_dependency(
  benchmark 1.7.1
  DEBIAN libbenchmark-dev
  URL https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
  SHA256 6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7
)
binade_declare_dependency(
  fmt 9.1.0
  DEBIAN libfmt-dev
  URL https://github.com/fmtlib/fmt/archive/refs/tags/9.1.0.tar.gz
  SHA256 5dea48d1fcddc3ec571ce2058e13910a0d4a6bab4cc09a809d8b1dd1c88ae6f2
)
binade_declare_dependency(
  nlohmann_json 3.11.2
  DEBIAN nlohmann-json3-dev
  URL https://github.com/nlohmann/json/archive/refs/tags/v3.11.2.tar.gz
  SHA256 d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273
)
binade_declare_dependency(
  CLI11 2.1.2
  DEBIAN libcli11-dev
  URL https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz
  SHA256 26291377e892ba0e5b4972cdfd4a2ab3bf53af8dac1f4ea8fe0d1376b625c8cb
)

# binade_require(<name>...)
#
# Makes the targets of the named rows available in every directory. The global property
# binade_installed_<name> says whether a row was found, not fetched. A function, to keep the options
# of fetched projects out of this one.
function(binade_require)
  set(CMAKE_COMPILE_WARNING_AS_ERROR OFF)
  set(CMAKE_VERIFY_INTERFACE_HEADER_SETS OFF)
  set(CMAKE_POLICY_VERSION_MINIMUM 3.5) # some of them ask for less, which CMake 4 refuses
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(INSTALL_GTEST OFF)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  set(FMT_INSTALL OFF)
  set(JSON_Install OFF)
  set(JSON_BuildTests OFF)
  set(CLI11_BUILD_TESTS OFF)
  set(CLI11_BUILD_EXAMPLES OFF)
  foreach(name IN LISTS ARGN)
    get_property(done GLOBAL PROPERTY binade_installed_${name} SET)
    if(NOT done)
      get_property(packages GLOBAL PROPERTY binade_packages_${name})
      message(CHECK_START "Looking for ${name} (Debian: ${packages})")
      # Their headers are system headers. (FetchContent_Declare(... SYSTEM) breaks the download in
      # CMake 3.25.)
      set_property(DIRECTORY PROPERTY SYSTEM ON)
      FetchContent_MakeAvailable(${name})
      set_property(DIRECTORY PROPERTY SYSTEM OFF)
      string(TOLOWER "${name}" fetched)
      if(DEFINED ${fetched}_SOURCE_DIR)
        message(CHECK_PASS "built from ${${fetched}_SOURCE_DIR}")
        set_property(GLOBAL PROPERTY binade_installed_${name} FALSE)
      else()
        message(CHECK_PASS "found in ${${name}_DIR}")
        set_property(GLOBAL PROPERTY binade_installed_${name} TRUE)
      endif()
    endif()
  endforeach()
endfunction()

# SPDX-License-Identifier: MIT

# What `cmake --install` writes: headers, the CMake package, the pkg-config file and the licence.
# All of it is independent of the architecture, so it lies under share/.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(binade_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/binade")

# One export set a target: a missing fmt or nlohmann_json then leaves the others usable.
foreach(component IN ITEMS binade binade_fmt binade_io binade_cuda)
  install(
    TARGETS ${component}
    EXPORT ${component}_targets
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  )
  install(
    EXPORT ${component}_targets
    NAMESPACE binade::
    FILE ${component}_targets.cmake
    DESTINATION "${binade_package_dir}"
  )
endforeach()

# The algorithms that kernel/simd/targets.hpp includes once per target, which are no headers of their
# own.
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/include/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING
  PATTERN "*.inl"
)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/binade-config.cmake.in"
  "${PROJECT_BINARY_DIR}/binade-config.cmake"
  INSTALL_DESTINATION "${binade_package_dir}"
  NO_SET_AND_CHECK_MACRO
)
# Before 1.0 a minor version may break callers.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/binade-config-version.cmake"
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT
)
install(
  FILES "${PROJECT_BINARY_DIR}/binade-config.cmake"
        "${PROJECT_BINARY_DIR}/binade-config-version.cmake"
  DESTINATION "${binade_package_dir}"
)

configure_file(
  "${PROJECT_SOURCE_DIR}/cmake/binade.pc.in" "${PROJECT_BINARY_DIR}/binade.pc" @ONLY
)
install(FILES "${PROJECT_BINARY_DIR}/binade.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
install(
  FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/binade"
)

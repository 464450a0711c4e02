// SPDX-License-Identifier: MIT

// Files written here are opened by the packages that the formats come from: safetensors, gguf and
// numpy. BINADE_PYTHON names an interpreter that has them; without it, python3 is asked.

#include "binade/io/write_gguf.hpp"
#include "binade/io/write_npy.hpp"
#include "binade/io/write_safetensors.hpp"
#include "programs/run_program.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct values {
  std::array<float, 64> floats;
  std::array<std::byte, 64> codes;
  float scalar = 1.5F;

  values() {
    for (std::size_t i = 0; i < 64; ++i) {
      floats[i] = (static_cast<float>(i) - 20) / 8;
      codes[i] = static_cast<std::byte>(i);
    }
  }
};

void write_files(const fs::path& folder) {
  const values v;
  const auto floats = std::as_bytes(std::span(v.floats));
  const std::span<const std::byte> codes(v.codes);
  using binade::safetensors_dtype;
  binade::safetensors_writer tensors(folder / "ours.safetensors",
                                     {{"none", safetensors_dtype::u8, {0, 3}},
                                      {"scalar", safetensors_dtype::f32, {}},
                                      {"codes", safetensors_dtype::f8_e4m3, {2, 32}},
                                      {"floats", safetensors_dtype::f32, {2, 32}}});
  tensors.append("codes", codes);
  tensors.append("floats", floats);
  tensors.append("scalar", std::as_bytes(std::span(&v.scalar, 1)));
  tensors.commit();

  binade::gguf_metadata metadata;
  metadata.add("general.architecture", "llama");
  metadata.add("a.bool", true);
  metadata.add("a.u64", std::uint64_t{1} << 63);
  metadata.add("a.f32", 0.25F);
  const std::vector<std::string> words{"one", "", "three"};
  metadata.add("a.words", std::span<const std::string>(words));
  const std::array numbers{1.5F, -2.0F};
  metadata.add("a.floats", std::span<const float>(numbers));
  const std::vector<binade::gguf_tensor> blocks{
      {"floats", binade::ggml_type::f32, {2, 32}, floats},
      {"mxfp4", binade::ggml_type::mxfp4, {2, 32}, codes.first(34)},
      {"nvfp4", binade::ggml_type::nvfp4, {64}, codes.first(36)}};
  binade::write_gguf(folder / "ours.gguf", metadata.entries(), blocks);

  using binade::npy_order;
  binade::write_npy(folder / "floats.npy", {"<f4", npy_order::c, {2, 32}, floats});
  binade::write_npy(folder / "fortran.npy", {"<f4", npy_order::fortran, {32, 2}, floats});
  binade::write_npy(folder / "codes.npy", {"|u1", npy_order::c, {2, 32}, codes});
  binade::write_npy(folder / "named.npy", {"float8_e4m3fn", npy_order::c, {2, 32}, codes});
}

TEST(python_packages, open_what_is_written_here) {
  const fs::path folder = fs::path(testing::TempDir()) / "binade_python_packages";
  fs::create_directories(folder);
  write_files(folder);
  const bool is_named = std::getenv("BINADE_PYTHON") != nullptr;
  ::setenv("BINADE_PYTHON", "python3", 0);
  const outcome opened = run_program(
      "BINADE_PYTHON", "-W ignore tests/io/fixtures/open_files.py '" + folder.string() + "'");
  if ((!is_named && opened.status == 127) || opened.status == 77) {
    GTEST_SKIP() << "not checked: whether safetensors, gguf and numpy open what is written here; "
                    "BINADE_PYTHON names no Python that has them: "
                 << opened.output;
  }
  EXPECT_EQ(opened.status, 0) << opened.output;
  EXPECT_EQ(opened.output, "opened\n");
}

}  // namespace

// SPDX-License-Identifier: MIT
#include "binade/core/error.hpp"
#include "binade/io/file_bytes.hpp"
#include "binade/io/output_file.hpp"
#include "binade/tensor/scale_layout.hpp"
#include "checkpoint/commands.hpp"
#include "checkpoint/console.hpp"
#include "checkpoint/destination.hpp"  // check_output, delete_on_interrupt

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace checkpoint_tool {

int swizzle(const swizzle_arguments& a) {
  check_output(a.input, a.output);
  const binade::file_bytes input{std::filesystem::path(a.input)};
  const std::span<const std::byte> bytes = input.get();
  const bool packs = a.direction == "pack";
  const binade::scale_map tiles = binade::scale_layout::tiles_128x4{}.map(a.rows, a.columns);
  const std::size_t dense = a.rows * a.columns;
  const std::size_t needed = packs ? dense : tiles.size();
  if (bytes.size() != needed) {
    throw binade::error(fmt::format("binade swizzle: {} has {} bytes; {} x {} scales take {} {}",
                                    a.input, bytes.size(), a.rows, a.columns, needed,
                                    packs ? "row by row" : "in tiles"));
  }
  std::vector<std::byte> result(packs ? tiles.size() : dense);
  if (packs) {
    binade::arrange_scales(bytes, a.rows, a.columns, 1, tiles, result);
  } else {
    for (std::size_t i = 0; i < dense; ++i) {
      result[i] = bytes[tiles.index(i / a.columns, i % a.columns)];
    }
  }
  binade::output_file out(a.output, "binade swizzle");
  delete_on_interrupt(std::array{out.unfinished()});
  out.write_at(0, result);
  out.commit();
  delete_on_interrupt({});
  if (a.json) {
    const nlohmann::json j = {{"rows", a.rows},
                              {"columns", a.columns},
                              {"direction", a.direction},
                              {"bytes", result.size()}};
    print(j.dump(2) + "\n");
  } else {
    print(fmt::format("{} x {} scales {}: {} bytes\n", a.rows, a.columns,
                      packs ? "packed into tiles of 128 x 4" : "unpacked", result.size()));
  }
  return 0;
}

}  // namespace checkpoint_tool

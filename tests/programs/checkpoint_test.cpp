// SPDX-License-Identifier: MIT

// The program binade from outside.

#include "binade/io/safetensors.hpp"
#include "binade/io/write_safetensors.hpp"
#include "io/scheme_fixtures.hpp"
#include "programs/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

outcome run(const std::string& arguments) { return run_program("CHECKPOINT", arguments); }

const std::string weights = "bench/compare/data/use-lite-slice.safetensors";

class checkpoint_program : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("binade_checkpoint_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  /// Runs the program, which must end with `status`.
  static std::string expect(int status, const std::string& arguments) {
    const outcome o = run(arguments);
    EXPECT_EQ(o.status, status) << arguments << "\n" << o.output;
    return o.output;
  }
  static nlohmann::json json(int status, const std::string& arguments) {
    return nlohmann::json::parse(expect(status, arguments + " --json"));
  }
  /// Files that are left in the folder.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename());
    return names;
  }

 private:
  fs::path folder_;
};

struct scheme_case {
  std::string recipe;    // and options
  std::string scheme;    // that ls names
  std::string output;    // file or folder
  double least_sqnr_db;  // in the table of specs of this project, less a decibel
};

// A real checkpoint to every scheme and back.
TEST_F(checkpoint_program, quantizes_a_real_checkpoint_by_every_scheme_and_back) {
  const scheme_case cases[] = {
      {"modelopt_nvfp4", "modelopt_nvfp4", "a.safetensors", 19},
      {"modelopt_mxfp4", "modelopt_mxfp4", "b.safetensors", 15},
      {"modelopt_mxfp8", "modelopt_mxfp8", "c.safetensors", 29},
      {"compressed_tensors_nvfp4", "compressed_tensors_nvfp4", "d", 19},
      {"compressed_tensors_mxfp4", "compressed_tensors_mxfp4", "e", 17},
      {"compressed_tensors_mxfp8", "compressed_tensors_mxfp8", "f", 29},
      {"compressed_tensors_fp8", "compressed_tensors_fp8_tensor", "g", 30},
      {"compressed_tensors_fp8 --scales channel", "compressed_tensors_fp8_channel", "h", 30},
      {"compressed_tensors_fp8 --scales 128x128", "compressed_tensors_fp8_block", "i", 30},
      {"compressed_tensors_fp8 --scheme modelopt_fp8", "modelopt_fp8", "j", 30},
      {"deepseek_fp8", "deepseek_fp8", "k", 30},
      {"deepseek_fp8 --pow2-scales", "deepseek_fp8", "l", 29},
      {"modelopt_mxfp4 --scheme gpt_oss_mxfp4", "gpt_oss_mxfp4", "m.safetensors", 15},
      {"ggml_mxfp4", "ggml_mxfp4", "n.gguf", 17},
      {"ggml_nvfp4", "ggml_nvfp4", "o.gguf", 18},
      {"ggml_q8_0", "ggml_q8_0", "p.gguf", 40},
      {"ggml_q4_0", "ggml_q4_0", "q.gguf", 17},
  };
  for (const scheme_case& c : cases) {
    const std::string out = path(c.output);
    expect(0, "quantize " + weights + " --to " + c.recipe + " -o " + out);
    const nlohmann::json listed = json(0, "ls " + out);
    EXPECT_GT(listed["schemes"].value(c.scheme, 0), 0) << c.recipe << "\n" << listed.dump(2);
    EXPECT_EQ(listed["schemes"].size(), 1U) << c.recipe;
    const std::string back = path("back.safetensors");
    expect(0, "dequantize " + out + " --to f32 -o " + back);
    const nlohmann::json diff = json(1, "diff " + weights + " " + back);
    EXPECT_EQ(diff["compared"], listed["tensors"].size());
    for (const auto& t : diff["tensors"]) {
      if (t.contains("sqnr_db")) {
        EXPECT_GT(t["sqnr_db"], c.least_sqnr_db) << c.recipe;
      }
    }
    // The same values straight from the quantized file.
    expect(0, "diff " + out + " " + back);
    expect(1, "diff --bits " + out + " " + back);
  }
}

TEST_F(checkpoint_program, repacks_there_and_back_to_the_same_bytes) {
  const auto quantize = [&](const std::string& recipe) {
    expect(0, "quantize " + weights + " --to " + recipe + " -o " + path("q.safetensors"));
  };
  const auto there_and_back = [&](const std::string& from, const std::string& to,
                                  const std::string& between) {
    EXPECT_THAT(
        expect(0, "repack " + path("q.safetensors") + " --to " + to + " -o " + path(between)),
        HasSubstr("codes and block scales are bit-identical"));
    expect(0, "diff --bits " + path("q.safetensors") + " " + path(between));
    expect(0, "diff " + path("q.safetensors") + " " + path("q.safetensors"));
    expect(0, "repack " + path(between) + " --to " + from + " -o " + path("back.safetensors"));
    EXPECT_EQ(fixtures::text_of(path("q.safetensors")), fixtures::text_of(path("back.safetensors")))
        << from << " and " << to;
  };
  quantize("modelopt_nvfp4");
  there_and_back("modelopt", "compressed_tensors", "ct.safetensors");
  there_and_back("modelopt", "gguf", "n.gguf");
  quantize("compressed_tensors_nvfp4");
  there_and_back("compressed_tensors", "modelopt", "mo.safetensors");
  quantize("modelopt_mxfp4");
  there_and_back("modelopt", "gpt_oss", "oss.safetensors");
  there_and_back("modelopt", "compressed_tensors", "ct.safetensors");
  there_and_back("modelopt", "gguf", "m.gguf");
  quantize("modelopt_mxfp8");
  there_and_back("modelopt", "compressed_tensors", "ct.safetensors");
}

// The files of the packages themselves, with scales of inputs and other tensors.
TEST_F(checkpoint_program, repacks_what_the_packages_wrote) {
  const auto move = [&](const std::string& name, const std::string& to, const std::string& from) {
    const std::string source = fixtures::folder + name;
    expect(0, "repack " + source + " --to " + to + " -o " + path("there"));
    expect(0, "diff --bits " + source + " " + path("there"));
    expect(0, "repack " + path("there") + " --to " + from + " -o " + path("back"));
    EXPECT_EQ(fixtures::text_of(source + "/model.safetensors"),
              fixtures::text_of(path("back/model.safetensors")))
        << name;
    fs::remove_all(path("there"));
    fs::remove_all(path("back"));
  };
  move("modelopt_nvfp4", "compressed_tensors", "modelopt");
  move("compressed_tensors_nvfp4", "modelopt", "compressed_tensors");
  move("modelopt_mxfp4", "compressed_tensors", "modelopt");
  move("modelopt_fp8", "compressed_tensors", "modelopt");
  move("compressed_tensors_mxfp8", "modelopt", "compressed_tensors");
  move("compressed_tensors_fp8_tensor", "modelopt", "compressed_tensors");
}

// The official packages open what the program writes, and read the same values.
TEST_F(checkpoint_program, writes_files_that_the_packages_read) {
  if (std::system("python3 -c 'import gguf, numpy, safetensors' 2> /dev/null") != 0) {
    GTEST_SKIP()
        << "python3 has no gguf, numpy and safetensors: not checked: that they read our files";
  }
  expect(0, "quantize " + weights + " --to ggml_q8_0 -o " + path("q.gguf"));
  expect(0, "dequantize " + path("q.gguf") + " -o " + path("v.safetensors"));
  expect(0, "quantize " + weights + " --to modelopt_mxfp4 -o " + path("m.safetensors"));
  std::ofstream(path("read.py")) << R"(
import sys
import gguf
from safetensors import safe_open
folder = sys.argv[1]
values = safe_open(folder + "/v.safetensors", "np")
tensors = gguf.GGUFReader(folder + "/q.gguf").tensors
assert sorted(t.name for t in tensors) == sorted(values.keys())
for t in tensors:
    theirs = gguf.quants.dequantize(t.data, t.tensor_type)
    assert (theirs == values.get_tensor(t.name)).all(), t.name
packed = safe_open(folder + "/m.safetensors", "np")
assert "quantization_config" in packed.metadata()
for name in values.keys():
    codes, scales = packed.get_tensor(name), packed.get_tensor(name + "_scale")
    assert codes.shape[1] == scales.shape[1] * 16, name
)";
  EXPECT_EQ(std::system(("python3 " + path("read.py") + " " + path("")).c_str()), 0);
}

TEST_F(checkpoint_program, refuses_to_repack_what_cannot_be_kept) {
  expect(0, "quantize " + weights + " --to modelopt_nvfp4 -o " + path("q.safetensors"));
  EXPECT_THAT(
      expect(1, "repack " + path("q.safetensors") + " --to gpt_oss -o " + path("x.safetensors")),
      HasSubstr("gpt_oss_mxfp4 holds mxfp4, not nvfp4"));
  EXPECT_THAT(
      expect(1, "repack " + fixtures::folder + "deepseek_fp8 --to modelopt -o " + path("x")),
      HasSubstr("tiles of 128x128"));
  EXPECT_TRUE(json(1, "repack " + path("q.safetensors") + " --to deepseek -o " + path("x"))
                  .contains("refused"));
  EXPECT_THAT(expect(2, "repack " + weights + " --to gguf -o " + path("x.gguf")),
              HasSubstr("no quantized weights"));
  EXPECT_THAT(files(), ::testing::ElementsAre("q.safetensors"));
}

TEST_F(checkpoint_program, writes_the_configuration_of_a_folder) {
  const std::string source = fixtures::folder + "modelopt_nvfp4";
  expect(0, "repack " + source + " --to compressed_tensors -o " + path("ct"));
  const auto config = nlohmann::json::parse(fixtures::text_of(path("ct/config.json")));
  EXPECT_EQ(config["model_type"], "llama");
  EXPECT_EQ(config["quantization_config"]["format"], "nvfp4-pack-quantized");
  EXPECT_THAT(config["quantization_config"]["ignore"].dump(), HasSubstr("\"lm_head\""));
  EXPECT_FALSE(fs::exists(path("ct/hf_quant_config.json")));
  expect(0, "repack " + path("ct") + " --to modelopt -o " + path("mo"));
  const auto side = nlohmann::json::parse(fixtures::text_of(path("mo/hf_quant_config.json")));
  EXPECT_EQ(side["quantization"]["quant_algo"], "NVFP4");
  expect(0, "dequantize " + path("mo") + " --to bf16 -o " + path("plain"));
  const auto plain = nlohmann::json::parse(fixtures::text_of(path("plain/config.json")));
  EXPECT_FALSE(plain.contains("quantization_config"));
}

TEST_F(checkpoint_program, skips_and_says_why) {
  const nlohmann::json dry = json(
      0, "quantize " + weights + " --to modelopt_nvfp4 --dry-run --skip '*qkv*' --skip 'pool*'");
  EXPECT_TRUE(dry["dry_run"]);
  std::size_t skipped = 0;
  std::uint64_t after = 0;
  for (const auto& t : dry["tensors"]) {
    const bool matches = t["name"].get<std::string>().find("qkv") != std::string::npos ||
                         t["name"].get<std::string>().starts_with("pool");
    EXPECT_EQ(t.value("kept", "") == "skipped", matches) << t.dump();
    skipped += matches ? 1 : 0;
    after += t["bytes_after"].get<std::uint64_t>();
  }
  EXPECT_GT(skipped, 0U);
  EXPECT_TRUE(files().empty());
  const nlohmann::json done =
      json(0, "quantize " + weights + " --to modelopt_nvfp4 --skip '*qkv*' --skip 'pool*' -o " +
                  path("q.safetensors"));
  EXPECT_EQ(done["bytes_after"], after);
  EXPECT_EQ(json(0, "ls " + path("q.safetensors"))["bytes"], after);
}

TEST_F(checkpoint_program, keeps_what_it_cannot_quantize) {
  std::vector<std::byte> bytes(4 * 20 * 3);
  bytes[1] = std::byte{0x3c};  // 1 in float16
  const std::vector<binade::safetensors_tensor> tensors = {
      {"bias", binade::safetensors_dtype::f32, {20}, std::span(bytes).first(80)},
      {"odd.weight", binade::safetensors_dtype::f32, {3, 20}, bytes},
      {"ids", binade::safetensors_dtype::i64, {2, 2}, std::span(bytes).first(32)},
      {"none", binade::safetensors_dtype::f32, {0, 16}, {}},
      {"good.weight", binade::safetensors_dtype::f16, {2, 16}, std::span(bytes).first(64)}};
  binade::write_safetensors(path("in.safetensors"), tensors);
  const nlohmann::json done = json(
      0, "quantize " + path("in.safetensors") + " --to modelopt_nvfp4 -o " + path("q.safetensors"));
  EXPECT_EQ(done["quantized"], 1);
  const std::string listed = expect(0, "ls " + path("q.safetensors"));
  EXPECT_THAT(listed, HasSubstr("all-zero row"));
  expect(0, "dequantize " + path("q.safetensors") + " -o " + path("back.safetensors"));
  expect(0, "diff " + path("in.safetensors") + " " + path("back.safetensors"));
}

TEST_F(checkpoint_program, warns_of_what_is_wrong_with_scales) {
  expect(0, "quantize " + weights + " --to modelopt_nvfp4 -o " + path("q.safetensors"));
  const auto file = binade::safetensors_file::open(path("q.safetensors"));
  std::string text = fixtures::text_of(path("q.safetensors"));
  std::vector<std::string> names;
  std::size_t data = 0;  // bytes behind the header
  for (const auto& t : file.tensors()) {
    data += t.data.size();
    if (t.name.ends_with("_scale_2")) names.push_back(t.name.substr(0, t.name.size() - 8));
  }
  ASSERT_GE(names.size(), 2U);
  const auto& scale = file.find(names[0] + "_scale");
  const auto& global = file.find(names[1] + "_scale_2");
  const std::byte* const begin = file.tensors().front().data.data() - (text.size() - data);
  text[static_cast<std::size_t>(scale.data.data() - begin)] = '\x7f';
  const float inverted = 1 / binade::read_f32(global)[0];
  std::memcpy(text.data() + (global.data.data() - begin), &inverted, sizeof inverted);
  std::ofstream(path("wrong.safetensors"), std::ios::binary) << text;
  const std::string listed = expect(0, "ls " + path("wrong.safetensors"));
  EXPECT_THAT(listed, HasSubstr("warning: " + names[0] + ": NaN scale"));
  EXPECT_THAT(listed, HasSubstr("warning: " + names[1] + ": inverted tensor scale"));
  EXPECT_THAT(expect(1, "repack " + path("wrong.safetensors") + " --to gguf -o " + path("x.gguf")),
              HasSubstr("0x7f"));
}

TEST_F(checkpoint_program, leaves_nothing_behind_when_it_fails) {
  const std::string out = path("full.safetensors");
  std::ofstream(out) << "what was there";
  // A limit on the size of files is a full disk: writes fail.
  const std::string program = std::getenv("CHECKPOINT");
  const std::string command = "trap '' XFSZ; ulimit -f 100; " + program + " quantize " + weights +
                              " --to modelopt_nvfp4 -o " + out + " > " + path("log") + " 2>&1";
  EXPECT_EQ(WEXITSTATUS(std::system(("sh -c \"" + command + "\"").c_str())), 2);
  EXPECT_THAT(fixtures::text_of(path("log")), HasSubstr("cannot be written"));
  EXPECT_EQ(fixtures::text_of(out), "what was there");
  EXPECT_FALSE(fs::exists(out + ".part"));
}

// Ctrl-C while the output is written: on a sparse file that takes long enough for that.
TEST_F(checkpoint_program, deletes_what_is_not_complete_on_interrupt) {
  constexpr std::uintmax_t rows = 131072;
  const std::string header =
      R"({"w":{"dtype":"F32","shape":[131072,1024],"data_offsets":[0,536870912]}} )";
  const std::uint64_t size = header.size();
  std::ofstream(path("zeros.safetensors"), std::ios::binary)
      .write(reinterpret_cast<const char*>(&size), 8)
      .write(header.data(), static_cast<std::streamsize>(size));
  fs::resize_file(path("zeros.safetensors"), 8 + size + rows * 1024 * 4);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string out = path("out");
    const std::string program = std::getenv("CHECKPOINT");
    const std::string source = path("zeros.safetensors");
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(program.c_str(), program.c_str(), "quantize", source.c_str(), "--to",
              "modelopt_nvfp4", "-o", out.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ASSERT_GT(child, 0);
    int status = 0;
    pid_t ended = 0;
    // The last of the unfinished files; after it the signal's handler is set.
    while (!fs::exists(out + "/hf_quant_config.json.part") && ended == 0) {
      ended = ::waitpid(child, &status, WNOHANG);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ::kill(child, signal);
    if (ended == 0) ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_TRUE(fs::is_empty(out));
  }
}

TEST_F(checkpoint_program, splits_a_folder_into_shards) {
  const std::string options = " --to modelopt_nvfp4 --max-shard-size ";
  expect(0, "quantize " + weights + options + "100KB -o " + path("q"));
  expect(0, "quantize " + weights + " --to modelopt_nvfp4 -o " + path("q.safetensors"));
  expect(0, "diff --bits " + path("q") + " " + path("q.safetensors"));
  const auto index =
      nlohmann::json::parse(fixtures::text_of(path("q/model.safetensors.index.json")));
  std::uintmax_t total = 0;
  std::set<std::string> shards;
  for (const auto& [tensor, file] : index["weight_map"].items()) shards.insert(file);
  EXPECT_GE(shards.size(), 3U);
  for (const std::string& shard : shards) {
    const auto file = binade::safetensors_file::open(path("q/" + shard));
    std::uintmax_t bytes = 0;
    for (const auto& tensor : file.tensors()) bytes += tensor.data.size();
    EXPECT_TRUE(bytes <= 100000 || file.tensors().size() == 1) << shard << " " << bytes;
    total += bytes;
  }
  EXPECT_EQ(index["metadata"]["total_size"], total);
  EXPECT_EQ(json(0, "ls " + path("q"))["bytes"], total);
  expect(0,
         "repack " + path("q") + " --to compressed_tensors --max-shard-size 1MB -o " + path("ct"));
  expect(0, "diff --bits " + path("q") + " " + path("ct"));
  expect(0, "dequantize " + path("q") + " --max-shard-size 1MiB -o " + path("v"));
  expect(0, "diff " + path("q") + " " + path("v"));
  EXPECT_THAT(expect(2, "quantize " + weights + options + "1MB -o " + path("x.safetensors")),
              HasSubstr("for folders"));
  expect(2, "quantize " + weights + options + "0 -o " + path("x"));
  EXPECT_THAT(expect(2, "quantize " + weights + " --to modelopt_nvfp4 -o " + path("q")),
              HasSubstr("name another folder"));
}

// A GGUF file's architecture outlives a safetensors file.
TEST_F(checkpoint_program, keeps_the_architecture_of_a_gguf_file) {
  fs::copy_file(weights, path("model.safetensors"));
  std::ofstream(path("config.json")) << R"({"model_type": "bert"})";
  expect(0, "quantize " + path("model.safetensors") + " --to ggml_mxfp4 -o " + path("q.gguf"));
  fs::create_directories(path("there"));
  expect(0, "repack " + path("q.gguf") + " --to modelopt -o " + path("there/t.safetensors"));
  expect(0, "repack " + path("there/t.safetensors") + " --to gguf -o " + path("back.gguf"));
  EXPECT_THAT(fixtures::text_of(path("q.gguf")).substr(0, 128), HasSubstr("bert"));
  EXPECT_EQ(fixtures::text_of(path("q.gguf")), fixtures::text_of(path("back.gguf")));
}

TEST_F(checkpoint_program, never_writes_over_its_source) {
  fs::copy(weights, path("w.safetensors"));
  EXPECT_THAT(expect(2, "quantize " + path("w.safetensors") + " --to modelopt_nvfp4 -o " +
                            path("w.safetensors")),
              HasSubstr("is the source"));
  EXPECT_THAT(expect(2, "dequantize " + fixtures::folder + "modelopt_nvfp4 -o " + fixtures::folder +
                            "modelopt_nvfp4/x.safetensors"),
              HasSubstr("lies in it"));
  EXPECT_EQ(fixtures::text_of(path("w.safetensors")), fixtures::text_of(weights));
}

TEST_F(checkpoint_program, shows_codes_and_numbers) {
  EXPECT_THAT(expect(0, "inspect 0x7e -f e4m3fn"), HasSubstr("0|1111|110  448"));
  const nlohmann::json number = json(0, "inspect 465 -f float8_e4m3fn,e2m1fn");
  ASSERT_EQ(number.size(), 2U);
  bool nan = false;
  for (const auto& p : number[0]["policies"]) nan = nan || p["class"] == "NaN";
  EXPECT_TRUE(nan) << number.dump(2);
  EXPECT_EQ(number[1]["policies"][0]["code"], "0x7");
  EXPECT_EQ(json(0, "inspect 0x38 -f e4m3fn")[0]["neighbours"]["above"]["value"], "1.125");
  EXPECT_EQ(expect(0, "convert 2.5 --to e2m1fn"), "0x4 0|10|0 2\n");
  EXPECT_EQ(expect(0, "convert 2.5 --to e2m1fn --rounding ties_to_away"), "0x5 0|10|1 3\n");
  EXPECT_EQ(json(0, "convert 0x7c --from e5m2 --to e4m3fn --saturation none")["class"].is_null(),
            true);
  EXPECT_EQ(json(0, "convert 0x7c --from e5m2 --to e4m3fn")["value"], "448");
  EXPECT_THAT(expect(0, "table e2m1fn --as csv"),
              ::testing::StartsWith("code,fields,value\n0x0,0|00|0,0\n0x1,0|00|1,0.5\n"));
  EXPECT_THAT(expect(0, "table e4m3fn --as verilog"), HasSubstr("43e00000 // 0x7e 448\n"));
  EXPECT_THAT(expect(0, "table e2m1fn --as c"), HasSubstr("static const float e2m1fn[16]"));
  EXPECT_EQ(json(0, "table e4m3fn")["codes"].size(), 256U);
}

TEST_F(checkpoint_program, swizzles_scales_there_and_back) {
  std::string scales;
  for (int i = 0; i < 130 * 6; ++i) scales += static_cast<char>(1 + i % 250);
  std::ofstream(path("s"), std::ios::binary) << scales;
  expect(0, "swizzle --rows 130 --cols 6 " + path("s") + " " + path("t"));
  const std::string tiles = fixtures::text_of(path("t"));
  ASSERT_EQ(tiles.size(), 2048U);
  // Row 33, column 5, as cuBLAS documents: tile 1, (33 % 32) * 16 + (33 / 32) * 4 + 1.
  EXPECT_EQ(tiles[512 + 16 + 4 + 1], scales[33 * 6 + 5]);
  expect(0, "swizzle --rows 130 --cols 6 --direction unpack " + path("t") + " " + path("u"));
  EXPECT_EQ(fixtures::text_of(path("u")), scales);
  EXPECT_THAT(expect(2, "swizzle --rows 130 --cols 7 " + path("s") + " " + path("v")),
              HasSubstr("780 bytes"));
}

TEST_F(checkpoint_program, holds_the_other_programs) {
  EXPECT_THAT(expect(0, "compare --dist normal --rows 16 --cols 64 -f nvfp4"),
              HasSubstr("SQNR dB"));
  expect(0, "vectors write --format e2m1fn -o " + path("v.txt"));
  EXPECT_THAT(expect(0, "vectors check " + path("v.txt")), HasSubstr(" 0 differ"));
  std::ofstream(path("w.txt")) << "format: e2m1fn\nsource: float32\nrounding: ties_to_even\n"
                                  "saturation: finite\n3f800000 -> 3\n";
  expect(1, "vectors check " + path("w.txt"));
}

TEST_F(checkpoint_program, describes_itself) {
  const std::string page = expect(0, "man");
  const std::string bash = expect(0, "completions bash");
  const std::string fish = expect(0, "completions fish");
  for (const char* command : {"ls", "inspect", "convert", "table", "compare", "quantize",
                              "dequantize", "repack", "diff", "swizzle", "vectors"}) {
    EXPECT_THAT(page, HasSubstr(".SS binade " + std::string(command) + "\n"));
    EXPECT_THAT(bash, HasSubstr("\"binade " + std::string(command) + "\")"));
    EXPECT_THAT(fish, HasSubstr(" -a " + std::string(command) + " "));
    EXPECT_EQ(run(std::string(command) + " --help").status, 0) << command;
  }
  std::ofstream(path("c.bash")) << bash
                                << "COMP_WORDS=(binade quantize --dr); COMP_CWORD=2; _binade;"
                                << " printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  if (std::system("command -v bash > /dev/null") == 0) {
    EXPECT_EQ(std::system(("test \"$(bash " + path("c.bash") + ")\" = --dry-run").c_str()), 0);
  }
  EXPECT_THAT(expect(2, "completions tcsh"), HasSubstr("bash, zsh and fish"));
}

TEST_F(checkpoint_program, ends_with_2_on_an_error) {
  const auto fails = [](const std::string& arguments, const std::string& message) {
    EXPECT_THAT(expect(2, arguments), HasSubstr(message)) << arguments;
  };
  fails("", "subcommand");
  fails("ls " + path("absent.safetensors"), "absent.safetensors");
  std::ofstream(path("broken.safetensors")) << "no header";
  fails("ls " + path("broken.safetensors"), "byte 0");
  fails("quantize " + weights + " --to modelopt_nvfp5 -o " + path("x"), "modelopt_nvfp4");
  fails("quantize " + weights + " --to modelopt_nvfp4", "no output");
  fails("quantize " + weights + " --to ocp_mx --format mxfp6_e2m3 -o " + path("x"), "no scheme");
  fails("quantize " + weights + " --to ggml_q8_0 -o " + path("x"), ".gguf");
  fails("quantize " + weights + " --to modelopt_nvfp4 --scales tensor -o " + path("x"), "--scales");
  fails("quantize " + fixtures::folder + "modelopt_nvfp4 --to deepseek_fp8 -o " + path("x"),
        "quantized already");
  fails("quantize " + weights + " --to modelopt_nvfp4 -o " + path("absent/x.safetensors"),
        "cannot be created");
  fails("dequantize " + fixtures::folder + "modelopt_nvfp4 --to f64 -o " + path("x"), "f64");
  fails("repack " + fixtures::folder + "modelopt_nvfp4 --to gguf -o " + path("x"), ".gguf");
  fails("inspect 0x1ff -f e4m3fn", "8 bits");
  fails("inspect 3 -f nvfp4", "block format");
  fails("convert 0x7e --to e4m3fn", "--from");
  fails("convert abc --to e4m3fn", "no number");
  fails("convert 1 --to e4m3fn --rounding nearest", "rounding");
  fails("table float32", "16");
  EXPECT_TRUE(json(0, "diff " + weights + " " + weights)["differ"] == 0);
}

}  // namespace

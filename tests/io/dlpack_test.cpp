// SPDX-License-Identifier: MIT
#include "binade/io/dlpack.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using binade::dlpack_tensor;
using binade::dlpack_type_of;
using binade::export_dlpack;
using binade::format_of;
using binade::id_of;
namespace dlpack = binade::dlpack;

constexpr dlpack::data_type u8{1, 8, 1};

// Each format that DLPack has, there and back.
TEST(dlpack_type_of, is_the_inverse_of_format_of) {
  EXPECT_EQ(dlpack_type_of(id_of<binade::e3m4>()), (dlpack::data_type{7, 8, 1}));
  EXPECT_EQ(dlpack_type_of(id_of<binade::e4m3fn>()), (dlpack::data_type{10, 8, 1}));
  EXPECT_EQ(dlpack_type_of(id_of<binade::e8m0fnu>()), (dlpack::data_type{14, 8, 1}));
  EXPECT_EQ(dlpack_type_of(id_of<binade::e2m3fn>()), (dlpack::data_type{15, 6, 1}));
  EXPECT_EQ(dlpack_type_of(id_of<binade::e2m1fn>()), (dlpack::data_type{17, 4, 1}));
  EXPECT_EQ(dlpack_type_of(id_of<binade::bfloat16>()), (dlpack::data_type{4, 16, 1}));
  EXPECT_EQ(dlpack_type_of(id_of<binade::nf4>()), std::nullopt);
  EXPECT_EQ(format_of({2, 32, 1}), std::nullopt);
  EXPECT_EQ(format_of({10, 8, 2}), std::nullopt);
  int codes = 0;
  for (int code = 7; code <= 17; ++code) {
    for (const int bits : {4, 6, 8}) {
      const dlpack::data_type type{static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(bits),
                                   1};
      const auto format = format_of(type);
      if (!format) continue;
      EXPECT_EQ(dlpack_type_of(*format), type) << code;
      EXPECT_TRUE(binade::detail::is_dlpack_type(type)) << code;
      ++codes;
    }
  }
  EXPECT_EQ(codes, 11);
}

std::shared_ptr<std::vector<std::byte>> memory(std::size_t n) {
  auto made = std::make_shared<std::vector<std::byte>>(n);
  for (std::size_t i = 0; i < n; ++i) (*made)[i] = static_cast<std::byte>(i);
  return made;
}

TEST(export_dlpack, hands_over_and_is_let_go_once) {
  auto owner = memory(6);
  const std::vector<std::uint64_t> shape{2, 3};
  {
    auto* const managed = export_dlpack(owner, *owner, {10, 8, 1}, shape);
    EXPECT_EQ(managed->version.major, 1U);
    EXPECT_EQ(owner.use_count(), 2);
    const dlpack_tensor taken(managed);
    EXPECT_EQ(taken.format(), id_of<binade::e4m3fn>());
    EXPECT_EQ(taken.device().type, dlpack::device_cpu);
    EXPECT_TRUE(taken.is_read_only());
    EXPECT_FALSE(taken.is_padded());
    EXPECT_EQ((std::vector<std::int64_t>(taken.shape().begin(), taken.shape().end())),
              (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(taken.strides(), (std::vector<std::int64_t>{3, 1}));
    EXPECT_TRUE(taken.is_compact());
    EXPECT_EQ(taken.bytes().data(), owner->data());
    EXPECT_EQ(taken.bytes().size(), 6U);
  }
  EXPECT_EQ(owner.use_count(), 1);
  {
    dlpack_tensor taken(binade::export_dlpack_unversioned(owner, *owner, u8, shape));
    EXPECT_FALSE(taken.is_read_only());
    const dlpack_tensor moved = std::move(taken);
    EXPECT_EQ(moved.bytes().size(), 6U);
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(export_dlpack, packs_small_codes_and_takes_scalars_and_empty_tensors) {
  const auto owner = memory(3);
  const std::span<const std::byte> all(*owner);
  const auto bytes = [&](std::size_t n, dlpack::data_type type, std::vector<std::uint64_t> shape) {
    return dlpack_tensor(export_dlpack(owner, all.first(n), type, shape)).bytes().size();
  };
  EXPECT_EQ(bytes(3, {17, 4, 1}, {5}), 3U);     // the last byte is padded
  EXPECT_EQ(bytes(3, {15, 6, 1}, {2, 2}), 3U);  // 24 bits
  EXPECT_EQ(bytes(1, u8, {}), 1U);
  EXPECT_EQ(bytes(0, u8, {0, 7}), 0U);
}

TEST(export_dlpack, says_what_is_wrong) {
  const auto owner = memory(4);
  const auto message = [&owner](dlpack::data_type type, std::vector<std::uint64_t> shape) {
    try {
      const dlpack_tensor made(export_dlpack(owner, *owner, type, shape));
    } catch (const binade::error& problem) {
      EXPECT_EQ(owner.use_count(), 1);
      return std::string(problem.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message({3, 64, 1}, {1}),
            "export_dlpack: type of code 3, 64 bits, 1 lanes; DLPack has no such numbers");
  EXPECT_EQ(message({1, 8, 4}, {1}),
            "export_dlpack: type of code 1, 8 bits, 4 lanes; DLPack has no such numbers");
  EXPECT_EQ(message(u8, {5}), "export_dlpack: the data have 4 bytes, but the shape takes 5");
  EXPECT_EQ(message(u8, {std::uint64_t{1} << 63}),
            "export_dlpack: a dimension of 9223372036854775808 overflows int64");
  EXPECT_EQ(message(u8, {std::uint64_t{1} << 62, 4}),
            "export_dlpack: the data have 4 bytes, but the shape takes more than 64 bits count");
}

// A tensor of another library, which counts how often its deleter is called.
struct foreign {
  std::vector<std::int64_t> shape{2, 3};
  std::vector<std::int64_t> strides;
  std::vector<std::byte> data = std::vector<std::byte>(64);
  int deleted = 0;
  dlpack::managed_tensor_versioned managed{};

  foreign() {
    managed.version = {1, 0};
    managed.manager_context = this;
    managed.deleter = [](dlpack::managed_tensor_versioned* m) {
      ++static_cast<foreign*>(m->manager_context)->deleted;
    };
    managed.tensor = {data.data(), {1, 0}, 2, u8, shape.data(), nullptr, 0};
  }
  std::string message() {
    try {
      const dlpack_tensor taken(&managed);
      return std::to_string(taken.bytes().size());
    } catch (const binade::error& problem) {
      return problem.what();
    }
  }
};

TEST(dlpack_tensor, reads_what_others_hand_over) {
  foreign f;
  EXPECT_EQ(f.message(), "6");
  EXPECT_EQ(f.deleted, 1);
  f.managed.tensor.byte_offset = 8;
  {
    const dlpack_tensor taken(&f.managed);
    EXPECT_EQ(taken.bytes().data(), f.data.data() + 8);
  }
  f.managed.tensor.type = {17, 4, 1};
  EXPECT_EQ(f.message(), "3");
  f.managed.flags = dlpack::flag_subbyte_padded;
  EXPECT_EQ(f.message(), "6");
  EXPECT_EQ(f.deleted, 4);
  // Strides of axes that are 1 long say nothing.
  f.shape = {1, 6};
  f.strides = {12345, 1};
  f.managed.tensor.strides = f.strides.data();
  EXPECT_EQ(f.message(), "6");
  f.managed.deleter = nullptr;
  EXPECT_EQ(f.message(), "6");
}

TEST(dlpack_tensor, says_what_is_wrong_and_lets_go) {
  const auto expect = [](const std::string& part, auto&& change) {
    foreign f;
    change(f);
    const std::string message = f.message();
    EXPECT_NE(message.find("dlpack_tensor: " + part), std::string::npos) << message;
    EXPECT_EQ(f.deleted, 1) << message;
  };
  expect("version 2.0; allowed are 1.x", [](foreign& f) { f.managed.version = {2, 0}; });
  expect("rank -1", [](foreign& f) { f.managed.tensor.rank = -1; });
  expect("rank 65", [](foreign& f) { f.managed.tensor.rank = 65; });
  expect("no shape", [](foreign& f) { f.managed.tensor.shape = nullptr; });
  expect("a dimension of -2; it must not be negative", [](foreign& f) { f.shape[0] = -2; });
  expect("the number of bytes overflows", [](foreign& f) {
    f.shape = {std::int64_t{1} << 40, std::int64_t{1} << 40};
    f.managed.tensor.shape = f.shape.data();
  });
  expect("no data, but elements", [](foreign& f) { f.managed.tensor.data = nullptr; });
  for (const dlpack::data_type bad : {dlpack::data_type{3, 64, 1},
                                      {18, 8, 1},
                                      {10, 4, 1},
                                      {2, 8, 1},
                                      {17, 8, 1},
                                      {4, 32, 1},
                                      {6, 1, 1},
                                      {10, 8, 0},
                                      {0, 7, 1}}) {
    expect("type of code " + std::to_string(bad.code),
           [&bad](foreign& f) { f.managed.tensor.type = bad; });
  }
  expect("the tensor lies on a device of type 2",
         [](foreign& f) { f.managed.tensor.device.type = dlpack::device_cuda; });
  expect("the tensor has gaps", [](foreign& f) {
    f.strides = {1, 2};
    f.managed.tensor.strides = f.strides.data();
  });
  EXPECT_THROW(dlpack_tensor(static_cast<dlpack::managed_tensor*>(nullptr)), binade::error);
  EXPECT_THROW(dlpack_tensor(static_cast<dlpack::managed_tensor_versioned*>(nullptr)),
               binade::error);
}

}  // namespace

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/crc32.h"
#include "core/model_pack.h"
#include "support.h"

using namespace tflm_hil;
using Damage = ModelPack::Damage;

namespace {

std::string Number(uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), 4); }

void Put(std::string& bytes, size_t offset, uint32_t value) { bytes.replace(offset, 4, Number(value)); }

// The header's CRC-32 made right again, so that other checks are reached.
std::string Sealed(std::string bytes) {
  Put(bytes, 20, Crc32(bytes.data() + 32, bytes.size() - 32));
  return bytes;
}

std::string Name(const std::string& name) { return name + std::string(32 - name.size(), '\0'); }

// The example of docs/model-pack.md.
std::string Example() {
  const std::string first = "TFL3 one";
  std::string second;
  for (char c = 0; c < 20; ++c) second += c;
  const auto entry = [](const std::string& name, uint32_t offset, const std::string& model) {
    return Name(name) + Number(offset) + Number(static_cast<uint32_t>(model.size())) +
           Number(Crc32(model.data(), model.size())) + Number(0);
  };
  return Sealed("TFLMPACK" + Number(1) + Number(2) + Number(176) + Number(0) + std::string(8, '\0') +
                entry("first", 0x80, first) + entry("second_model", 0x90, second) + first + std::string(8, '\0') +
                second + std::string(12, '\0'));
}

std::string Empty() { return "TFLMPACK" + Number(1) + Number(0) + Number(32) + Number(0) + std::string(8, '\0'); }

Damage DamageOf(const std::string& bytes) {
  const AlignedBytes flash(bytes);
  const ModelPack pack(flash.bytes(), flash.size());
  if (pack.damage() != Damage::kNone) {
    CHECK(pack.count() == 0);
    CHECK(pack.crc() == ModelPack::kNoPackCrc);
    PackedModel model;
    CHECK_FALSE(pack.Find("first", &model));
  }
  CHECK(std::string(pack.damage_text()).size() > 5);
  return pack.damage();
}

}  // namespace

TEST_CASE("the example of the documentation is read") {
  const AlignedBytes flash(Example());
  const ModelPack pack(flash.bytes(), flash.size());
  CHECK(pack.damage() == Damage::kNone);
  CHECK(pack.crc() == 0x23928441);
  REQUIRE(pack.count() == 2);
  CHECK(std::string(pack.model(0).name) == "first");
  CHECK(pack.model(0).size == 8);
  CHECK(pack.model(0).crc == 0x28919A8A);
  PackedModel model{};
  REQUIRE(pack.Find("second_model", &model));
  CHECK(model.data == flash.bytes() + 0x90);
  CHECK(model.size == 20);
  CHECK(model.crc == 0x3BDDFFA4);
  CHECK_FALSE(pack.Find("second", &model));
  CHECK_FALSE(pack.Find("", &model));
}

TEST_CASE("an empty pack is a pack; the region may be larger than it") {
  const AlignedBytes empty(Empty() + std::string(968, '\xff'));
  const ModelPack none(empty.bytes(), empty.size());
  CHECK(none.damage() == Damage::kNone);
  CHECK(none.count() == 0);
  CHECK(none.crc() == 0xAC97F85E);
  const AlignedBytes flash(Example() + std::string(1024, '\xff'));
  CHECK(ModelPack(flash.bytes(), flash.size()).crc() == 0x23928441);
}

TEST_CASE("flash that was never written is no pack") {
  CHECK(DamageOf(std::string(64, '\xff')) == Damage::kNotAPack);
  CHECK(DamageOf(std::string(64, '\0')) == Damage::kNotAPack);
  CHECK(DamageOf(Empty().substr(0, 16)) == Damage::kNotAPack);
  CHECK(ModelPack(nullptr, 0).damage() == Damage::kNotAPack);
}

TEST_CASE("an address that is not a multiple of 16 is refused") {
  const AlignedBytes flash(std::string(8, ' ') + Example() + std::string(8, ' '));
  CHECK(ModelPack(flash.bytes() + 8, 176).damage() == Damage::kNotAligned);
}

TEST_CASE("damage at any byte is noticed") {
  const std::string good = Example();
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      CAPTURE(at);
      CHECK(DamageOf(bad) != Damage::kNone);
    }
  }
}

TEST_CASE("a pack that ends with its last model, without padding, is refused, and nothing behind it is read") {
  for (const size_t cut : {1, 11, 12}) {
    std::string bytes = Example();
    bytes.resize(bytes.size() - cut);
    Put(bytes, 16, static_cast<uint32_t>(bytes.size()));
    CHECK(DamageOf(Sealed(bytes)) == Damage::kBadSize);
  }
}

TEST_CASE("each check is made, with a CRC-32 that fits") {
  const auto with = [](size_t offset, uint32_t value) {
    std::string bytes = Example();
    Put(bytes, offset, value);
    return DamageOf(offset < 32 ? bytes : Sealed(bytes));
  };
  const auto named = [](const std::string& name) {
    std::string bytes = Example();
    bytes.replace(32, 32, name);
    return DamageOf(Sealed(bytes));
  };
  CHECK(with(8, 2) == Damage::kNotAPack);
  CHECK(with(12, 65) == Damage::kBadSize);
  CHECK(with(12, 0xFFFFFFFF) == Damage::kBadSize);
  CHECK(with(12, 4) == Damage::kBadSize);
  CHECK(with(16, 177) == Damage::kBadSize);
  CHECK(with(16, 0xFFFFFFFF) == Damage::kBadSize);
  CHECK(with(16, 16) == Damage::kBadSize);
  CHECK(with(20, 1) == Damage::kBadCrc);
  CHECK(with(28, 1) == Damage::kNotZero);
  CHECK(with(64, 0x90) == Damage::kBadModel);
  CHECK(with(64, 0x88) == Damage::kBadModel);
  CHECK(with(64, 0xFFFFFFF0) == Damage::kBadModel);
  CHECK(with(68, 9) == Damage::kBadModel);
  CHECK(with(68, 0xFFFFFFFF) == Damage::kBadModel);
  CHECK(with(116, 0xFFFFFFF0) == Damage::kBadModel);
  CHECK(with(72, 0) == Damage::kBadModel);
  CHECK(with(76, 1) == Damage::kNotZero);
  CHECK(with(172, 0x01000000) == Damage::kNotZero);
  CHECK(named(Name("second_model")) == Damage::kBadName);
  CHECK(named(Name("")) == Damage::kBadName);
  CHECK(named(Name("with space")) == Damage::kBadName);
  CHECK(named(std::string(32, 'a')) == Damage::kBadName);
  CHECK(named(std::string("ab\0c", 4) + std::string(28, '\0')) == Damage::kBadName);
  CHECK(named(std::string(31, 'a') + '\0') == Damage::kNone);
}

// The model pack: the region of flash that holds the models (docs/model-pack.md). Read in place, never copied.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

// As they lie in flash, little-endian. The host writes them: harness/flash/pack.py.
struct PackHeader {
  char magic[8];
  uint32_t version;
  uint32_t count;
  uint32_t size;  // of the whole pack
  uint32_t crc;   // of everything behind the header
  uint8_t zero[8];
};
static_assert(sizeof(PackHeader) == 32 && offsetof(PackHeader, version) == 8 && offsetof(PackHeader, count) == 12 &&
                  offsetof(PackHeader, size) == 16 && offsetof(PackHeader, crc) == 20 &&
                  offsetof(PackHeader, zero) == 24,
              "docs/model-pack.md");

struct PackEntry {
  char name[32];
  uint32_t offset;  // from the start of the pack
  uint32_t size;
  uint32_t crc;
  uint32_t zero;
};
static_assert(sizeof(PackEntry) == 48 && offsetof(PackEntry, offset) == 32 && offsetof(PackEntry, size) == 36 &&
                  offsetof(PackEntry, crc) == 40 && offsetof(PackEntry, zero) == 44,
              "docs/model-pack.md");

#ifdef __BYTE_ORDER__
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the pack's numbers are read as they lie");
#endif

// One model. It lies in the pack, at a multiple of 16.
struct PackedModel {
  const char* name;
  const uint8_t* data;
  uint32_t size;
  uint32_t crc;
};

class ModelPack {
 public:
  static constexpr uint32_t kVersion = 1;
  static constexpr uint32_t kMaxModels = 64;
  static constexpr uint32_t kAlignment = 16;
  // What crc() is without a pack: that of an empty one, because that is how the device behaves.
  static constexpr uint32_t kNoPackCrc = 0xAC97F85E;

  enum class Damage : uint8_t {
    kNone,
    kNotAligned,  // the address is no multiple of 16
    kNotAPack,    // magic, version, or too small: what flash holds that was never written
    kBadSize,     // does not fit the region, or the models do not fit it
    kBadName,     // not 1 to 31 of A-Z a-z 0-9 _ . -, or there twice
    kBadModel,    // not where it should be, or its CRC-32 is wrong
    kBadCrc,      // the header's
    kNotZero,     // bytes that must be zero are not
  };

  // Checks everything that is in the pack, and reads every byte of it once. Nothing beyond `bound` bytes is read.
  // With any damage there is no pack: count() is 0.
  ModelPack(const uint8_t* address, size_t bound);

  Damage damage() const { return damage_; }
  // A few words on the damage, for the log.
  const char* damage_text() const;

  uint32_t count() const { return count_; }
  // CRC-32 of all bytes with the header, as `identify` reports it.
  uint32_t crc() const { return crc_; }

  // `index` is less than count().
  PackedModel model(uint32_t index) const;
  // False: there is no such model.
  bool Find(const char* name, PackedModel* model) const;

 private:
  Damage Check(size_t bound);
  Damage CheckNames(uint32_t index, const PackEntry& entry) const;
  PackEntry Entry(uint32_t index) const;

  const uint8_t* address_;
  uint32_t count_ = 0;
  uint32_t crc_ = kNoPackCrc;
  Damage damage_;
};

}  // namespace tflm_hil

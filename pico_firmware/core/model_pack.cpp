#include "core/model_pack.h"

#include <cstring>

#include "core/crc32.h"

namespace tflm_hil {
namespace {

constexpr char kMagic[8] = {'T', 'F', 'L', 'M', 'P', 'A', 'C', 'K'};
static_assert((sizeof(PackHeader) + sizeof(PackEntry)) % ModelPack::kAlignment == 0 &&
                  sizeof(PackEntry) % ModelPack::kAlignment == 0,
              "no padding between directory and models");

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool AllZero(const void* data, size_t size) {
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

bool IsName(const char (&name)[32]) {
  size_t size = 0;
  while (size < sizeof name && IsNameCharacter(name[size])) ++size;
  return size > 0 && size < sizeof name && AllZero(name + size, sizeof name - size);
}

}  // namespace

ModelPack::ModelPack(const uint8_t* address, size_t bound) : address_(address), damage_(Check(bound)) {
  if (damage_ == Damage::kNone) return;
  count_ = 0;
  crc_ = kNoPackCrc;
}

ModelPack::Damage ModelPack::Check(size_t bound) {
  if (reinterpret_cast<uintptr_t>(address_) % kAlignment != 0) return Damage::kNotAligned;
  PackHeader header;
  if (bound < sizeof header) return Damage::kNotAPack;
  std::memcpy(&header, address_, sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion) return Damage::kNotAPack;
  if (!AllZero(header.zero, sizeof header.zero)) return Damage::kNotZero;
  if (header.count > kMaxModels || header.size > bound) return Damage::kBadSize;
  uint32_t end = static_cast<uint32_t>(sizeof(PackHeader) + header.count * sizeof(PackEntry));
  if (end > header.size) return Damage::kBadSize;
  // A CRC of the whole is put together from those of its parts, so that no byte has to be read twice: flash is slow,
  // and start-up waits.
  uint32_t crc = Crc32(address_ + sizeof header, end - sizeof header);
  for (uint32_t index = 0; index < header.count; ++index) {
    const PackEntry entry = Entry(index);
    const Damage names = CheckNames(index, entry);
    if (names != Damage::kNone) return names;
    if (entry.zero != 0) return Damage::kNotZero;
    // One behind the other, so none can overlap. `end` is a multiple of 16 and never beyond `header.size`.
    if (entry.offset != end || entry.size > header.size - end) return Damage::kBadModel;
    const uint32_t model_crc = Crc32(address_ + end, entry.size);
    if (model_crc != entry.crc) return Damage::kBadModel;
    crc = Crc32Join(crc, model_crc, entry.size);
    end += entry.size;
    const uint32_t padding = (0u - end) % kAlignment;
    if (padding > header.size - end) return Damage::kBadSize;
    if (!AllZero(address_ + end, padding)) return Damage::kNotZero;
    crc = Crc32(address_ + end, padding, crc);
    end += padding;
  }
  if (end != header.size) return Damage::kBadSize;
  if (crc != header.crc) return Damage::kBadCrc;
  count_ = header.count;
  crc_ = Crc32Join(Crc32(&header, sizeof header), crc, end - sizeof header);
  return Damage::kNone;
}

// A model is found by its name, so a name is one and there once.
ModelPack::Damage ModelPack::CheckNames(uint32_t index, const PackEntry& entry) const {
  if (!IsName(entry.name)) return Damage::kBadName;
  for (uint32_t other = 0; other < index; ++other) {
    if (std::memcmp(Entry(other).name, entry.name, sizeof entry.name) == 0) return Damage::kBadName;
  }
  return Damage::kNone;
}

const char* ModelPack::damage_text() const {
  switch (damage_) {
    case Damage::kNone:
      return "no damage";
    case Damage::kNotAligned:
      return "its address is not a multiple of 16";
    case Damage::kNotAPack:
      return "no model pack of version 1";
    case Damage::kBadSize:
      return "its size does not fit its models or the flash";
    case Damage::kBadName:
      return "a model's name is wrong or there twice";
    case Damage::kBadModel:
      return "a model is damaged";
    case Damage::kBadCrc:
      return "its CRC-32 does not fit its bytes";
    case Damage::kNotZero:
      break;
  }
  return "bytes that must be zero are not";
}

PackEntry ModelPack::Entry(uint32_t index) const {
  PackEntry entry;
  std::memcpy(&entry, address_ + sizeof(PackHeader) + index * sizeof(PackEntry), sizeof entry);
  return entry;
}

PackedModel ModelPack::model(uint32_t index) const {
  const uint8_t* const place = address_ + sizeof(PackHeader) + index * sizeof(PackEntry);
  const PackEntry entry = Entry(index);
  return {reinterpret_cast<const char*>(place), address_ + entry.offset, entry.size, entry.crc};
}

bool ModelPack::Find(const char* name, PackedModel* model) const {
  for (uint32_t index = 0; index < count_; ++index) {
    const PackedModel candidate = this->model(index);
    if (std::strcmp(candidate.name, name) != 0) continue;
    *model = candidate;
    return true;
  }
  return false;
}

}  // namespace tflm_hil

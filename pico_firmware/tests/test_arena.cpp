#include <doctest/doctest.h>

#include <map>

#include "core/arena.h"
#include "support.h"

using namespace tflm_hil;

namespace {

alignas(16) uint8_t region[1024];

}  // namespace

TEST_CASE("an arena is given whole, and again after it was freed") {
  Arena arena(region, sizeof region);
  CHECK(arena.LargestFree() == 1024);
  CHECK(arena.Allocate(1, 1024) == region);
  CHECK(arena.LargestFree() == 0);
  CHECK(arena.Allocate(2, 16) == nullptr);
  CHECK(arena.Free(1));
  CHECK_FALSE(arena.Free(1));
  CHECK(arena.LargestFree() == 1024);
  CHECK(arena.Allocate(2, 1025) == nullptr);
  CHECK(arena.Allocate(2, 0) == nullptr);
  CHECK(arena.session_count() == 0);
}

TEST_CASE("blocks begin at multiples of 16, whatever their sizes") {
  Arena arena(region, sizeof region);
  CHECK(arena.Allocate(1, 17) == region);
  CHECK(arena.Allocate(2, 1) == region + 32);
  CHECK(arena.LargestFree() == 1024 - 48);
  CHECK(arena.Allocate(3, 1024 - 48) == region + 48);
}

TEST_CASE("a region need not be aligned") {
  Arena arena(region + 1, 1000);
  CHECK(arena.size() == 985);
  CHECK(arena.Allocate(1, 985) == region + 16);
  CHECK(Arena(region + 1, 15).LargestFree() == 0);
  CHECK(Arena(region + 1, 3).LargestFree() == 0);
  // The last block may end where no other can begin any more.
  Arena odd(region, 1001);
  CHECK(odd.Allocate(1, 1001) == region);
  CHECK(odd.LargestFree() == 0);
  CHECK(odd.Allocate(2, 1) == nullptr);
}

TEST_CASE("four sessions are the most, and one has one block") {
  Arena arena(region, sizeof region);
  for (uint32_t session = 1; session <= 4; ++session) CHECK(arena.Allocate(session, 16) != nullptr);
  CHECK(arena.Allocate(5, 16) == nullptr);
  CHECK(arena.LargestFree() == 0);
  CHECK(arena.Free(2));
  CHECK(arena.Allocate(3, 16) == nullptr);
  CHECK(arena.Allocate(5, 16) == region + 16);
}

TEST_CASE("what is free is the largest block, and small ones go into small gaps") {
  Arena arena(region, sizeof region);
  uint32_t session = 1;
  for (const size_t bytes : {256, 16, 64, 16}) CHECK(arena.Allocate(session++, bytes) != nullptr);
  CHECK(arena.Free(1));
  CHECK(arena.Free(3));
  // Gaps of 256, 64 and 672 bytes.
  CHECK(arena.LargestFree() == 672);
  CHECK(arena.Allocate(5, 673) == nullptr);
  CHECK(arena.Allocate(5, 50) == region + 272);
  CHECK(arena.Allocate(6, 672) == region + 352);
  CHECK(arena.Free(6));
  CHECK(arena.LargestFree() == 672);
}

TEST_CASE("nothing overlaps, nothing leaks") {
  Random random(4);
  Arena arena(region, sizeof region);
  std::map<uint32_t, std::pair<uint8_t*, size_t>> open;
  for (uint32_t session = 0; session < 20000; ++session) {
    if (!open.empty() && random.Below(2) == 0) {
      auto victim = open.begin();
      std::advance(victim, random.Below(static_cast<uint32_t>(open.size())));
      CHECK(arena.Free(victim->first));
      open.erase(victim);
    }
    const size_t largest = arena.LargestFree();
    const size_t bytes = 1 + random.Below(500);
    uint8_t* const block = arena.Allocate(session, bytes);
    REQUIRE((block != nullptr) == (bytes <= largest));
    if (block == nullptr) continue;
    REQUIRE(reinterpret_cast<uintptr_t>(block) % 16 == 0);
    REQUIRE(block >= region);
    REQUIRE(block + bytes <= region + sizeof region);
    for (const auto& [other, place] : open) {
      REQUIRE((block + bytes <= place.first || place.first + place.second <= block));
    }
    open[session] = {block, bytes};
  }
  for (const auto& [session, place] : open) CHECK(arena.Free(session));
  CHECK(arena.LargestFree() == sizeof region);
}

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/line_reader.h"
#include "support.h"

using namespace tflm_hil;
using Event = LineReader::Event;

namespace {

// A reader with what it said, and a payload's room in memory of exactly its size.
class Reading {
 public:
  void Feed(const std::string& bytes) {
    Incoming incoming{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
    for (;;) {
      const Event event = reader.Take(&incoming, now_us);
      if (event == Event::kNothing) break;
      REQUIRE(said.size() < 100);  // no event comes for ever
      if (event == Event::kLine) {
        said.push_back("line " + std::string(reader.line(), reader.line_size()));
        CHECK(reader.line()[reader.line_size()] == '\0');
        if (said.back() == "line payload") Begin(5, 3);
        if (said.back() == "line nothing") Begin(0, 0);
        if (said.back() == "line dropped") reader.BeginPayload(5, nullptr, 0, now_us);
      } else if (event == Event::kTooLong) {
        said.push_back("too long");
      } else if (event == Event::kPayload) {
        said.push_back("payload " + std::string(room.begin(), room.end()));
      } else {
        said.push_back("timeout " + std::to_string(reader.payload_missing()));
      }
    }
    CHECK(incoming.size == 0);
  }

  void Begin(uint32_t size, size_t capacity) {
    room.assign(capacity, '-');
    room.shrink_to_fit();
    reader.BeginPayload(size, room.data(), capacity, now_us);
  }

  LineReader reader;
  uint64_t now_us = 1000;
  std::vector<uint8_t> room;
  std::vector<std::string> said;
};

using Said = std::vector<std::string>;

}  // namespace

TEST_CASE("lines come out however their bytes came in") {
  const std::string stream = "ping #1\n\nopen model=a\r\n" + std::string(255, 'x') + "\nlast";
  const Said expected{"line ping #1", "line ", "line open model=a\r", "line " + std::string(255, 'x')};
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    Reading reading;
    for (size_t at = 0; at < stream.size(); at += piece) reading.Feed(stream.substr(at, piece));
    CHECK(reading.said == expected);
    reading.Feed("\n");
    CHECK(reading.said.back() == "line last");
  }
}

TEST_CASE("a line that is too long is refused once, and the next one is read") {
  for (const size_t size : {256, 257, 511, 512, 10000}) {
    for (const size_t piece : {1, 7, 255, 256, 20000}) {
      const std::string stream = std::string(size, 'x') + "\nping\n";
      Reading reading;
      for (size_t at = 0; at < stream.size(); at += piece) reading.Feed(stream.substr(at, piece));
      CHECK(reading.said == Said{"too long", "line ping"});
    }
  }
}

TEST_CASE("a line that is too long and an echo gets no answer, wherever its separator stands") {
  for (const size_t place : {0, 254, 255, 256, 299}) {
    std::string line(300, 'x');
    line[place] = kRecordSeparator;
    for (const size_t piece : {1, 100, 255, 256, 302}) {
      const std::string stream = line + "\n" + std::string(256, 'y') + "\nping\n";
      Reading reading;
      for (size_t at = 0; at < stream.size(); at += piece) reading.Feed(stream.substr(at, piece));
      CHECK(reading.said == Said{"too long", "line ping"});
    }
  }
}

TEST_CASE("a payload is exactly so many bytes, of any value") {
  const std::string stream = "payload\n\n\x1e\n\r\nping\n";
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    Reading reading;
    for (size_t at = 0; at < stream.size(); at += piece) reading.Feed(stream.substr(at, piece));
    // Five bytes are taken, the room has three.
    CHECK(reading.said == Said{"line payload", "payload \n\x1e\n", "line ping"});
  }
}

TEST_CASE("a payload without room is dropped, one of no bytes is there at once") {
  Reading reading;
  reading.Feed("dropped\n12345ping\n");
  CHECK(reading.said == Said{"line dropped", "payload ", "line ping"});
  Reading empty;
  empty.Feed("nothing\nping\n");
  CHECK(empty.said == Said{"line nothing", "payload ", "line ping"});
}

TEST_CASE("a payload is given up after two seconds of silence, not of slowness") {
  Reading reading;
  reading.Feed("payload\n1");
  for (int i = 0; i < 2; ++i) {
    reading.now_us += LineReader::kPayloadTimeoutUs - 1;
    reading.Feed("2");
  }
  reading.now_us += LineReader::kPayloadTimeoutUs - 1;
  reading.Feed("");
  CHECK(reading.said == Said{"line payload"});
  reading.now_us += 1;
  reading.Feed("");
  CHECK(reading.said == Said{"line payload", "timeout 2"});
  // What comes later is no payload any more.
  reading.now_us += LineReader::kPayloadTimeoutUs;
  reading.Feed("ping\n");
  CHECK(reading.said.back() == "line ping");
}

TEST_CASE("time passes for a payload only") {
  Reading reading;
  reading.Feed("pi");
  reading.now_us += 100 * LineReader::kPayloadTimeoutUs;
  reading.Feed("ng\n");
  CHECK(reading.said == Said{"line ping"});
}

TEST_CASE("bytes that are there count, however late they are looked at") {
  Reading reading;
  reading.Feed("payload\n1");
  reading.now_us += 100 * LineReader::kPayloadTimeoutUs;
  reading.Feed("2345");
  CHECK(reading.said == Said{"line payload", "payload 123"});
}

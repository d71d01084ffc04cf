#include <doctest/doctest.h>

#include <string>

#include "core/feedback.h"

using namespace tflm_hil;

TEST_CASE("a feed has its pairs in the order given") {
  Feedback feed;
  REQUIRE(feed.Parse("1:2,2:1,0:31") == nullptr);
  std::string read;
  for (const Feedback::Pair& pair : feed) read += std::to_string(pair.output) + ">" + std::to_string(pair.input) + " ";
  CHECK(read == "1>2 2>1 0>31 ");
  CHECK(feed.inputs() == (1u << 2 | 1u << 1 | 1u << 31));
}

TEST_CASE("no feed is none, and one output may go to several inputs") {
  Feedback feed;
  CHECK(feed.Parse(nullptr) == nullptr);
  CHECK(feed.empty());
  CHECK(feed.inputs() == 0);
  CHECK(feed.Parse("0:0,0:1") == nullptr);
  CHECK_FALSE(feed.empty());
}

TEST_CASE("what is no feed") {
  for (const char* text : {"", "1", "1:", ":1", "1:1,", ",1:1", "1:1;2:2", "1:a", "-1:0", "1:32", "32:1", "001:1",
                           "1:1,2:1", "1:1 ", "0x1:0", "4294967296:0"}) {
    CAPTURE(text);
    Feedback feed;
    CHECK(feed.Parse(text) != nullptr);
  }
}

TEST_CASE("as many pairs as a value can have, and one more") {
  std::string text;
  for (int i = 0; i < 16; ++i) text += (i == 0 ? "0:" : ",0:") + std::to_string(i);
  Feedback feed;
  CHECK(feed.Parse(text.c_str()) == nullptr);
  text += ",0:16";
  CHECK(feed.Parse(text.c_str()) != nullptr);
}

#include <doctest/doctest.h>

#include <string>

#include "core/command.h"
#include "support.h"

using namespace tflm_hil;

TEST_CASE("a command has verb, arguments and id") {
  const Line line("open model=hello_world arena=4096 #7");
  REQUIRE(line.parsed == Parsed::kCommand);
  CHECK(line.command.Is("open"));
  CHECK_FALSE(line.command.Is("ope"));
  CHECK(line.command.has_id());
  CHECK(line.command.id() == 7);
  REQUIRE(line.command.argument_count() == 2);
  CHECK(std::string(line.command.key(1)) == "arena");
  CHECK(std::string(line.command.value(1)) == "4096");
  CHECK(std::string(line.command.Find("model")) == "hello_world");
  CHECK(line.command.Find("mode") == nullptr);
}

TEST_CASE("what may stand around and in words") {
  for (const char* text : {"ping", " ping", "\t ping \t ", "ping\r", "ping \r", "ping #0", "ping\t#4294967295",
                           "ping #0000000001", "a", "abcdefghijklmnop", "a_ b_=~!=#", "ping a=1 b=1 aa=1"}) {
    CAPTURE(text);
    CHECK(Line(text).parsed == Parsed::kCommand);
  }
  const Line line("ping a=b=c");
  CHECK(std::string(line.command.Find("a")) == "b=c");
}

TEST_CASE("blank lines and echoes get no answer") {
  for (const std::string text : {"", " ", "\t \t", "\r", " \r"}) CHECK(Line(text).parsed == Parsed::kIgnored);
  for (const std::string text : {"\x1e", "ping\x1e", "\x1e{\"n\":0}", "ping \x1e#1"}) {
    CHECK(Line(text).parsed == Parsed::kIgnored);
  }
  CHECK(Line(std::string(300, 'x') + "\x1e").parsed == Parsed::kIgnored);
}

TEST_CASE("what is not a command is refused with a reason") {
  for (const std::string text :
       {"#1", "#1 ping", "Ping", "ping2", "_ping", "abcdefghijklmnopq", "ping x", "ping =1", "ping x=", "ping X=1",
        "ping x=1 x=2", "ping x=1 y=2 x=1", "ping #", "ping #x", "ping #-1", "ping #1 #2", "ping #1 x=1",
        "ping #4294967296", "ping #12345678901", "ping #1x", "ping x=\x7f", "ping x=\xc3\xa4", "p\xc3", "ping\r\r",
        "ping\r x=1", "\r\r", " \r ", "ping\v", "\v", "ping x=a\x01"}) {
    CAPTURE(text);
    const Line line(text);
    CHECK(line.parsed == Parsed::kRefused);
    CHECK(line.refusal != nullptr);
  }
  CHECK(Line(std::string("ping\0", 5)).parsed == Parsed::kRefused);
  CHECK(Line(std::string("ping a=1\0 b=2", 13)).parsed == Parsed::kRefused);
  CHECK(Line(std::string("\0", 1)).parsed == Parsed::kRefused);
}

TEST_CASE("limits of words and lines") {
  CHECK(Line("ping x=" + std::string(64, 'v')).parsed == Parsed::kCommand);
  CHECK(Line("ping x=" + std::string(65, 'v')).parsed == Parsed::kRefused);
  CHECK(Line("ping abcdefghijklmnop=1").parsed == Parsed::kCommand);
  CHECK(Line("ping abcdefghijklmnopq=1").parsed == Parsed::kRefused);
  CHECK(Line("ping" + std::string(251, ' ')).parsed == Parsed::kCommand);
  CHECK(Line("ping" + std::string(252, ' ')).parsed == Parsed::kRefused);
  // The carriage return counts: the limit is of bytes without LF.
  CHECK(Line("ping" + std::string(250, ' ') + "\r").parsed == Parsed::kCommand);
  CHECK(Line("ping" + std::string(251, ' ') + "\r").parsed == Parsed::kRefused);
  CHECK(Line(std::string(256, ' ')).parsed == Parsed::kRefused);
}

TEST_CASE("a line full of arguments is taken") {
  std::string text = "p";
  size_t count = 0;
  for (char a = 'a'; a <= 'z'; ++a, ++count) text += std::string(" ") + a + "=1";
  for (char a = 'a'; text.size() + 5 <= kMaxCommandBytes; ++a, ++count) {
    text += a <= 'z' ? std::string(" ") + a + "a=1" : std::string(" a") + static_cast<char>(a - 'z' + 'a') + "=1";
  }
  const Line line(text);
  REQUIRE(line.parsed == Parsed::kCommand);
  CHECK(line.command.argument_count() == count);
  CHECK(count <= Command::kMaxArguments);
  CHECK(line.command.Find("aa") != nullptr);
}

TEST_CASE("numbers have 1 to 10 digits and a range") {
  uint32_t value = 42;
  const Line line("x a=0 b=4294967295 c=4294967296 d=0000000009 e=00000000009 f=-1 g=1.0 h=0x1 i=9999999999 j=+1");
  REQUIRE(line.parsed == Parsed::kCommand);
  const auto find = [&](const char* key) { return line.command.FindNumber(key, 0, UINT32_MAX, &value); };
  CHECK(find("z") == Command::Number::kAbsent);
  for (const char* key : {"c", "e", "f", "g", "h", "i", "j"}) CHECK(find(key) == Command::Number::kBad);
  CHECK(value == 42);
  CHECK(find("a") == Command::Number::kGood);
  CHECK(value == 0);
  CHECK(find("b") == Command::Number::kGood);
  CHECK(value == UINT32_MAX);
  CHECK(line.command.FindNumber("d", 9, 9, &value) == Command::Number::kGood);
  CHECK(line.command.FindNumber("d", 10, 20, &value) == Command::Number::kBad);
  CHECK(line.command.FindNumber("d", 0, 8, &value) == Command::Number::kBad);
  CHECK(value == 9);
}

TEST_CASE("only input has a payload") {
  uint32_t size = 1;
  {
    const Line line("input");
    CHECK(PayloadSize(line.command, 100, &size));
  }
  CHECK(size == 0);
  {
    const Line line("ping bytes=7");
    CHECK(PayloadSize(line.command, 100, &size));
  }
  CHECK(size == 0);
  {
    const Line line("ping bytes=x");
    CHECK(PayloadSize(line.command, 100, &size));
  }
  const Line most("input bytes=100");
  CHECK(PayloadSize(most.command, 100, &size));
  CHECK(size == 100);
  CHECK_FALSE(PayloadSize(most.command, 99, &size));
  const Line bad("input bytes=x");
  CHECK_FALSE(PayloadSize(bad.command, 100, &size));
}

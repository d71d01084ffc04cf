// Records, log lines, payloads and samples: all that is sent.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/crc32.h"
#include "core/payload.h"
#include "core/record.h"
#include "core/samples.h"
#include "support.h"

using namespace tflm_hil;

TEST_CASE("records begin with a separator, are numbered and end with LF") {
  StringSink sink;
  RecordStream stream(sink);
  const Line line("models #2");
  {
    Record record(stream, RecordType::kReply, &line.command);
    record.json().Uint("count", 3);
  }
  SendError(stream, nullptr, "bad_command", "no verb");
  CHECK(sink.text ==
        "\x1e{\"n\":0,\"type\":\"reply\",\"id\":2,\"verb\":\"models\",\"count\":3}\n"
        "\x1e{\"n\":1,\"type\":\"error\",\"code\":\"bad_command\",\"message\":\"no verb\"}\n");
  CHECK(stream.number() == 2);
}

TEST_CASE("a command without id is answered without id; numbers go on after 2^32-1") {
  StringSink sink;
  RecordStream stream(sink, UINT32_MAX);
  const Line line("ping");
  Record(stream, RecordType::kReply, &line.command).Finish();
  Record(stream, RecordType::kEvent, nullptr).Finish();
  CHECK(sink.text ==
        "\x1e{\"n\":4294967295,\"type\":\"reply\",\"verb\":\"ping\"}\n"
        "\x1e{\"n\":0,\"type\":\"event\"}\n");
}

TEST_CASE("a record has every kind of field") {
  StringSink sink;
  RecordStream stream(sink);
  Record record(stream, RecordType::kData, nullptr);
  JsonWriter& json = record.json();
  json.Null("a");
  json.Bool("b", true);
  json.Bool("c", false);
  json.Uint("d", 0);
  json.Uint("e", UINT32_MAX);
  json.Uint("f", UINT64_MAX);
  json.Uint("g", 10000000000000000000u);
  json.Crc("h", 0xAB);
  json.String("i", "\"\\\n\r\t\b\f\x01\x1e\x7f\xff/");
  json.Text("j", "a\nb\x80");
  json.BeginArray("k");
  json.Uint(nullptr, 1);
  json.BeginArray(nullptr);
  json.End();
  json.Uint(nullptr, 2);
  json.End();
  json.BeginObject("l");
  json.BeginObject("m");
  json.End();
  json.Uint("n", 3);
  json.End();
  json.Null("o");
  CHECK(record.Finish());
  CHECK(record.Finish());
  CHECK(sink.text ==
        "\x1e{\"n\":0,\"type\":\"data\",\"a\":null,\"b\":true,\"c\":false,\"d\":0,\"e\":4294967295,"
        "\"f\":18446744073709551615,\"g\":10000000000000000000,\"h\":\"000000ab\","
        "\"i\":\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001e\\u007f\\u00ff/\",\"j\":\"a?b?\","
        "\"k\":[1,[],2],\"l\":{\"m\":{},\"n\":3},\"o\":null}\n");
}

TEST_CASE("a text field has at most 200 characters") {
  StringSink sink;
  JsonWriter json(sink, 1000);
  json.Text("t", std::string(201, 'x').c_str());
  json.Close();
  CHECK(sink.text == "{\"t\":\"" + std::string(200, 'x') + "\"}");
}

TEST_CASE("whatever is left out for lack of room, the rest is whole") {
  // What is written with room for all of it, and what the prefix of fields must look like with less.
  for (size_t limit = 2; limit < 80; ++limit) {
    StringSink sink;
    JsonWriter json(sink, limit);
    json.Uint("a", 123);
    json.BeginArray("b");
    json.BeginObject(nullptr);
    json.String("c", "\n\n");
    json.End();
    json.Uint(nullptr, 45678);
    json.End();
    json.Base64("d", reinterpret_cast<const uint8_t*>("xyz"), 3);
    json.Close();
    CAPTURE(limit);
    CAPTURE(sink.text);
    CHECK(sink.text.size() <= limit);
    int depth = 0;
    for (const char c : sink.text) depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    CHECK(depth == 0);
    CHECK(sink.text.find(",,") == std::string::npos);
    CHECK(sink.text.find("[,") == std::string::npos);
    const std::string all = "{\"a\":123,\"b\":[{\"c\":\"\\n\\n\"},45678],\"d\":\"eHl6\"}";
    CHECK(json.complete() == (limit >= all.size()));
    if (json.complete()) CHECK(sink.text == all);
  }
}

TEST_CASE("a record is at most 16 KiB between separator and LF, and can be just that") {
  const std::string head = "{\"n\":0,\"type\":\"data\",\"b\":\"\"}";
  for (const size_t more : {0u, 1u}) {
    StringSink sink;
    RecordStream stream(sink);
    Record record(stream, RecordType::kData, nullptr);
    const std::string text(kMaxRecordBytes - head.size() + more, 'x');
    record.json().String("b", text.data(), text.size());
    CHECK(record.Finish() == (more == 0));
    CHECK(sink.text.size() == (more == 0 ? kMaxRecordBytes + 2 : head.size() - 7 + 2));
  }
}

TEST_CASE("arrays are cut where the room ends, and nesting where it is too deep") {
  StringSink sink;
  RecordStream stream(sink);
  Record record(stream, RecordType::kData, nullptr);
  record.json().BeginArray("ticks");
  for (int i = 0; i < 10000; ++i) record.json().Uint(nullptr, 100);
  record.json().End();
  CHECK_FALSE(record.Finish());
  CHECK(sink.text.size() <= kMaxRecordBytes + 2);
  CHECK(sink.text.size() > kMaxRecordBytes - 4);
  CHECK(sink.text.substr(sink.text.size() - 7) == ",100]}\n");

  StringSink deep;
  JsonWriter json(deep, 1000);
  for (int i = 0; i < 20; ++i) json.BeginArray(i == 0 ? "a" : nullptr);
  json.Uint(nullptr, 1);
  for (int i = 0; i < 20; ++i) json.End();
  json.Uint("b", 2);
  json.End();  // more ends than beginnings do no harm
  json.Close();
  CHECK(deep.text == "{\"a\":[[[[[[[]]]]]]],\"b\":2}");
  CHECK_FALSE(json.complete());
}

TEST_CASE("records go out in blocks") {
  StringSink sink;
  RecordStream stream(sink);
  const Line line("identify #1");
  SendError(stream, &line.command, "unsupported", "this device cannot do that");
  CHECK(sink.writes <= 2);
}

TEST_CASE("log lines pass, without separators") {
  StringSink sink;
  RecordStream stream(sink);
  CHECK(stream.Log("a\x1e\x1e" "b\n", 5));
  CHECK(stream.Log("\x1e", 1));
  CHECK(stream.Log("", 0));
  CHECK(sink.text == "a??b\n?");
}

TEST_CASE("a log line does not get into a record") {
  StringSink sink;
  RecordStream stream(sink);
  Record record(stream, RecordType::kReply, nullptr);
  CHECK_FALSE(stream.Log("x\n", 2));
  record.Finish();
  CHECK(stream.Log("y\n", 2));
  CHECK(sink.text == "\x1e{\"n\":0,\"type\":\"reply\"}\ny\n");
}

TEST_CASE("a payload goes out in chunks of 3,072 bytes, with the CRC-32 of all of it") {
  StringSink sink;
  RecordStream stream(sink);
  const Line line("output session=1 index=0 #6");
  const std::vector<uint8_t> bytes(3072 + 1, 0);
  CHECK(SendPayload(stream, line.command, bytes.data(), 0) == 0);
  CHECK(sink.text.empty());
  SendPayload(stream, line.command, bytes.data(), bytes.size());
  CHECK(sink.text == "\x1e{\"n\":0,\"type\":\"data\",\"id\":6,\"verb\":\"output\",\"offset\":0,\"b64\":\"" +
                         std::string(4096, 'A') +
                         "\"}\n\x1e{\"n\":1,\"type\":\"data\",\"id\":6,\"verb\":\"output\",\"offset\":3072,\"b64\":"
                         "\"AA==\"}\n");
  CHECK(SendPayload(stream, line.command, bytes.data(), bytes.size()) == Crc32(bytes.data(), bytes.size()));
  const uint8_t thirteen[] = {0, 0, 0x50, 0x41};  // as a float
  CHECK(SendPayload(stream, line.command, thirteen, 4) == 0x9A24F34E);
}

TEST_CASE("samples go out by 64, in order") {
  StringSink sink;
  RecordStream stream(sink);
  const Line line("invoke session=1");
  uint32_t storage[66];
  Samples samples(storage, 66);
  samples.Send(stream, line.command);
  CHECK(sink.text.empty());
  for (uint32_t i = 0; i < 65; ++i) CHECK(samples.Add(i));
  CHECK(samples.Add(UINT32_MAX));
  CHECK_FALSE(samples.Add(1));
  CHECK(samples.size() == 66);
  samples.Send(stream, line.command);
  std::string first = "\x1e{\"n\":0,\"type\":\"data\",\"verb\":\"invoke\",\"first\":0,\"ticks\":[0";
  for (int i = 1; i < 64; ++i) first += "," + std::to_string(i);
  CHECK(sink.text ==
        first + "]}\n\x1e{\"n\":1,\"type\":\"data\",\"verb\":\"invoke\",\"first\":64,\"ticks\":[64,4294967295]}\n");
  samples.Clear();
  CHECK(samples.size() == 0);
  CHECK(samples.Add(1));
}

TEST_CASE("a long sample makes the ticks of all coarser") {
  StringSink sink;
  RecordStream stream(sink);
  const Line line("invoke session=1");
  uint32_t storage[4];
  Samples samples(storage, 4);
  CHECK(samples.Add(1000003));
  CHECK(samples.shift() == 0);
  CHECK(samples.Add(uint64_t{60} * 125000000));  // a minute at 125 MHz
  CHECK(samples.shift() == 1);
  CHECK(samples.Add(7));
  samples.Send(stream, line.command);
  CHECK(sink.text ==
        "\x1e{\"n\":0,\"type\":\"data\",\"verb\":\"invoke\",\"first\":0,\"ticks\":[500002,3750000000,4]}\n");
  samples.Clear();
  CHECK(samples.shift() == 0);
}

// Test-only: answers vectors on standard input, one line each, so that the Python side can be held against this one.
// Bytes are hexadecimal, no bytes are "-". What each vector means is in tests/firmware/peer.py.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base64.h"
#include "core/crc32.h"
#include "core/line_reader.h"
#include "core/model_pack.h"
#include "core/payload.h"
#include "core/record.h"
#include "core/samples.h"
#include "support.h"

using namespace tflm_hil;

namespace {

constexpr uint32_t kPayloadLimit = 16 * 1024 * 1024;

std::string Bytes(const std::string& hex) {
  std::string bytes;
  if (hex == "-") return bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
  }
  return bytes;
}

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return hex.empty() ? "-" : hex;
}

std::string CrcOf(uint32_t crc) {
  char text[kCrc32TextBytes];
  Crc32Text(crc, text);
  return text;
}

const uint8_t* Data(const std::string& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

std::string Told(Parsed parsed, const Command& command) {
  if (parsed == Parsed::kIgnored) return "ignored";
  if (parsed == Parsed::kRefused) return "refused";
  std::string told = std::string("command ") + command.verb() + (command.has_id() ? " #" : " ");
  told += command.has_id() ? std::to_string(command.id()) : "-";
  for (size_t i = 0; i < command.argument_count(); ++i) {
    told += std::string(" ") + command.key(i) + "=" + command.value(i);
  }
  return told;
}

// command LINE
std::string AnswerCommand(std::istream& words) {
  std::string hex;
  words >> hex;
  const Line line(Bytes(hex));
  return Told(line.parsed, line.command);
}

// crc BYTES...: of all together, in pieces, and joined from the pieces
std::string AnswerCrc(std::istream& words) {
  uint32_t crc = 0;
  uint32_t joined = 0;
  for (std::string hex; words >> hex;) {
    const std::string piece = Bytes(hex);
    crc = Crc32(piece.data(), piece.size(), crc);
    joined = Crc32Join(joined, Crc32(piece.data(), piece.size()), piece.size());
  }
  return CrcOf(crc) + " " + CrcOf(joined);
}

// payload LINE BYTES: the records that carry the bytes, and their CRC-32
std::string AnswerPayload(std::istream& words) {
  std::string command, hex;
  words >> command >> hex;
  const Line line(Bytes(command));
  const std::string bytes = Bytes(hex);
  StringSink sink;
  RecordStream stream(sink);
  const uint32_t crc = SendPayload(stream, line.command, Data(bytes), bytes.size());
  return CrcOf(crc) + " " + Hex(sink.text);
}

// samples LINE TICKS...
std::string AnswerSamples(std::istream& words) {
  std::string command;
  words >> command;
  const Line line(Bytes(command));
  std::vector<uint32_t> storage(1000);
  Samples samples(storage.data(), storage.size());
  for (uint64_t ticks; words >> ticks;) {
    if (!samples.Add(ticks)) return "full";
  }
  StringSink sink;
  RecordStream stream(sink);
  samples.Send(stream, line.command);
  return Hex(sink.text);
}

// record NUMBER TYPE LINE|- FIELDS...: each a kind, a key (- within arrays) and a value
std::string AnswerRecord(std::istream& words) {
  uint32_t number = 0;
  std::string type, command;
  words >> number >> type >> command;
  const Line line(Bytes(command));
  const RecordType types[] = {RecordType::kReply, RecordType::kError, RecordType::kData, RecordType::kEvent};
  const char* const names[] = {"reply", "error", "data", "event"};
  size_t kind = 0;
  while (type != names[kind]) ++kind;
  StringSink sink;
  RecordStream stream(sink, number);
  Record record(stream, types[kind], command == "-" ? nullptr : &line.command);
  JsonWriter& json = record.json();
  for (std::string what, key; words >> what;) {
    if (what == "end") {
      json.End();
      continue;
    }
    words >> key;
    key = key == "[]" ? key : Bytes(key);
    const char* const name = key == "[]" ? nullptr : key.c_str();
    std::string value;
    if (what == "array") {
      json.BeginArray(name);
    } else if (what == "object") {
      json.BeginObject(name);
    } else if (what == "null") {
      json.Null(name);
    } else if (words >> value; what == "bool") {
      json.Bool(name, value == "1");
    } else if (what == "uint") {
      json.Uint(name, std::strtoull(value.c_str(), nullptr, 10));
    } else if (what == "string") {
      value = Bytes(value);
      json.String(name, value.data(), value.size());
    } else if (what == "text") {
      json.Text(name, Bytes(value).c_str());
    } else if (what == "base64") {
      value = Bytes(value);
      json.Base64(name, Data(value), value.size());
    } else {
      return "what is " + what;
    }
  }
  const bool complete = record.Finish();
  return std::string(complete ? "complete " : "cut ") + Hex(sink.text);
}

// pack BYTES
std::string AnswerPack(std::istream& words) {
  std::string hex;
  words >> hex;
  const AlignedBytes flash(Bytes(hex));
  const ModelPack pack(flash.bytes(), flash.size());
  std::string told = pack.damage() == ModelPack::Damage::kNone ? "pack " + CrcOf(pack.crc()) : "damaged";
  for (uint32_t i = 0; i < pack.count(); ++i) {
    PackedModel model{};
    if (!pack.Find(pack.model(i).name, &model)) return "not found";
    told += std::string(" ") + model.name + ":" + CrcOf(model.crc) + ":" +
            Hex(std::string(reinterpret_cast<const char*>(model.data), model.size));
  }
  return told;
}

// stream BYTES...: what came at a time; "silence" is a wait of two seconds
std::string AnswerStream(std::istream& words) {
  LineReader reader;
  uint64_t now_us = 0;
  std::string told;
  std::string pending;
  std::vector<uint8_t> room;
  const auto tell = [&](const std::string& what) { told += (told.empty() ? "" : ";") + what; };
  for (std::string hex; words >> hex;) {
    const bool silence = hex == "silence";
    if (silence) now_us += LineReader::kPayloadTimeoutUs;
    const std::string bytes = silence ? "" : Bytes(hex);
    Incoming incoming{Data(bytes), bytes.size()};
    for (;;) {
      const LineReader::Event event = reader.Take(&incoming, now_us);
      if (event == LineReader::Event::kNothing) break;
      if (told.size() > (1 << 20)) return "endless";
      if (event == LineReader::Event::kTooLong) {
        tell("refused");
      } else if (event == LineReader::Event::kPayload) {
        tell(pending + " " + Hex(std::string(room.begin(), room.end())));
      } else if (event == LineReader::Event::kPayloadTimeout) {
        tell("bad_payload");
      } else {
        Command command;
        const char* refusal = nullptr;
        const Parsed parsed = ParseCommand(reader.line(), reader.line_size(), &command, &refusal);
        uint32_t size = 0;
        if (parsed == Parsed::kCommand && !PayloadSize(command, kPayloadLimit, &size)) {
          tell("bad_argument");
        } else if (parsed == Parsed::kCommand && size > 0) {
          pending = Told(parsed, command);
          room.assign(size, 0);
          reader.BeginPayload(size, room.data(), size, now_us);
        } else if (parsed == Parsed::kCommand) {
          tell(Told(parsed, command) + " -");
        } else if (parsed == Parsed::kRefused) {
          tell("refused");
        }
      }
    }
  }
  return told.empty() ? "-" : told;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    std::string answer = "what is " + kind;
    if (kind == "command") answer = AnswerCommand(words);
    if (kind == "crc") answer = AnswerCrc(words);
    if (kind == "payload") answer = AnswerPayload(words);
    if (kind == "samples") answer = AnswerSamples(words);
    if (kind == "record") answer = AnswerRecord(words);
    if (kind == "pack") answer = AnswerPack(words);
    if (kind == "stream") answer = AnswerStream(words);
    std::cout << answer << "\n";
  }
  return 0;
}

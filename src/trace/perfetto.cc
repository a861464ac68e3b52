#include "trace/perfetto.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <bit>
#include <ostream>

#include "base/error.h"
#include "trace/perfetto.pb.h"

namespace gnomon::trace {
namespace {

using Coded = google::protobuf::io::CodedOutputStream;
using proto::TrackEvent;

constexpr auto keep_state = proto::TracePacket::SEQ_NEEDS_INCREMENTAL_STATE;
constexpr auto clear_state = proto::TracePacket::SEQ_INCREMENTAL_STATE_CLEARED;

// The fields of one event's packet. Written by hand, for a message object costs five times as much;
// lengths are one byte, since a packet that means its names by number is shorter than 128.
class Fields {
 public:
  void number(int field, std::uint64_t value) {
    tag(field, 0);
    at_ = Coded::WriteVarint64ToArray(value, at_);
  }
  void real(int field, double value) {
    tag(field, 1);
    at_ = Coded::WriteLittleEndian64ToArray(std::bit_cast<std::uint64_t>(value), at_);
  }
  template <typename Body>
  void message(int field, Body body) {
    tag(field, 2);
    std::uint8_t* const length = at_++;
    body();
    GNOMON_CHECK(at_ - length - 1 < 128, "the packet has {} bytes", at_ - length);
    *length = static_cast<std::uint8_t>(at_ - length - 1);
  }
  void append_to(std::string& bytes) const {
    bytes.append(reinterpret_cast<const char*>(bytes_.data()),
                 static_cast<std::size_t>(at_ - bytes_.data()));
  }

 private:
  void tag(int field, unsigned type) {
    at_ = Coded::WriteVarint32ToArray(static_cast<std::uint32_t>(field) << 3 | type, at_);
  }

  std::array<std::uint8_t, 192> bytes_;
  std::uint8_t* at_ = bytes_.data();
};

template <typename Body>
void add_event(std::string& bytes, const Packets::Track& track, std::int64_t time, Body body) {
  using Packet = proto::TracePacket;
  Fields fields;
  fields.message(proto::Trace::kPacketFieldNumber, [&] {
    fields.number(Packet::kTimestampFieldNumber, static_cast<std::uint64_t>(time));
    fields.number(Packet::kTrustedPacketSequenceIdFieldNumber, track.sequence);
    fields.number(Packet::kSequenceFlagsFieldNumber, keep_state);
    fields.message(Packet::kTrackEventFieldNumber, [&] { body(fields); });
  });
  fields.append_to(bytes);
}

void append(std::string& bytes, const proto::TracePacket& packet) {
  proto::Trace trace;
  *trace.add_packet() = packet;
  trace.AppendToString(&bytes);
}

proto::TracePacket packet_of(const Packets::Track& track, std::uint32_t flags) {
  proto::TracePacket packet;
  packet.set_trusted_packet_sequence_id(track.sequence);
  packet.set_sequence_flags(flags);
  return packet;
}

// The packet that a sequence begins with: its events are on `track` unless they say otherwise.
proto::TracePacket first_packet_of(const Packets::Track& track) {
  proto::TracePacket packet = packet_of(track, clear_state);
  packet.mutable_trace_packet_defaults()->mutable_track_event_defaults()->set_track_uuid(
      track.uuid);
  return packet;
}

void describe(proto::TrackDescriptor& descriptor, const Packets::Track& track, const Process& of,
              const Thread& thread) {
  descriptor.set_uuid(track.uuid);
  descriptor.mutable_thread()->set_pid(static_cast<std::int32_t>(of.id));
  descriptor.mutable_thread()->set_tid(thread.id);
  if (!thread.name.empty()) descriptor.mutable_thread()->set_thread_name(thread.name);
}

void set_unit(proto::CounterDescriptor& counter, const std::string& unit) {
  using proto::CounterDescriptor;
  if (unit == "bytes")
    counter.set_unit(CounterDescriptor::UNIT_SIZE_BYTES);
  else if (unit == "ns")
    counter.set_unit(CounterDescriptor::UNIT_TIME_NS);
  else if (unit == "count")
    counter.set_unit(CounterDescriptor::UNIT_COUNT);
  else if (!unit.empty())
    counter.set_unit_name(unit);
}

}  // namespace

Packets::Track Packets::add_process(const Process& process) {
  const Track track{.uuid = ++tracks_, .sequence = ++sequences_};
  auto packet = first_packet_of(track);
  auto& descriptor = *packet.mutable_track_descriptor();
  descriptor.set_uuid(track.uuid);
  descriptor.mutable_process()->set_pid(static_cast<std::int32_t>(process.id));
  if (!process.name.empty()) descriptor.mutable_process()->set_process_name(process.name);
  append(bytes, packet);
  return track;
}

Packets::Track Packets::add_thread(const Track& process, const Process& of, const Thread& thread) {
  Track track{.uuid = process.uuid, .sequence = ++sequences_};
  if (thread.id != 0) track.uuid = ++tracks_;
  auto packet = first_packet_of(track);
  if (thread.id != 0) describe(*packet.mutable_track_descriptor(), track, of, thread);
  append(bytes, packet);
  return track;
}

void Packets::rename(const Track& track, const Process& of, const Thread& thread) {
  auto packet = packet_of(track, keep_state);
  describe(*packet.mutable_track_descriptor(), track, of, thread);
  append(bytes, packet);
}

// Tells the track's sequence all that events with the label will mean by number.
void Packets::introduce(Track& track, std::uint32_t number, const Label& label) {
  if (track.labels.size() <= number) track.labels.resize(number + 1);
  Known& known = track.labels[number];
  auto packet = packet_of(track, keep_state);
  auto& interned = *packet.mutable_interned_data();
  const auto tell = [](auto* entries, std::uint64_t iid, std::string_view text) {
    auto& entry = *entries->Add();
    entry.set_iid(iid);
    entry.set_name(text.data(), text.size());
    return iid;
  };
  const auto tell_once = [&](auto* entries, Numbers& numbers, std::string_view text) {
    const auto [entry, fresh] = numbers.emplace(text, numbers.size() + 1);
    if (fresh) tell(entries, entry->second, text);
    return entry->second;
  };
  known.name = tell(interned.mutable_event_names(), number + std::uint64_t{1}, label.text);
  known.category =
      tell_once(interned.mutable_event_categories(), track.categories, category_name(label));
  for (std::size_t i = 0; i < 2; ++i)
    if (!label.arguments[i].empty())
      known.arguments[i] =
          tell_once(interned.mutable_debug_annotation_names(), track.arguments, label.arguments[i]);
  append(bytes, packet);
}

void Packets::named_event(Track& track, const Event& event, const Label& label, int type) {
  using proto::DebugAnnotation;
  if (event.label >= track.labels.size() || track.labels[event.label].name == 0)
    introduce(track, event.label, label);
  const Known& known = track.labels[event.label];
  add_event(bytes, track, event.begin, [&](Fields& fields) {
    fields.number(TrackEvent::kTypeFieldNumber, static_cast<std::uint64_t>(type));
    fields.number(TrackEvent::kCategoryIidsFieldNumber, known.category);
    fields.number(TrackEvent::kNameIidFieldNumber, known.name);
    for (std::size_t i = 0; i < 2; ++i)
      if (known.arguments[i] != 0)
        fields.message(TrackEvent::kDebugAnnotationsFieldNumber, [&] {
          fields.number(DebugAnnotation::kNameIidFieldNumber, known.arguments[i]);
          fields.number(DebugAnnotation::kIntValueFieldNumber,
                        static_cast<std::uint64_t>(event.arguments[i]));
        });
  });
}

void Packets::begin(Track& track, const Event& event, const Label& label) {
  named_event(track, event, label, TrackEvent::TYPE_SLICE_BEGIN);
}

void Packets::instant(Track& track, const Event& event, const Label& label) {
  named_event(track, event, label, TrackEvent::TYPE_INSTANT);
}

void Packets::end(const Track& track, std::int64_t time) {
  add_event(bytes, track, time, [](Fields& fields) {
    fields.number(TrackEvent::kTypeFieldNumber, TrackEvent::TYPE_SLICE_END);
  });
}

void Packets::counter(Track& track, const Event& event, const Label& label) {
  const auto [entry, fresh] = track.counters.emplace(event.label, tracks_ + 1);
  if (fresh) {
    auto packet = packet_of(track, keep_state);
    auto& descriptor = *packet.mutable_track_descriptor();
    descriptor.set_uuid(++tracks_);
    descriptor.set_parent_uuid(track.uuid);
    descriptor.set_name(label.text);
    descriptor.mutable_counter()->add_categories(std::string(category_name(label)));
    set_unit(*descriptor.mutable_counter(), label.unit);
    append(bytes, packet);
  }
  const std::uint64_t uuid = entry->second;
  add_event(bytes, track, event.begin, [&](Fields& fields) {
    fields.number(TrackEvent::kTypeFieldNumber, TrackEvent::TYPE_COUNTER);
    fields.number(TrackEvent::kTrackUuidFieldNumber, uuid);
    fields.real(TrackEvent::kDoubleCounterValueFieldNumber, event.value);
  });
}

struct Packets::Argument {
  std::string name;
  std::int64_t number = 0;
  bool is_number = true;
};

void Packets::mark(const Track& track, std::int64_t time, const std::string& text,
                   const Argument& argument) {
  auto packet = packet_of(track, keep_state);
  packet.set_timestamp(static_cast<std::uint64_t>(time));
  TrackEvent& event = *packet.mutable_track_event();
  event.set_type(TrackEvent::TYPE_INSTANT);
  event.set_name(text);
  event.add_categories(std::string(recorder_category));
  if (!argument.name.empty()) {
    auto& annotation = *event.add_debug_annotations();
    annotation.set_name(argument.name);
    argument.is_number ? annotation.set_int_value(argument.number)
                       : annotation.set_bool_value(argument.number != 0);
  }
  append(bytes, packet);
}

void Packets::mark_beginning(const Track& process) {
  mark(process, 0, "beginning of recording", {});
}

void Packets::mark_end(const Track& process, std::int64_t time, bool steady_clock) {
  mark(process, time, "end of recording", {"steady_clock", steady_clock, false});
}

void Packets::mark_dropped(const Track& thread, std::int64_t time, std::int64_t dropped) {
  mark(thread, time, fmt::format("{} events dropped: the buffer was full", dropped),
       {"dropped", dropped});
}

namespace {

void write_thread(const Trace& trace, const Thread& thread, Packets& packets, Packets::Track track,
                  std::ostream& out) {
  std::vector<std::int64_t> ends;  // of the open slices, the innermost last
  const auto close_until = [&](std::int64_t time) {
    for (; !ends.empty() && ends.back() <= time; ends.pop_back()) packets.end(track, ends.back());
  };
  const auto flush = [&] {
    out.write(packets.bytes.data(), static_cast<std::streamsize>(packets.bytes.size()));
    packets.bytes.clear();
  };
  for (const auto& event : thread.events) {
    const Label& label = trace.labels.at(event.label);
    close_until(event.begin);
    if (event.kind == Kind::counter) packets.counter(track, event, label);
    if (event.kind == Kind::instant) packets.instant(track, event, label);
    if (event.kind == Kind::slice) {
      packets.begin(track, event, label);
      ends.push_back(event.end);
    }
    if (packets.bytes.size() > (1 << 16)) flush();
  }
  for (; !ends.empty(); ends.pop_back()) packets.end(track, ends.back());
  if (thread.dropped != 0) packets.mark_dropped(track, trace.duration, thread.dropped);
  flush();
}

}  // namespace

void write_perfetto(const Trace& trace, std::ostream& out) {
  Packets packets;
  std::vector<Packets::Track> processes;
  for (const auto& process : trace.processes) processes.push_back(packets.add_process(process));
  if (!processes.empty()) packets.mark_beginning(processes[0]);
  for (const auto& thread : trace.threads) {
    const Process& process = trace.processes.at(thread.process);
    write_thread(trace, thread, packets,
                 packets.add_thread(processes[thread.process], process, thread), out);
  }
  if (!processes.empty()) packets.mark_end(processes[0], trace.duration, trace.steady_clock);
  out.write(packets.bytes.data(), static_cast<std::streamsize>(packets.bytes.size()));
}

}  // namespace gnomon::trace

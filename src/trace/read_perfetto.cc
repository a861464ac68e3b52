#include <array>
#include <istream>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "trace/builder.h"
#include "trace/perfetto.h"
#include "trace/perfetto.pb.h"
#include "trace/readers.h"

namespace gnomon::trace {
namespace {

using proto::TracePacket;
using proto::TrackEvent;

// The file, packet by packet.
class Source {
 public:
  Source(std::istream& in, std::string origin, CutOff cut_off)
      : in_(*in.rdbuf()), origin_(std::move(origin)), cut_off_(cut_off) {}

  // Whether the end came in the midst of a packet.
  bool was_cut_off() const { return was_cut_off_; }

  // The next packet's bytes; nothing at the end.
  const std::string* next() {
    packet_ = offset_;
    while (in_.sgetc() != std::streambuf::traits_type::eof()) {
      std::uint64_t tag = 0, size = 0;
      if (!varint(tag)) return cut_off();
      if ((tag & 7) != 2) refuse("no packet begins here; the file is damaged, or no trace");
      if (!varint(size) || !read(size)) return cut_off();
      if (tag >> 3 == proto::Trace::kPacketFieldNumber) return &bytes_;
      packet_ = offset_;
    }
    return nullptr;
  }

  [[noreturn]] void refuse(std::string_view what) const {
    throw InputError("{}: offset {}: {}", origin_, packet_, what);
  }

 private:
  bool varint(std::uint64_t& value) {
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const int byte = in_.sbumpc();
      if (byte == std::streambuf::traits_type::eof()) return false;
      ++offset_;
      value |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) return true;
    }
    refuse("a number is longer than 64 bits");
  }

  // Piece by piece: the size may be a lie.
  bool read(std::uint64_t size) {
    constexpr std::uint64_t piece = 1 << 20;
    bytes_.clear();
    while (bytes_.size() < size) {
      const std::size_t had = bytes_.size();
      const std::uint64_t wanted = std::min(piece, size - had);
      bytes_.resize(had + wanted);
      const auto got = in_.sgetn(bytes_.data() + had, static_cast<std::streamsize>(wanted));
      offset_ += static_cast<std::uint64_t>(got);
      if (static_cast<std::uint64_t>(got) < wanted) return false;
    }
    return true;
  }

  const std::string* cut_off() {
    if (cut_off_ == CutOff::refuse) refuse("the packet that begins here is cut off");
    was_cut_off_ = true;
    return nullptr;
  }

  std::streambuf& in_;
  std::string origin_;
  CutOff cut_off_;
  bool was_cut_off_ = false;
  std::uint64_t offset_ = 0, packet_ = 0;
  std::string bytes_;
};

// A clock that a trace defines by a snapshot beside one of the system's.
struct Clock {
  std::int64_t system = 0;  // the system's time of the snapshot
  std::int64_t own = 0;     // the clock's own then; the last one if it is incremental
  std::int64_t multiplier = 1;
  bool incremental = false;
};

// Clocks up to 63 are the system's, taken for one; up to 127 they belong to a sequence.
constexpr std::uint32_t boot_time = 6, first_of_sequence = 64, first_of_trace = 128;

struct Sequence {
  using Names = std::unordered_map<std::uint64_t, std::string>;

  bool valid = false;  // no state was lost since it was last cleared
  Names names, categories, arguments;
  std::uint64_t track = 0;          // of events that do not say theirs
  std::uint32_t clock = boot_time;  // of packets that do not say theirs
  std::map<std::uint32_t, Clock> clocks;
  std::map<std::array<std::uint64_t, 4>, std::uint32_t> labels;  // by numbers; a cache
};

struct Track {
  bool is_thread = false, is_process = false, is_counter = false;
  std::uint64_t parent = 0;  // uuid
  std::int64_t pid = 0, tid = 0;
  std::string name;
  Label label;  // of a counter
  std::int64_t multiplier = 1;
  bool incremental = false;
  double sum = 0;  // of an incremental counter
  bool listed = false;
  std::int64_t dropped = 0;
  Lane lane;
};

std::string unit_of(const proto::CounterDescriptor& counter) {
  switch (counter.unit()) {
    case proto::CounterDescriptor::UNIT_SIZE_BYTES:
      return "bytes";
    case proto::CounterDescriptor::UNIT_TIME_NS:
      return "ns";
    case proto::CounterDescriptor::UNIT_COUNT:
      return "count";
    case proto::CounterDescriptor::UNIT_UNSPECIFIED:
      break;
  }
  return counter.unit_name();
}

class Reader {
 public:
  Reader(std::istream& in, std::string origin, CutOff cut_off)
      : source_(in, origin, cut_off), builder_(std::move(origin)) {}

  Trace read() {
    TracePacket packet;
    while (const std::string* bytes = source_.next()) {
      if (!packet.ParseFromString(*bytes)) source_.refuse("the packet is damaged");
      add(packet);
    }
    for (const std::uint64_t uuid : order_) place(uuid);
    if (source_.was_cut_off()) builder_.set_cut_off();
    return builder_.finish();
  }

 private:
  void add(const TracePacket& packet) {
    if (packet.has_compressed_packets())
      source_.refuse("packets are compressed, which is not read; record without compression");
    Sequence& sequence = sequences_[packet.trusted_packet_sequence_id()];
    if (packet.previous_packet_dropped() != 0) sequence.valid = false;
    if (packet.incremental_state_cleared() ||
        (packet.sequence_flags() & TracePacket::SEQ_INCREMENTAL_STATE_CLEARED) != 0) {
      sequence = {};
      sequence.valid = true;
    }
    if (packet.has_trace_packet_defaults()) {
      const auto& defaults = packet.trace_packet_defaults();
      sequence.track = defaults.track_event_defaults().track_uuid();
      sequence.clock =
          defaults.has_timestamp_clock_id() ? defaults.timestamp_clock_id() : boot_time;
    }
    if (packet.has_clock_snapshot()) add(sequence, packet.clock_snapshot());
    if (packet.has_interned_data()) add(sequence, packet.interned_data());
    if (packet.has_track_descriptor()) add(packet.track_descriptor());
    // Also of packets whose event is passed over: an incremental clock goes on.
    const auto time = time_of(sequence, packet);
    const bool needs = (packet.sequence_flags() & TracePacket::SEQ_NEEDS_INCREMENTAL_STATE) != 0;
    if (packet.has_track_event() && time && (sequence.valid || !needs))
      add(sequence, packet.track_event(), *time);
  }

  void add(Sequence& sequence, const proto::ClockSnapshot& snapshot) {
    const proto::ClockSnapshot::Clock* system = nullptr;
    for (const auto& clock : snapshot.clocks())
      if (clock.clock_id() < first_of_sequence &&
          (system == nullptr || clock.clock_id() == boot_time))
        system = &clock;
    if (system == nullptr) return;
    for (const auto& clock : snapshot.clocks()) {
      if (clock.clock_id() < first_of_sequence) continue;
      auto& clocks = clock.clock_id() < first_of_trace ? sequence.clocks : clocks_;
      clocks[clock.clock_id()] = {
          .system = checked(system->timestamp()),
          .own = checked(clock.timestamp()),
          .multiplier = clock.has_unit_multiplier_ns() ? checked(clock.unit_multiplier_ns()) : 1,
          .incremental = clock.is_incremental()};
    }
  }

  static void add(Sequence& sequence, const proto::InternedData& data) {
    for (const auto& entry : data.event_names()) sequence.names[entry.iid()] = entry.name();
    for (const auto& entry : data.event_categories())
      sequence.categories[entry.iid()] = entry.name();
    for (const auto& entry : data.debug_annotation_names())
      sequence.arguments[entry.iid()] = entry.name();
    sequence.labels.clear();
  }

  void add(const proto::TrackDescriptor& descriptor) {
    Track& track = tracks_[descriptor.uuid()];
    track.parent = descriptor.parent_uuid();
    if (descriptor.has_name()) track.name = descriptor.name();
    if (descriptor.has_static_name()) track.name = descriptor.static_name();
    if (descriptor.has_process()) {
      track.is_process = !descriptor.has_thread();
      track.pid = descriptor.process().pid();
      Process& process = builder_.process_at(builder_.process(track.pid));
      if (descriptor.process().has_process_name())
        process.name = descriptor.process().process_name();
    }
    if (descriptor.has_thread()) {
      track.is_thread = true;
      track.pid = descriptor.thread().pid();
      track.tid = descriptor.thread().tid();
      if (descriptor.thread().has_thread_name()) track.name = descriptor.thread().thread_name();
      list(track, descriptor.uuid());
    }
    if (descriptor.has_counter()) {
      const auto& counter = descriptor.counter();
      track.is_counter = true;
      track.label = {.text = track.name, .arguments = {}, .unit = unit_of(counter)};
      set_category(track.label, counter.categories().empty() ? "" : counter.categories(0));
      track.multiplier = counter.has_unit_multiplier() ? counter.unit_multiplier() : 1;
      track.incremental = counter.is_incremental();
    }
  }

  void list(Track& track, std::uint64_t uuid) {
    if (!track.listed) order_.push_back(uuid);
    track.listed = true;
  }

  std::int64_t checked(std::uint64_t value) const {
    if (value > static_cast<std::uint64_t>(Lane::latest))
      source_.refuse("a time is beyond 73 years");
    return static_cast<std::int64_t>(value);
  }

  std::optional<std::int64_t> time_of(Sequence& sequence, const TracePacket& packet) {
    if (!packet.has_timestamp()) {
      if (!packet.track_event().has_timestamp_absolute_us()) return std::nullopt;
      const std::int64_t time = packet.track_event().timestamp_absolute_us();
      if (time < 0 || time > Lane::latest / 1000) source_.refuse("a time is beyond 73 years");
      return time * 1000;
    }
    const std::uint32_t id =
        packet.has_timestamp_clock_id() ? packet.timestamp_clock_id() : sequence.clock;
    const std::int64_t time = checked(packet.timestamp());
    if (id < first_of_sequence) return time;
    auto& clocks = id < first_of_trace ? sequence.clocks : clocks_;
    const auto found = clocks.find(id);
    if (found == clocks.end()) return std::nullopt;
    Clock& clock = found->second;
    const std::int64_t passed = clock.incremental ? time : time - clock.own;
    std::int64_t result = 0;
    if (__builtin_mul_overflow(passed, clock.multiplier, &result) ||
        __builtin_add_overflow(result, clock.system, &result) || result < 0 ||
        result > Lane::latest)
      source_.refuse("a time is beyond 73 years");
    if (clock.incremental) clock.system = result;
    return result;
  }

  void add(Sequence& sequence, const TrackEvent& packet, std::int64_t time) {
    const std::uint64_t uuid = packet.has_track_uuid() ? packet.track_uuid() : sequence.track;
    Track& track = tracks_[uuid];
    if (packet.type() == TrackEvent::TYPE_COUNTER) return add_counter(track, uuid, packet, time);
    if (packet.type() == TrackEvent::TYPE_UNSPECIFIED) return;
    if (packet.type() == TrackEvent::TYPE_INSTANT && add_mark(track, packet, time)) return;
    list(track, uuid);
    if (packet.type() == TrackEvent::TYPE_SLICE_END) return track.lane.end(time);
    Event event = {.begin = time, .end = time};
    event.label = label_of(sequence, packet, event);
    if (packet.type() == TrackEvent::TYPE_SLICE_BEGIN) return track.lane.begin(event);
    event.kind = Kind::instant;
    track.lane.add(event);
  }

  // Whether the event is one of our recorder's.
  bool add_mark(Track& track, const TrackEvent& packet, std::int64_t time) {
    if (packet.categories().empty() || packet.categories(0) != recorder_category) return false;
    if (packet.name() == "beginning of recording") {
      builder_.set_origin(time);
      return true;
    }
    if (packet.debug_annotations().empty()) return false;
    const auto& argument = packet.debug_annotations(0);
    if (packet.name() == "end of recording") {
      builder_.set_end(time);
      builder_.set_steady_clock(argument.bool_value());
      return true;
    }
    if (argument.name() != "dropped") return false;
    if (argument.int_value() < 0 ||
        __builtin_add_overflow(track.dropped, argument.int_value(), &track.dropped))
      source_.refuse("an impossible number of events was dropped");
    return true;
  }

  // Counters that are described stand among the events of their thread, in the file's order.
  void add_counter(Track& track, std::uint64_t uuid, const TrackEvent& packet, std::int64_t time) {
    double value = packet.has_double_counter_value() ? packet.double_counter_value()
                                                     : static_cast<double>(packet.counter_value());
    value *= static_cast<double>(track.multiplier);
    if (track.incremental) value = track.sum += value;
    const Event event = {.begin = time,
                         .end = time,
                         .value = value,
                         .label = builder_.label(track.label),
                         .kind = Kind::counter};
    const auto parent = tracks_.find(track.parent);
    const bool known = track.is_counter && track.parent != 0 && parent != tracks_.end();
    list(known ? parent->second : track, known ? parent->first : uuid);
    (known ? parent->second : track).lane.add(event);
  }

  // The label, and the arguments with it.
  std::uint32_t label_of(Sequence& sequence, const TrackEvent& packet, Event& event) {
    const proto::DebugAnnotation* arguments[2] = {};
    std::size_t count = 0;
    for (const auto& argument : packet.debug_annotations()) {
      if (count == 2) break;
      const bool fits =
          argument.has_int_value() ||
          (argument.has_uint_value() && static_cast<std::int64_t>(argument.uint_value()) >= 0);
      if (fits) arguments[count++] = &argument;
    }
    std::array<std::uint64_t, 4> key = {
        packet.name_iid(), packet.category_iids().empty() ? 0 : packet.category_iids(0), 0, 0};
    bool by_number = packet.has_name_iid() && packet.categories().empty();
    for (std::size_t i = 0; i < count; ++i) {
      event.arguments[i] = arguments[i]->has_int_value()
                               ? arguments[i]->int_value()
                               : static_cast<std::int64_t>(arguments[i]->uint_value());
      key[2 + i] = arguments[i]->name_iid();
      by_number = by_number && arguments[i]->has_name_iid();
    }
    if (by_number)
      if (const auto found = sequence.labels.find(key); found != sequence.labels.end())
        return found->second;

    const auto text = [](const Sequence::Names& names, std::uint64_t iid) {
      const auto found = names.find(iid);
      return found == names.end() ? std::string() : found->second;
    };
    Label label = {.text = packet.has_name() ? packet.name() : text(sequence.names, key[0]),
                   .arguments = {}};
    set_category(label, packet.categories().empty() ? text(sequence.categories, key[1])
                                                    : packet.categories(0));
    for (std::size_t i = 0; i < count; ++i)
      label.arguments[i] =
          arguments[i]->has_name() ? arguments[i]->name() : text(sequence.arguments, key[2 + i]);
    const std::uint32_t number = builder_.label(label);
    if (by_number) sequence.labels[key] = number;
    return number;
  }

  // Makes the track a thread, or part of the one that it means.
  void place(std::uint64_t uuid) {
    Track& track = tracks_[uuid];
    const bool own = !track.is_thread && !track.is_process && !track.is_counter;
    const std::uint32_t process = builder_.process(pid_of(track));
    const std::int64_t id = own ? builder_.free_id(process) : track.is_thread ? track.tid : 0;
    const auto [entry, fresh] = threads_.emplace(std::pair(process, id), 0);
    if (fresh) entry->second = builder_.thread(id, process);
    Thread& thread = builder_.thread_at(entry->second);
    if (thread.name.empty() && !track.is_process && !track.is_counter) thread.name = track.name;
    if (__builtin_add_overflow(thread.dropped, track.dropped, &thread.dropped))
      thread.dropped = track.dropped;
    builder_.lane(entry->second).append(std::move(track.lane));
  }

  // The process of the track, or of the nearest that it belongs to.
  std::int64_t pid_of(const Track& track) const {
    const Track* at = &track;
    for (int depth = 0; depth < 16; ++depth) {
      if (at->is_thread || at->is_process) return at->pid;
      const auto parent = tracks_.find(at->parent);
      if (parent == tracks_.end()) break;
      at = &parent->second;
    }
    return builder_.first_process();
  }

  Source source_;
  Builder builder_;
  std::unordered_map<std::uint32_t, Sequence> sequences_;
  std::map<std::uint32_t, Clock> clocks_;
  std::unordered_map<std::uint64_t, Track> tracks_;
  std::vector<std::uint64_t> order_;  // of threads' descriptors and other tracks' first events
  std::map<std::pair<std::uint32_t, std::int64_t>, std::size_t> threads_;
};

}  // namespace

Trace read_perfetto(std::istream& in, const std::string& origin, CutOff cut_off) {
  return Reader(in, origin, cut_off).read();
}

}  // namespace gnomon::trace

#pragma once

// Perfetto's native trace format: TrackEvent packets in protobuf, which ui.perfetto.dev and
// trace_processor open (https://perfetto.dev/docs/reference/synthetic-track-event). perfetto.proto
// holds the part of it that is used.
//
// Processes, threads and counters are tracks with names and units. A slice is a packet at its
// beginning and one at its end, some 40 bytes together and 10 more for an argument; names,
// categories and arguments' names are written once a thread and then meant by number (interned). A
// file is a sequence of packets: any prefix of whole packets is a trace.
//
// What the format has no field for is said by instants of the category "recorder": "beginning of
// recording" at time 0, "end of recording" (steady_clock), "N events dropped: the buffer was full"
// (dropped).

#include <array>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "trace/trace.h"

namespace gnomon::trace {

inline constexpr std::string_view recorder_category = "recorder";

// Streams: needs memory for the labels and the open slices only. The caller checks `out`.
void write_perfetto(const Trace& trace, std::ostream& out);

// Turns events into packets, in the order in which they are to stand in the file. Processes come
// before their threads and threads before their events; the times of a thread's slices need no
// order, if the end of each is added right after its beginning. For one thread at a time.
class Packets {
 public:
  using Numbers = std::map<std::string, std::uint64_t, std::less<>>;

  // How a sequence means a label's parts; all 0 until it has been told.
  struct Known {
    std::uint64_t name = 0, category = 0;
    std::array<std::uint64_t, 2> arguments{};
  };

  // A process's or a thread's track; the caller holds one for each.
  struct Track {
    std::uint64_t uuid = 0;
    std::uint32_t sequence = 0;  // the numbers of names are this sequence's own
    std::vector<Known> labels = {};
    Numbers categories = {}, arguments = {};
    std::map<std::uint32_t, std::uint64_t> counters = {};  // uuids by label
  };

  // Whole packets so far, to be written and cleared by the caller.
  std::string bytes;

  Track add_process(const Process& process);
  // Thread 0 has the track of its process.
  Track add_thread(const Track& process, const Process& of, const Thread& thread);
  // Says a thread's name again, because it has changed.
  void rename(const Track& track, const Process& of, const Thread& thread);

  // `label` is the event's.
  void begin(Track& track, const Event& event, const Label& label);
  void end(const Track& track, std::int64_t time);
  void counter(Track& track, const Event& event, const Label& label);
  void instant(Track& track, const Event& event, const Label& label);

  void mark_beginning(const Track& process);
  void mark_end(const Track& process, std::int64_t time, bool steady_clock);
  void mark_dropped(const Track& thread, std::int64_t time, std::int64_t dropped);

 private:
  struct Argument;

  void introduce(Track& track, std::uint32_t number, const Label& label);
  void named_event(Track& track, const Event& event, const Label& label, int type);
  void mark(const Track& track, std::int64_t time, const std::string& text,
            const Argument& argument);

  std::uint64_t tracks_ = 0;
  std::uint32_t sequences_ = 0;
};

}  // namespace gnomon::trace

#pragma once

// What the readers of all formats share: puts events that come in a file's order into the order
// that Trace promises.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trace/trace.h"

namespace gnomon::trace {

// A thread in the making. Times are the file's own, at most `latest` from zero.
class Lane {
 public:
  static constexpr std::int64_t latest = std::int64_t{1} << 61;

  void add(const Event& event) { events_.push_back(event); }
  // Beginnings and ends are paired by time, and at one time by their order in the file; an end
  // right after a beginning belongs to it. An end without a beginning is passed over.
  void begin(Event event);
  void end(std::int64_t time);

  bool empty() const { return events_.empty(); }
  // Adds all of the other's, as if they stood in the file after ours.
  void append(Lane&& other);
  // The least and the greatest time, where the former is below `first` and the latter above `last`.
  void widen(std::int64_t& first, std::int64_t& last) const;
  // All events, sorted; slices that have no end get `last`.
  std::vector<Event> take(std::int64_t last);

 private:
  struct End {
    std::int64_t time;
    std::size_t position;  // how many events came before
  };

  std::vector<Event> events_;
  std::vector<End> ends_;
};

class Builder {
 public:
  explicit Builder(std::string origin) : origin_name_(std::move(origin)) {}

  // Labels in the order of their coming.
  std::uint32_t label(const Label& label);

  std::uint32_t process(std::int64_t id);  // its index
  std::int64_t first_process() const {     // its id; 0 if there is none
    return trace_.processes.empty() ? 0 : trace_.processes[0].id;
  }
  Process& process_at(std::uint32_t index) { return trace_.processes[index]; }

  // A new thread, which takes its events from the lane in `finish`.
  std::size_t thread(std::int64_t id, std::uint32_t process);
  Thread& thread_at(std::size_t index) { return trace_.threads[index]; }
  Lane& lane(std::size_t thread) { return lanes_[thread]; }

  // Where the file says when the recording began and ended. Otherwise it did with its first and
  // last event.
  void set_end(std::int64_t end) { end_ = end; }
  void set_origin(std::int64_t origin) { origin_ = origin; }
  void set_cut_off() { trace_.cut_off = true; }
  void set_steady_clock(bool steady) { trace_.steady_clock = steady; }

  // A number that no thread of the process has.
  std::int64_t free_id(std::uint32_t process);

  // Once, at the end. Throws InputError that opens with `origin` if slices of one thread overlap
  // more deeply than `most_overlapping`.
  Trace finish();

 private:
  void separate(std::size_t index);

  static constexpr std::int64_t unset = std::int64_t{1} << 62;
  static constexpr std::size_t most_overlapping = 1000;

  std::string origin_name_;
  Trace trace_{.labels = {}, .processes = {}, .threads = {}};
  std::vector<Lane> lanes_;
  std::map<Label, std::uint32_t> labels_;
  std::map<std::int64_t, std::uint32_t> processes_;
  std::set<std::pair<std::uint32_t, std::int64_t>> ids_;  // of threads, by process
  std::map<std::uint32_t, std::int64_t> next_ids_;        // where free_id goes on, by process
  std::int64_t origin_ = unset;
  std::int64_t end_ = unset;
};

}  // namespace gnomon::trace

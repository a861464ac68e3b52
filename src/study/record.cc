#include "study/record.h"

#include <sqlite3.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace gnomon::study {
namespace {

constexpr int kApplicationId = 0x476e6f6d;  // "Gnom"

// Entry i takes the schema from version i to i + 1. Entries are never changed, only added.
constexpr std::array<std::string_view, 1> kMigrations = {R"sql(
CREATE TABLE run(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  study TEXT NOT NULL,
  hash TEXT NOT NULL,
  environment TEXT NOT NULL,
  specification TEXT NOT NULL,
  started TEXT NOT NULL,
  state TEXT NOT NULL,
  most_blocks INTEGER NOT NULL,
  report TEXT);
CREATE INDEX run_by_hash ON run(hash, environment);
CREATE TABLE block(
  run INTEGER NOT NULL REFERENCES run(id),
  block INTEGER NOT NULL,
  started TEXT NOT NULL,
  seconds REAL NOT NULL,
  load REAL NOT NULL,
  steal_seconds REAL NOT NULL,
  PRIMARY KEY(run, block));
CREATE TABLE replicate(
  run INTEGER NOT NULL,
  block INTEGER NOT NULL,
  position INTEGER NOT NULL,
  configuration INTEGER NOT NULL,
  aa INTEGER NOT NULL,
  started TEXT NOT NULL,
  wall_seconds REAL NOT NULL,
  outcome TEXT NOT NULL,
  complaint TEXT NOT NULL,
  context_switches INTEGER NOT NULL,
  page_faults INTEGER NOT NULL,
  measures TEXT NOT NULL,
  PRIMARY KEY(run, block, position),
  FOREIGN KEY(run, block) REFERENCES block(run, block));
)sql"};

void run_script(Database& database, std::string_view script) {
  while (script.find_first_not_of(" \n") != std::string_view::npos) {
    const auto end = script.find(';');
    database.run(script.substr(0, end));
    script.remove_prefix(end + 1);
  }
}

std::int64_t pragma(const Database& database, std::string_view name) {
  Statement statement(database, fmt::format("PRAGMA {}", name));
  return statement.step() ? statement.integer(0) : 0;
}

void check_integrity(const Database& database) {
  Statement check(database, "PRAGMA quick_check(1)");
  if (check.step() && check.text(0) != "ok") database.fail(SQLITE_CORRUPT);
}

std::filesystem::path with_folder(const std::filesystem::path& file) {
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  if (error)
    throw InputError("{}: its folder cannot be made: {}; give another file with --records",
                     file.string(), error.message());
  return file;
}

Run run_of(const Statement& row) {
  return {row.integer(0),
          row.text(1),
          row.text(2),
          row.text(3),
          row.text(4),
          row.text(5),
          static_cast<int>(row.integer(6)),
          static_cast<int>(row.integer(7))};
}

constexpr std::string_view kRunColumns =
    "SELECT id, study, hash, environment, started, state, most_blocks, "
    "(SELECT COUNT(*) FROM block WHERE block.run = run.id) FROM run ";

double sum(const Database& database, std::string_view expression, std::int64_t run) {
  Statement statement(database, fmt::format("SELECT {} FROM block WHERE run = ?", expression));
  statement.bind(run);
  return statement.step() ? statement.real(0) : 0;
}

}  // namespace

Records::Records(const std::filesystem::path& file) : database_(with_folder(file)) { migrate(); }

Records Records::in_memory() { return Records(":memory:"); }

void Records::migrate() {
  const std::string name = file().string();
  const auto version = static_cast<std::size_t>(pragma(database_, "user_version"));
  const auto application = pragma(database_, "application_id");
  const bool empty = pragma(database_, "schema_version") == 0;
  if (application != kApplicationId && !empty)
    throw InputError("{}: is a database of another program; give another file with --records",
                     name);
  if (version > kMigrations.size())
    throw InputError(
        "{}: was written by a newer gnomon (schema {}, this one knows {}); update, or "
        "give another file with --records",
        name, version, kMigrations.size());
  check_integrity(database_);
  database_.run("PRAGMA journal_mode = WAL");
  database_.run("PRAGMA synchronous = FULL");
  database_.run("PRAGMA foreign_keys = ON");
  if (version == kMigrations.size()) return;
  Transaction transaction(database_);
  // Another process may have been faster.
  for (auto v = static_cast<std::size_t>(pragma(database_, "user_version")); v < kMigrations.size();
       ++v)
    run_script(database_, kMigrations[v]);
  database_.run(fmt::format("PRAGMA application_id = {}", kApplicationId));
  database_.run(fmt::format("PRAGMA user_version = {}", kMigrations.size()));
  transaction.commit();
}

std::optional<Run> Records::resumable(const std::string& hash,
                                      const std::string& environment) const {
  Statement statement(database_, fmt::format("{} WHERE hash = ? AND environment = ? AND state <> "
                                             "'finished' ORDER BY id DESC LIMIT 1",
                                             kRunColumns));
  statement.bind(hash, environment);
  if (!statement.step()) return std::nullopt;
  return run_of(statement);
}

std::int64_t Records::begin(const Run& run, std::string_view specification) {
  Statement(database_,
            "INSERT INTO run(study, hash, environment, specification, started, state, most_blocks) "
            "VALUES(?, ?, ?, ?, ?, 'running', ?)")
      .bind(run.study, run.hash, run.environment, specification, run.started, run.most_blocks)
      .run();
  return database_.last_id();
}

void Records::fix_most_blocks(std::int64_t run, int most_blocks) {
  Statement(database_, "UPDATE run SET most_blocks = ? WHERE id = ?").bind(most_blocks, run).run();
}

void Records::add_block(std::int64_t run, int block, const BlockFacts& facts,
                        const std::vector<Observed>& replicates) {
  Transaction transaction(database_);
  Statement(database_, "INSERT INTO block VALUES(?, ?, ?, ?, ?, ?)")
      .bind(run, block, facts.started, facts.elapsed.value, facts.load, facts.steal.value)
      .run();
  for (const Observed& o : replicates) {
    const Replicate& r = o.replicate;
    Statement(database_, "INSERT INTO replicate VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(run, block, r.position, r.configuration, r.aa ? 1 : 0, r.started, r.wall, r.outcome,
              o.complaint, std::int64_t{o.context_switches}, std::int64_t{o.page_faults},
              nlohmann::json(r.values).dump())
        .run();
  }
  transaction.commit();
}

std::vector<Replicate> Records::replicates(std::int64_t run) const {
  std::vector<Replicate> result;
  Statement row(
      database_,
      "SELECT block, position, configuration, aa, started, wall_seconds, outcome, measures "
      "FROM replicate WHERE run = ? ORDER BY block, position");
  row.bind(run);
  while (row.step()) {
    Replicate r;
    r.block = static_cast<int>(row.integer(0));
    r.position = static_cast<int>(row.integer(1));
    r.configuration = static_cast<int>(row.integer(2));
    r.aa = row.integer(3) != 0;
    r.started = row.text(4);
    r.wall = row.real(5);
    r.outcome = row.text(6);
    const auto values = nlohmann::json::parse(row.text(7), nullptr, false);
    if (values.is_object())
      for (const auto& [name, value] : values.items())
        if (value.is_number()) r.values[name] = value.get<double>();
    result.push_back(std::move(r));
  }
  return result;
}

Seconds Records::measured(std::int64_t run) const {
  return Seconds(sum(database_, "TOTAL(seconds)", run));
}
Seconds Records::steal(std::int64_t run) const {
  return Seconds(sum(database_, "TOTAL(steal_seconds)", run));
}
double Records::highest_load(std::int64_t run) const { return sum(database_, "MAX(load)", run); }

void Records::conclude(std::int64_t run, std::string_view state, std::string_view report) {
  Statement(database_, "UPDATE run SET state = ?, report = ? WHERE id = ?")
      .bind(state, report, run)
      .run();
}

std::vector<Run> Records::runs() const {
  std::vector<Run> result;
  Statement row(database_, fmt::format("{} ORDER BY id DESC", kRunColumns));
  while (row.step()) result.push_back(run_of(row));
  return result;
}

Run Records::run(std::int64_t id) const {
  Statement row(database_, fmt::format("{} WHERE id = ?", kRunColumns));
  row.bind(id);
  if (!row.step())
    throw InputError("{}: holds no run {}; 'gnomon study list' shows what it holds",
                     file().string(), id);
  return run_of(row);
}

std::string Records::report(std::int64_t id) const {
  const Run found = run(id);
  Statement row(database_, "SELECT report FROM run WHERE id = ? AND report IS NOT NULL");
  row.bind(id);
  if (!row.step())
    throw InputError(
        "run {} of {} was ended before its first look ({} blocks are kept); 'gnomon "
        "study run' of the same file continues it",
        id, found.study, found.blocks);
  return row.text(0);
}

FileLock lock_records(const std::filesystem::path& records) {
  const std::filesystem::path file = with_folder(records).string() + ".lock";
  if (auto lock = FileLock::take(file, Seconds(2))) return std::move(*lock);
  throw InputError("{}: is in use by {}; wait for it, or give another file with --records",
                   records.string(), lock_holder(file));
}

}  // namespace gnomon::study

#include "study/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>

#include "base/error.h"

namespace gnomon::study {
namespace {

constexpr int kPatienceMilliseconds = 2000;

// The process that holds one of SQLite's POSIX locks on the database or its shared memory; 0 if
// none is seen. Closing a descriptor drops this process's own locks on the file, so this is asked
// only on the way out.
pid_t holder(const std::filesystem::path& file) {
  for (const std::string& path : {file.string() + "-shm", file.string()}) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) continue;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool held = ::fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    ::close(descriptor);
    if (held && lock.l_pid > 0) return lock.l_pid;
  }
  return 0;
}

}  // namespace

void Statement::Finalise::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* handle) const { sqlite3_close(handle); }

Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) database.fail(code);
}

void Statement::set(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index + 1, value);
}
void Statement::set(int index, double value) {
  sqlite3_bind_double(statement_.get(), index + 1, value);
}
void Statement::set(int index, std::string_view value) {
  sqlite3_bind_text(statement_.get(), index + 1, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->fail(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string Statement::text(int column) const {
  const auto* text = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? "" : std::string(reinterpret_cast<const char*>(text), size);
}

Database::Database(const std::filesystem::path& file) : file_(file) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code);
  sqlite3_busy_timeout(handle, kPatienceMilliseconds);
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle()); }

void Database::fail(int code) const {
  const std::string name = file_.string();
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      throw InputError("{}: is not a record file; give another with --records", name);
    case SQLITE_CORRUPT:
      throw InputError(
          "{}: is damaged; move it away and a new one is made, or recover it with "
          "'sqlite3 {} .recover'",
          name, name);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: {
      const pid_t pid = holder(file_);
      throw InputError("{}: is locked by {}; wait for it, or give another file with --records",
                       name, pid > 0 ? fmt::format("process {}", pid) : "another process");
    }
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw InputError(
          "{}: cannot be opened for writing; check the folder and its permissions, or "
          "give another file with --records",
          name);
    case SQLITE_FULL:
    case SQLITE_IOERR:
      throw EnvironmentError(
          "{}: cannot be written: {}; free some space and run the study again, "
          "every finished block is kept",
          name, sqlite3_errmsg(handle()));
    default:
      throw InternalError(fmt::format("{}: {}", name, sqlite3_errmsg(handle())));
  }
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}
Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace gnomon::study

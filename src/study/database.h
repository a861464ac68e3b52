#pragma once

// SQLite as values: prepared statements that bind and read, transactions that roll back unless
// committed, errors that name the file and the remedy.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace gnomon::study {

class Database;

// Columns and parameters count from 0.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  template <typename... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (set(index++, values), ...);
    return *this;
  }
  bool step();  // true if there is a row
  void run();   // steps to the end

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  struct Finalise {
    void operator()(sqlite3_stmt* statement) const;
  };
  void set(int index, std::int64_t value);
  void set(int index, int value) { set(index, std::int64_t{value}); }
  void set(int index, double value);
  void set(int index, std::string_view value);
  void set(int index, const std::string& value) { set(index, std::string_view(value)); }

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalise> statement_;
};

class Database {
 public:
  // Opens or creates. Throws InputError if the file is damaged, is no database, or is held by
  // another process for over two seconds; EnvironmentError if the disk fails or is full.
  explicit Database(const std::filesystem::path& file);

  void run(std::string_view sql) { Statement(*this, sql).run(); }
  std::int64_t last_id() const;
  const std::filesystem::path& file() const { return file_; }
  sqlite3* handle() const { return handle_.get(); }

  // Turns an SQLite result code into the error that tells the user what to do.
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// All or nothing: rolled back by the destructor unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace gnomon::study

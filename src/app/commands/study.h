#pragma once

#include <string>

#include "app/command.h"

namespace gnomon::app {

// A study to carry out: a YAML file or the name of a shipped one, and what overrides it; empty
// means as the study says.
struct StudyRun {
  std::string study;
  std::string records = "runs/records.sqlite";
  std::string budget;
  std::string blocks;
  std::string report;  // the HTML page to write; none if empty
  bool json = false;
};

// Runs it, or continues it, and prints the answer.
void run_and_print(const StudyRun& options);

void add_study(CLI::App& parent);

}  // namespace gnomon::app

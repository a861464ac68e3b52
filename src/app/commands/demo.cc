#include "app/commands/demo.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "app/commands/study.h"

namespace gnomon::app {

void add_demo(CLI::App& parent) {
  auto* command = parent.add_subcommand(
      "demo", "Train LeNet on Fashion-MNIST, measure 16 ways to serve it, recommend one");
  const auto run = std::make_shared<StudyRun>();
  run->study = "ship-a-classifier";
  run->report = "runs/demo.html";
  command->add_option("--budget", run->budget, "Time to measure; default 100s");
  command->add_option("--report", run->report, "The HTML report")->capture_default_str();
  command->add_option("--records", run->records, "The file that keeps what was measured")
      ->capture_default_str();
  command->add_flag("--json", run->json, "Print the whole report as JSON");
  command->footer("Example:\n  gnomon demo --budget 60s");
  command->callback([run] {
    if (!run->json)
      fmt::print(stderr,
                 "LeNet on Fashion-MNIST: trained in f32 and in bf16, then served at four batch "
                 "sizes on one and two threads,\n"
                 "each measurement in a fresh process, in shuffled blocks. About two minutes; "
                 "Ctrl-C keeps what is measured.\n\n");
    run_and_print(*run);
  });
}

}  // namespace gnomon::app

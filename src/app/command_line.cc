#include "app/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <new>

#include "app/command.h"
#include "app/commands/compare.h"
#include "app/commands/demo.h"
#include "app/commands/evaluate.h"
#include "app/commands/generate.h"
#include "app/commands/ir.h"
#include "app/commands/machine.h"
#include "app/commands/profile.h"
#include "app/commands/replay.h"
#include "app/commands/runs.h"
#include "app/commands/study.h"
#include "app/commands/train.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/nearest.h"

namespace gnomon::app {
namespace {

int complain(const char* kind, const std::exception& error, int code) {
  fmt::print(stderr, "gnomon: {}{}\n", kind, error.what());
  return code;
}

std::vector<std::string> subcommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  return names;
}

bool takes_words(const CLI::App& command) {
  const auto options = command.get_options();
  return std::any_of(options.begin(), options.end(),
                     [](const CLI::Option* option) { return option->get_positional(); });
}

// Without their dashes, which would make all of them alike.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options())
    names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
  return names;
}

// The first word that begins like an option and is none of the command's, without its dashes; empty
// if there is none.
std::string unknown_option(const CLI::App& command, int argc, char** argv) {
  const auto names = option_names(command);
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (!word.starts_with("--")) continue;
    const std::string name(word.substr(2, word.find('=') - 2));
    if (std::find(names.begin(), names.end(), name) == names.end()) return name;
  }
  return {};
}

std::string remedy_for(const std::string& option, const CLI::App& command,
                       const std::string& help) {
  const auto names = option_names(command);
  const auto close = nearest(option, names);
  const bool likely = 3 * edit_distance(option, close) <= static_cast<int>(option.size());
  return likely ? fmt::format("did you mean '--{}'?", close) : help;
}

// Names the word at fault and where help is; --help and --version are no errors.
int complain_of_usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);
  const CLI::App* command = &app;
  std::string path;  // "machine show"
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto names = subcommands(*command);
    if (names.empty() || word.empty() || word.starts_with('-')) break;
    const bool is_known = std::find(names.begin(), names.end(), word) != names.end();
    if (!is_known && takes_words(*command)) break;
    if (!is_known) {
      fmt::print(stderr, "gnomon: {}{}: unknown command; {}\n", path.empty() ? "" : path + " ",
                 word, suggest(word, names));
      return 2;
    }
    command = command->get_subcommand(word);
    path += (path.empty() ? "" : " ") + word;
  }
  const std::string help = "see gnomon " + path + (path.empty() ? "" : " ") + "--help";
  if (const auto option = unknown_option(*command, argc, argv); !option.empty())
    fmt::print(stderr, "gnomon: {}{}there is no option --{}; {}\n", path, path.empty() ? "" : ": ",
               option, remedy_for(option, *command, help));
  else if (path.empty())
    fmt::print(stderr, "gnomon: {}; {}\n", error.what(), help);
  else
    fmt::print(stderr, "gnomon: {}: {}; {}\n", path, error.what(), help);
  return 2;
}

}  // namespace

int run(int argc, char** argv) {
  catch_interrupts();
  CLI::App app("Gnomon: a laboratory for machine-learning systems", "gnomon");
  app.require_subcommand(1);
  app.set_version_flag("--version", "gnomon " GNOMON_VERSION);
  add_demo(app);
  add_train(app);
  add_runs(app);
  add_replay(app);
  add_evaluate(app);
  add_generate(app);
  add_profile(app);
  add_ir(app);
  add_compare(app);
  add_study(app);
  add_machine(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return complain_of_usage(app, error, argc, argv);
  } catch (const Exit& exit) {
    return exit.code;
  } catch (const InputError& error) {
    return complain("", error, 2);
  } catch (const EnvironmentError& error) {
    return complain("", error, 3);
  } catch (const Interrupted& error) {
    return complain("", error, 130);
  } catch (const std::filesystem::filesystem_error& error) {
    return complain("", error, 3);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "gnomon: out of memory; use a smaller batch or model\n");
    return 3;
  } catch (const std::exception& error) {
    return complain("internal error: ", error, 70);
  }
}

}  // namespace gnomon::app

#pragma once

// How commands name runs and their models.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace gnomon::app {

inline const std::filesystem::path runs_folder = "runs";

// A run by its folder, by its name below runs/, or "latest": the last changed. Throws InputError with
// what there is instead.
std::filesystem::path find_run(const std::string& name);

// The same, or the latest run of a model by the model's name.
std::filesystem::path find_run_of(const std::string& name);

// As find_run, to go on with: "latest" is the last changed that was interrupted or killed, of `model`
// if that is not empty.
std::filesystem::path find_unfinished_run(const std::string& name, const std::string& model);

// A trained model by its file, by its run's folder or name, or by a model's name: that of the
// latest run of it that has one, also where --out put it. Throws InputError with the command that makes one.
std::filesystem::path find_model(const std::string& name);

// One line. What JSON cannot say, a name that is not UTF-8, is printed with replacement characters.
void print_json(const nlohmann::ordered_json& json);

}  // namespace gnomon::app

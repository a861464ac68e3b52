#pragma once

// Command lines with holes: `gnomon evaluate --model-file {stage.train} --batch {batch}`.
//
// A hole is `{name}`; the names that exist are the study's knobs, `stage.NAME` (the path of a
// stage's artefact), `artefact` and `predictions` (the path a stage must write), and `seed`. Braces
// that hold anything but a single name, and `${…}`, are left alone, so awk and shell code survive.
//
// A line is split into words as a shell would, with '…', "…" and \; each hole then fills its place
// within its word, whatever the value holds. A line that needs a shell (a pipe, a redirection, a
// variable, a wildcard …) is run by `/bin/sh -c`, its holes quoted. A line that is one hole and
// nothing else is replaced by its value before all this: a knob may hold whole command lines.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::study {

using Bindings = std::map<std::string, std::string, std::less<>>;

// The names of the holes in a text, in order, with repetitions.
std::vector<std::string> holes(std::string_view text);

// Fills the holes of a plain text (an environment variable). Throws InputError for a hole without a
// value.
std::string fill(std::string_view text, const Bindings& bindings);

// The words to execute. The word `gnomon` in front stands for this very program. Throws InputError
// if the line is empty, a quote is not closed, or a hole has no value.
std::vector<std::string> command_words(std::string_view line, const Bindings& bindings);

// A line as a person may paste it into a shell.
std::string quoted(const std::vector<std::string>& words);

}  // namespace gnomon::study

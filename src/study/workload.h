#pragma once

// The shorthand `workload: {model: lenet, data: fashion-mnist, train: {epochs: 2}}` of a study that
// trains and serves a model: the stages and the command line of this very program that it stands
// for. This is the only place in the layer that knows those options.

#include <map>
#include <string>
#include <vector>

#include "study/specification.h"

namespace gnomon::study {

struct Workload {
  std::string model;
  std::string data;
  std::map<std::string, std::string> train;     // options of `gnomon train`
  std::map<std::string, std::string> evaluate;  // options of `gnomon evaluate`
};

// The options that may be set, as keys of the shorthand. Those of evaluate, and `precision`, may be
// knobs by their own name, those of train as `train.NAME`.
const std::vector<std::string>& train_options();
const std::vector<std::string>& evaluate_options();

// Adds the stages `train` and `assess` and the command. Throws InputError for a knob that is no
// option, with the nearest.
void expand_workload(const Workload& workload, Study& study);

}  // namespace gnomon::study

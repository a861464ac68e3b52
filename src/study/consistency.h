#pragma once

// What must hold between the parts of a study.

#include "machine/yaml_section.h"
#include "study/specification.h"

namespace gnomon::study {

// Throws InputError with the line of the guilty key in `file`: a hole that nothing fills, a knob
// that nothing uses, an objective or constraint on what is not measured, no objective, constraints
// that contradict each other, too many configurations. Adds the throughput that a price is derived
// from.
void check_consistency(Study& study, const yaml::Section& file);

}  // namespace gnomon::study

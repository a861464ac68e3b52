#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "machine/catalogue.h"

namespace gnomon::app {

// gnomon machine list and gnomon machine show: what the catalogue says, on standard output, as text
// or as JSON with the keys of the files. In text what is unknown is called so; in JSON it is
// absent.
void list_machines(bool json);
void show_machine(const std::string& name, bool json);

// Of a price, for other commands that print one.
std::string provenance(const machine::Price& price);
nlohmann::ordered_json json_of(const machine::Price& price);

}  // namespace gnomon::app

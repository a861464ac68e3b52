#include "app/commands/profile_json.h"

namespace gnomon::app {

nlohmann::ordered_json flame_json(const profile::Frame& frame) {
  auto children = nlohmann::ordered_json::array();
  for (const auto& child : frame.children) children.push_back(flame_json(child));
  return {{"name", frame.name}, {"seconds", frame.total.value}, {"children", std::move(children)}};
}

}  // namespace gnomon::app

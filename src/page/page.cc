#include "page/page.h"

#include "base/error.h"
#include "page/template.h"

namespace gnomon::page {

std::string html(std::string_view json) {
  constexpr std::string_view marker = R"(<script id="data" type="application/json">{}</script>)";
  const std::string_view page = page_template();
  const auto at = page.find(marker);
  GNOMON_CHECK(at != std::string_view::npos, "the page has no place for data");
  const auto place = at + marker.find("{}");
  std::string result(page.substr(0, place));
  // "</script>" or "<!--" inside a string would end or hide the element.
  for (const char c : json)
    if (c == '<')
      result += "\\u003c";
    else
      result += c;
  result += page.substr(place + 2);
  return result;
}

}  // namespace gnomon::page

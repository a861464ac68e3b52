#pragma once

// The report page, embedded in the program by the build (cmake/Web.cmake makes it from web/report):
// one HTML file that opens offline. Its data belong into
// `<script id="data" type="application/json">{}</script>`.

#include <string_view>

namespace gnomon::study {

std::string_view report_template();

}  // namespace gnomon::study

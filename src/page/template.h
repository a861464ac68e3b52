#pragma once

// The page without data, embedded in the program by the build (cmake/Web.cmake makes it from
// web/report). The data belong into `<script id="data" type="application/json">{}</script>`.

#include <string_view>

namespace gnomon::page {

std::string_view page_template();

}  // namespace gnomon::page

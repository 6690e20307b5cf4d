// The text of the built-in kinds' schemas. One line a field:
//
//   name[!] [type] [flags]: description
//
// `!` is required. Types: string, int, int64, number, bool, time, quantity, intOrString, any, &Name
// (a fragment above), [type], {type} (a map). Flags: =default, >=minimum, key=a,b (a list that is a
// map), set, ... (unknown fields are kept). No type: an object of the lines below it.
#pragma once

#include <array>
#include <string_view>

namespace poolscaler::simulation {

[[nodiscard]] std::array<std::string_view, 3> built_in_notation();

}  // namespace poolscaler::simulation

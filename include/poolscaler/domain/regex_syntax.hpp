// The syntax of regular expressions as Prometheus reads them: RE2's, in the dialect of Go, matched
// as a whole. Nothing is matched here; what the server would refuse is found before it is asked.
//
// Sound, not complete: what is refused here every Prometheus refuses. Whether a script of \p{...}
// exists is left to the server, since that depends on its version of Unicode.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace poolscaler {

struct RegexFault {
  std::size_t character;  // counted from 1
  std::string problem;    // "'(' opens a group that nothing closes"
  std::string remedy;
};

/// Meant for texts of some hundred bytes: what a server refuses for its size is not looked for.
[[nodiscard]] std::optional<RegexFault> fault_of_regex(std::string_view text);

}  // namespace poolscaler

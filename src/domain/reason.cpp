#include "poolscaler/domain/reason.hpp"

namespace poolscaler {

std::string_view name_of(Reason reason) {
  switch (reason) {
#define X(name, text) \
  case Reason::name:  \
    return #name;
    POOLSCALER_REASONS(X)
#undef X
  }
  return "InternalError";
}

std::string_view text_of(Reason reason) {
  switch (reason) {
#define X(name, text) \
  case Reason::name:  \
    return text;
    POOLSCALER_REASONS(X)
#undef X
  }
  return "";
}

std::string reasons_page() {
  std::string page =
      "# Reasons\n\n"
      "Every decision, whether it changes something or not, carries one of these words. They\n"
      "appear verbatim in conditions, events, metric labels, logs and on the command line; a\n"
      "word that has been released keeps its meaning. This page is generated from the catalogue\n"
      "in `include/poolscaler/domain/reason.hpp`.\n\n"
      "| reason | meaning |\n|---|---|\n";
  for (const auto reason : all_reasons)
    page.append("| `").append(name_of(reason)).append("` | ").append(text_of(reason)).append(
        " |\n");
  return page;
}

}  // namespace poolscaler

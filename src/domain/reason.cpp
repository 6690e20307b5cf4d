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

}  // namespace poolscaler

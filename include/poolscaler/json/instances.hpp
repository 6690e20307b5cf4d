// Classes of nlohmann::json that nearly every file would compile anew. They are compiled once, in
// instances.cpp; only the precompiled header of what is shipped reads this, and a build without it
// makes its own copies.
#pragma once

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;
extern template class nlohmann::detail::serializer<nlohmann::json>;

// Numbers and types of the fields that are read from protobuf (generated.proto of k8s.io/api).
#pragma once

#include <string_view>
#include <vector>

namespace poolscaler::simulation {

enum class WireType {
  Text,
  Number,
  KeptNumber,  // a pointer in Go: zero is a value
  Flag,
  KeptFlag,
  Quantity,
  NumberOrText,
  Message,
  Texts,
  Messages,
  TextMap,
  BytesMap,
  QuantityMap,
};

struct WireField {
  unsigned number;
  std::string_view name;
  WireType type;
  std::string_view message = {};  // of Message and Messages
};

/// The fields of a message; null when it is not known.
[[nodiscard]] const std::vector<WireField>* fields_of_message(std::string_view name);

}  // namespace poolscaler::simulation

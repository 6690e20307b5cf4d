#include "protobuf.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/rendered.hpp"
#include "protobuf_messages.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;

constexpr std::string_view magic("k8s\0", 4);

/// Leaves the reader; caught in this file alone.
struct Refused {
  std::string problem;
};

/// One field as it stands on the wire: a number, or bytes.
struct RawField {
  unsigned number;
  bool is_bytes;
  std::uint64_t value;
  std::string_view bytes;
  [[nodiscard]] bool is_unset() const { return is_bytes ? bytes.empty() : value == 0; }
};

class Wire {
 public:
  explicit Wire(std::string_view rest) : rest_(rest) {}

  std::optional<RawField> next() {
    if (rest_.empty()) return std::nullopt;
    const auto key = varint();
    RawField field{.number = static_cast<unsigned>(key >> 3),
                   .is_bytes = (key & 7) == 2,
                   .value = 0,
                   .bytes = {}};
    if (!field.is_bytes && (key & 7) != 0) throw Refused{"a field has an unknown wire type"};
    field.value = varint();
    if (!field.is_bytes) return field;
    if (field.value > rest_.size()) throw Refused{"a field is longer than what holds it"};
    field.bytes = rest_.substr(0, field.value);
    rest_.remove_prefix(field.value);
    return field;
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) throw Refused{"it ends within a number"};
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    throw Refused{"a number is longer than 64 bits"};
  }

  std::string_view rest_;
};

std::string text_of(std::string_view bytes) {
  if (!query::is_utf8(bytes)) throw Refused{"a text is not valid UTF-8"};
  return std::string(bytes);
}

std::string base64_of(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const auto used = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < used ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= used ? digits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

/// The bytes of field `number` of a small message; empty when it is not set.
std::string_view bytes_in(std::string_view message, unsigned number) {
  std::string_view found;
  Wire wire(message);
  while (const auto field = wire.next())
    if (field->number == number && field->is_bytes) found = field->bytes;
  return found;
}

std::string quantity_of(std::string_view message) { return text_of(bytes_in(message, 1)); }

json number_or_text(std::string_view message) {
  std::uint64_t is_text = 0;
  std::uint64_t number = 0;
  Wire wire(message);
  while (const auto field = wire.next()) {
    if (field->number == 1) is_text = field->value;
    if (field->number == 2) number = field->value;
  }
  if (is_text != 0) return text_of(bytes_in(message, 3));
  return static_cast<std::int64_t>(number);
}

json message_of(std::string_view bytes, std::string_view name);

void take_entry(json& map, const WireField& known, std::string_view entry) {
  const auto value = bytes_in(entry, 2);
  auto& place = map[text_of(bytes_in(entry, 1))];
  if (known.type == WireType::TextMap) place = text_of(value);
  if (known.type == WireType::BytesMap) place = base64_of(value);
  if (known.type == WireType::QuantityMap) place = quantity_of(value);
}

void take_number(json& object, const WireField& known, std::uint64_t value) {
  const std::string name(known.name);
  const bool is_flag = known.type == WireType::Flag || known.type == WireType::KeptFlag;
  const bool is_kept = known.type == WireType::KeptNumber || known.type == WireType::KeptFlag;
  if (value == 0 && !is_kept) return;
  object[name] = is_flag ? json(value != 0) : json(static_cast<std::int64_t>(value));
}

void take_bytes(json& object, const WireField& known, std::string_view bytes) {
  const std::string name(known.name);
  switch (known.type) {
    case WireType::Text:
      if (!bytes.empty()) object[name] = text_of(bytes);
      break;
    case WireType::Quantity: object[name] = quantity_of(bytes); break;
    case WireType::NumberOrText: object[name] = number_or_text(bytes); break;
    case WireType::Message:
      if (auto inner = message_of(bytes, known.message); !inner.empty())
        object[name] = std::move(inner);
      break;
    case WireType::Texts: object[name].push_back(text_of(bytes)); break;
    case WireType::Messages: object[name].push_back(message_of(bytes, known.message)); break;
    case WireType::TextMap:
    case WireType::BytesMap:
    case WireType::QuantityMap: take_entry(object[name], known, bytes); break;
    case WireType::Number:
    case WireType::KeptNumber:
    case WireType::Flag:
    case WireType::KeptFlag: break;
  }
}

bool is_number(WireType type) {
  return type == WireType::Number || type == WireType::KeptNumber || type == WireType::Flag ||
         type == WireType::KeptFlag;
}

json message_of(std::string_view bytes, std::string_view name) {
  const auto* const fields = fields_of_message(name);
  if (fields == nullptr) throw Refused{fmt::format("kind {} is not known", name)};
  auto object = json::object();
  Wire wire(bytes);
  while (const auto field = wire.next()) {
    const auto known = std::ranges::find(*fields, field->number, &WireField::number);
    if (known == fields->end()) {
      if (field->is_unset()) continue;
      throw Refused{fmt::format("field {} of {} is not known", field->number, name)};
    }
    if (field->is_bytes == is_number(known->type))
      throw Refused{fmt::format("{} of {} has another type", known->name, name)};
    if (field->is_bytes)
      take_bytes(object, *known, field->bytes);
    else
      take_number(object, *known, field->value);
  }
  return object;
}

}  // namespace

Result<json> read_protobuf(std::string_view body) {
  try {
    if (!body.starts_with(magic)) throw Refused{"it does not begin as Kubernetes protobuf does"};
    const auto envelope = body.substr(magic.size());
    const auto type = bytes_in(envelope, 1);
    const auto kind = text_of(bytes_in(type, 2));
    auto object = message_of(bytes_in(envelope, 2), capped(escaped(kind), 64));
    object["apiVersion"] = text_of(bytes_in(type, 1));
    object["kind"] = kind;
    return object;
  } catch (const Refused& refused) {
    return fail(ErrorKind::InvalidInput, refused.problem);
  }
}

}  // namespace poolscaler::simulation

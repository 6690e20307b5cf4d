#include "syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <system_error>

namespace poolscaler::api {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }
bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <class Inner>
bool framed(std::string_view text, bool (*edge)(char), Inner inner) {
  return !text.empty() && edge(text.front()) && edge(text.back()) &&
         std::ranges::all_of(text, inner);
}

bool is_anything(std::string_view) { return true; }

bool is_dns_label(std::string_view text) {
  return framed(text, is_lower_or_digit, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  return framed(text, is_lower_or_digit,
                [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; });
}

bool is_api_version(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_dns_label(text) && is_lower(text.front());
  const auto version = text.substr(slash + 1);
  return is_dns_subdomain(text.substr(0, slash)) && is_dns_label(version) &&
         is_lower(version.front());
}

bool is_kind_word(std::string_view text) {
  return !text.empty() && is_upper(text.front()) && std::ranges::all_of(text, is_alphanumeric);
}

bool is_label_name(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

bool is_metric_name(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == ':';
  });
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_printable(std::string_view text) { return std::ranges::none_of(text, is_control); }

bool is_query_text(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return is_control(c) && c != '\t' && c != '\n' && c != '\r'; });
}

/// Splits "host[:port]" off the front of `text`; false when there is no such thing.
bool take_host_and_port(std::string_view& text) {
  const auto end = std::min(text.find('/'), text.size());
  auto authority = text.substr(0, end);
  text.remove_prefix(end);
  std::string_view host;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (host.empty() ||
        !std::ranges::all_of(host, [](char c) { return is_hex(c) || c == ':' || c == '.'; }))
      return false;
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, colon);
    authority.remove_prefix(colon);
    if (!framed(host, is_alphanumeric,
                [](char c) { return is_alphanumeric(c) || c == '.' || c == '-'; }))
      return false;
  }
  if (authority.empty()) return true;
  const auto port = authority.substr(1);
  return authority.front() == ':' && !port.empty() && port.size() <= 5 &&
         std::ranges::all_of(port, is_digit);
}

bool is_http_url(std::string_view text) {
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else {
    return false;
  }
  if (!take_host_and_port(text)) return false;
  return std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || std::string_view("/._~%-").find(c) != std::string_view::npos;
  });
}

bool is_file_path(std::string_view text) {
  if (text.size() < 2 || text.front() != '/' || text.back() == '/') return false;
  text.remove_prefix(1);
  while (true) {
    const auto end = std::min(text.find('/'), text.size());
    const auto segment = text.substr(0, end);
    // Kubernetes projects files as "..data/token"; only the segments '.' and '..' climb or repeat.
    if (segment.empty() || segment == "." || segment == ".." ||
        !std::ranges::all_of(segment, [](char c) {
          return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
        }))
      return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_namespace_or_all(std::string_view text) { return text == "*" || is_dns_label(text); }

struct Suffix {
  std::string_view text;
  int decimal_exponent;
  int binary_exponent;
};
constexpr std::array suffixes = {
    Suffix{"m", -3, 0},  Suffix{"k", 3, 0},   Suffix{"M", 6, 0},   Suffix{"G", 9, 0},
    Suffix{"T", 12, 0},  Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20}, Suffix{"Gi", 0, 30},
    Suffix{"Ti", 0, 40}, Suffix{"", 0, 0},
};

/// Length of the digits with their fraction at the front of `text`; 0 when malformed.
std::size_t number_length(std::string_view text) {
  std::size_t whole = 0;
  while (whole < text.size() && is_digit(text[whole])) ++whole;
  if (whole == 0 || whole > 12) return 0;
  if (whole == text.size() || text[whole] != '.') return whole;
  std::size_t fraction = 0;
  while (whole + 1 + fraction < text.size() && is_digit(text[whole + 1 + fraction])) ++fraction;
  return fraction == 0 || fraction > 9 ? 0 : whole + 1 + fraction;
}

/// No suffixes, at most 9 digits on either side: each is an amount that can be declared.
bool is_money(std::string_view text) {
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.size() <= 9 && std::ranges::all_of(part, is_digit);
  };
  return digits(whole) && (point == text.size() || digits(text.substr(point + 1)));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_cron_text(std::string_view text) {
  const auto in_field = [](char c) {
    return is_alphanumeric(c) || std::string_view("*?/,-").find(c) != std::string_view::npos;
  };
  if (text.empty() || is_blank(text.front()) || is_blank(text.back())) return false;
  int fields = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!in_field(text[i]) && !is_blank(text[i])) return false;
    if (is_blank(text[i]) && !is_blank(text[i - 1])) ++fields;
  }
  return fields == 5;
}

bool is_time_zone_name(std::string_view text) {
  while (true) {
    const auto end = std::min(text.find('/'), text.size());
    const auto part = text.substr(0, end);
    if (part.empty() || !is_letter(part.front()) || !std::ranges::all_of(part, [](char c) {
          return is_alphanumeric(c) || c == '_' || c == '+' || c == '-';
        }))
      return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_calendar_date(std::string_view text) {
  if (text.size() != 5 && text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto from_end = text.size() - i;
    const bool is_dash = from_end == 3 || from_end == 6;
    if (is_dash ? text[i] != '-' : !is_digit(text[i])) return false;
  }
  return true;
}

/// Empty, or letters, digits, '-', '_' and '.', with a letter or digit at either end.
bool is_label_text(std::string_view text) {
  return text.empty() || framed(text, is_alphanumeric, [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

bool is_resource_name(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && slash + 1 < text.size() &&
         is_dns_subdomain(text.substr(0, slash)) && is_label_text(text.substr(slash + 1));
}

bool is_label_key(std::string_view text) {
  return text.find('/') == std::string_view::npos ? !text.empty() && is_label_text(text)
                                                  : is_resource_name(text);
}

/// "[0]" to "[99]", taken off the end.
bool take_index(std::string_view& name) {
  if (!name.ends_with(']')) return true;
  const auto open = name.rfind('[');
  if (open == std::string_view::npos) return false;
  const auto digits = name.substr(open + 1, name.size() - open - 2);
  name = name.substr(0, open);
  return !digits.empty() && digits.size() <= 2 && std::ranges::all_of(digits, is_digit);
}

bool is_field_path(std::string_view text) {
  while (true) {
    const auto end = std::min(text.find('.'), text.size());
    auto name = text.substr(0, end);
    if (!take_index(name) || name.empty() || !is_letter(name.front()) ||
        !std::ranges::all_of(name, is_alphanumeric))
      return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_decimal(std::string_view text) { return decimal_value(text).has_value(); }

constexpr std::array<SyntaxFacts, 21> all_facts = {{
    {"", "", is_anything},
    {"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
     "must be lower-case letters, digits and '-', beginning and ending with a letter or digit",
     is_dns_label},
    {"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
     "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
     is_dns_subdomain},
    {"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[a-z]([-a-z0-9]*[a-z0-9])?$",
     "must be a group and version such as 'apps/v1', or a version alone such as 'v1'",
     is_api_version},
    {"^[A-Z][A-Za-z0-9]*$", "must be the kind of an object, in CamelCase such as 'Deployment'",
     is_kind_word},
    {"^[a-zA-Z_:][a-zA-Z0-9_:]*$", "must be the name of a metric: letters, digits, '_' and ':'",
     is_metric_name},
    {"^[a-zA-Z_][a-zA-Z0-9_]*$", "must be the name of a label: letters, digits and '_'",
     is_label_name},
    {"^[^\\x00-\\x1f\\x7f]*$", "must not have control characters", is_printable},
    {"^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]*$",
     "must not have control characters other than tabs and line breaks", is_query_text},
    {"^https?://([A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?|\\[[0-9a-fA-F:.]+\\])(:[0-9]{1,5})?"
     "(/[-A-Za-z0-9._~%/]*)?$",
     "must be http:// or https://, a host, an optional port and path, "
     "and neither user, query nor fragment",
     is_http_url},
    {"^(/([-A-Za-z0-9_]|\\.[-A-Za-z0-9_]|\\.\\.[-A-Za-z0-9._])[-A-Za-z0-9._]*)+$",
     "must be an absolute path without '.' and '..'", is_file_path},
    {"^(\\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$", "must be the name of a namespace, or '*' for all",
     is_namespace_or_all},
    {"^[0-9]{1,12}(\\.[0-9]{1,9})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$",
     "must be a whole number, or a decimal in quotes such as '0.8' or '500m'", is_decimal},
    {"^[0-9]{1,9}(\\.[0-9]{1,9})?$",
     "must be an amount such as '98.32': at most 9 digits before the point and 9 behind it",
     is_money},
    {"^[-0-9A-Za-z*?/,]+([ \\t]+[-0-9A-Za-z*?/,]+){4}$",
     "must have 5 fields (minute, hour, day-of-month, month, day-of-week) of letters, digits and "
     "* ? / , -",
     is_cron_text},
    {"^[A-Za-z][-A-Za-z0-9_+]*(/[A-Za-z][-A-Za-z0-9_+]*)*$",
     "must be the name of an IANA time zone", is_time_zone_name},
    {"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$",
     "must be a date: year-month-day, or month-day for every year", is_calendar_date},
    {"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
     "must be the name of an extended resource, such as 'nvidia.com/gpu'", is_resource_name},
    {"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
     "must be the key of a label, such as 'team' or 'example.com/team'", is_label_key},
    {"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
     "must be the value of a label: letters, digits, '-', '_' and '.', beginning and ending with a "
     "letter or digit",
     is_label_text},
    {"^[A-Za-z][A-Za-z0-9]*(\\[[0-9]{1,2}\\])?(\\.[A-Za-z][A-Za-z0-9]*(\\[[0-9]{1,2}\\])?)*$",
     "must be the path of a field, such as 'spec.scaling[0].desiredSize'", is_field_path},
}};

}  // namespace

const SyntaxFacts& facts_of(Syntax syntax) { return all_facts[static_cast<std::size_t>(syntax)]; }

std::optional<double> decimal_value(std::string_view text) {
  const auto length = number_length(text);
  if (length == 0) return std::nullopt;
  const auto* suffix = std::ranges::find(suffixes, text.substr(length), &Suffix::text);
  if (suffix == suffixes.end()) return std::nullopt;
  // The exponent goes into the text, so that "500m" is the same number as "0.5", correctly rounded.
  const auto number =
      std::string(text.substr(0, length)) + "e" + std::to_string(suffix->decimal_exponent);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return std::ldexp(value, suffix->binary_exponent);
}

std::optional<std::size_t> utf8_length(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + length > text.size())
      return std::nullopt;
    std::uint32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return std::nullopt;
      point = (point << 6U) | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return std::nullopt;
    i += length;
  }
  return count;
}

}  // namespace poolscaler::api

// One pass over the expression with the open groups on a stack. Of what stands before a repetition
// only two things matter: that there is something, and how often it repeats what is within it.

#include "poolscaler/domain/regex_syntax.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler {
namespace {

constexpr int repetitions_max = 1000;
constexpr char32_t code_point_max = 0x10FFFF;

constexpr std::string_view backslash_remedy = "write '\\\\' for the character itself";
constexpr std::string_view bracket_remedy = "close it with ']', or write '\\[' for the character";

constexpr std::array<std::string_view, 14> named_classes = {
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
    "lower", "print", "punct", "space", "upper", "word",  "xdigit"};

bool is_digit_code(char32_t c) { return c >= '0' && c <= '9'; }
bool is_octal(char32_t c) { return c >= '0' && c <= '7'; }
bool is_letter_code(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) {
  const auto code = static_cast<unsigned char>(c);
  return is_digit_code(code) || is_letter_code(code) || c == '_';
}
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::optional<int> hex_digit(char32_t c) {
  if (is_digit_code(c)) return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<char32_t> control_character(char32_t c) {
  switch (c) {
    case 'a': return '\a';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return std::nullopt;
  }
}

/// A group that is open, or the whole.
struct Group {
  std::size_t begin;
  bool has_operand = false;  // something that can be repeated
  int repeated = 1;          // how often the last operand repeats what is within it, at most
  int most = 1;              // the same of all before it
};

struct Counts {
  int least;
  int most;  // -1: no end
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) { groups_.push_back({.begin = 0}); }

  std::optional<RegexFault> scan() {
    while (!at_end()) part();
    if (groups_.size() > 1)
      refuse(groups_.back().begin, "'(' opens a group that nothing closes",
             "close it with ')', or write '\\(' for the character");
    return std::move(fault_);
  }

 private:
  [[nodiscard]] bool at_end() const { return fault_ || at_ >= text_.size(); }
  [[nodiscard]] std::string_view rest() const { return text_.substr(std::min(at_, text_.size())); }
  [[nodiscard]] bool next_is(char c) const { return !at_end() && text_[at_] == c; }
  bool take_if(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  /// The next code point; there must be one.
  char32_t take() {
    const auto first = static_cast<unsigned char>(text_[at_++]);
    if (first < 0xC0) return first;
    char32_t c = first & (first >= 0xF0 ? 0x07U : first >= 0xE0 ? 0x0FU : 0x1FU);
    while (at_ < text_.size() && is_continuation(text_[at_]))
      c = (c << 6U) | (static_cast<unsigned char>(text_[at_++]) & 0x3FU);
    return c;
  }
  [[nodiscard]] std::string said(std::size_t begin) const {
    return escaped(text_.substr(begin, std::min(at_, text_.size()) - begin));
  }

  /// Only the first fault is told.
  void refuse(std::size_t at, std::string problem, std::string_view remedy) {
    if (fault_) return;
    const auto before = text_.substr(0, at);
    const auto characters = std::ranges::count_if(before, std::not_fn(is_continuation));
    fault_ = RegexFault{.character = static_cast<std::size_t>(characters) + 1,
                        .problem = std::move(problem),
                        .remedy = std::string(remedy)};
  }

  void part() {
    const bool after_repetition = std::exchange(repeated_, false);
    const auto begin = at_;
    switch (take()) {
      case '(': return open_group(begin);
      case ')': return close_group(begin);
      case '|': return begin_alternative();
      case '[': bracket(begin); return operand(1);
      case '\\': return escape(begin);
      case '*':
      case '+':
      case '?': return repeat(begin, after_repetition, std::nullopt);
      case '{':
        if (const auto counts = counted()) return repeat(begin, after_repetition, counts);
        return operand(1);
      default: return operand(1);
    }
  }

  void operand(int repeated) {
    auto& group = groups_.back();
    group.most = std::max(group.most, group.repeated);
    group.repeated = repeated;
    group.has_operand = true;
  }

  void begin_alternative() {
    operand(1);
    groups_.back().has_operand = false;
  }

  void open_group(std::size_t begin) {
    if (!take_if('?')) return groups_.push_back({.begin = begin});
    if (rest().starts_with("P<") || rest().starts_with("<")) return named_group(begin);
    if (next_is('=') || next_is('!')) return refuse_look(begin, "lookahead");
    flags(begin);
  }

  void refuse_look(std::size_t begin, std::string_view what) {
    ++at_;
    refuse(begin, fmt::format("'{}' is a {}, which RE2 does not have", said(begin), what),
           "say what must match, and what must not with another matcher (operator NotRegex)");
  }

  void named_group(std::size_t begin) {
    take_if('P');
    take_if('<');
    if (next_is('=') || next_is('!')) return refuse_look(begin, "lookbehind");
    const auto name = rest().substr(0, rest().find('>'));
    const bool closed = name.size() < rest().size();
    at_ = std::min(at_ + name.size() + 1, text_.size());
    if (!closed || name.empty() || !std::ranges::all_of(name, is_word))
      return refuse(begin, fmt::format("'{}' is no name of a group", said(begin)),
                    "write (?:...) for a group; its name would mean nothing here");
    groups_.push_back({.begin = begin});
  }

  /// (?i), (?i-s), (?i:...), (?:...)
  void flags(std::size_t begin) {
    constexpr std::string_view known = "imsU";
    bool negated = false;
    bool some = false;  // since the sign
    while (!at_end()) {
      const char c = text_[at_];
      if (c == ':' || c == ')') {
        if (negated && !some) break;
        ++at_;
        if (c == ':') groups_.push_back({.begin = begin});
        return;
      }
      if (c == '-' ? negated : known.find(c) == std::string_view::npos) break;
      negated = negated || c == '-';
      some = c != '-';
      ++at_;
    }
    if (!at_end()) take();
    refuse(begin, fmt::format("'{}' begins no group that RE2 knows", said(begin)),
           "write (?:...) for a group, (?i) to ignore upper and lower case");
  }

  void close_group(std::size_t begin) {
    if (groups_.size() == 1)
      return refuse(begin, "')' closes a group that was never opened",
                    "open it with '(', or write '\\)' for the character");
    const auto repeated = std::max(groups_.back().most, groups_.back().repeated);
    groups_.pop_back();
    operand(repeated);
  }

  void repeat(std::size_t begin, bool after_repetition, std::optional<Counts> counts) {
    take_if('?');  // as few as possible
    const auto what = said(begin);
    repeated_ = true;
    if (counts && (counts->least > repetitions_max || counts->most > repetitions_max))
      return refuse(begin, fmt::format("'{}' repeats more than {} times", what, repetitions_max),
                    "repeat less often, or use '*'");
    if (counts && counts->most >= 0 && counts->least > counts->most)
      return refuse(begin, fmt::format("'{}' has its least above its most", what),
                    "write the smaller number first");
    if (!groups_.back().has_operand)
      return refuse(begin, fmt::format("'{}' repeats nothing", what),
                    "put something before it, such as '.', or a '\\' for the character itself");
    if (after_repetition)
      return refuse(begin, fmt::format("'{}' repeats a repetition", what),
                    "leave one of the two out, or put a group around the first: (?:a*)*");
    if (counts) multiply(begin, *counts);
  }

  /// Repetitions within one another may come to no more than one alone.
  void multiply(std::size_t begin, Counts counts) {
    auto& repeated = groups_.back().repeated;
    if (counts.most == 0) {
      repeated = 1;
      return;
    }
    const auto product = repeated * std::max(counts.most < 0 ? counts.least : counts.most, 1);
    if (product > repetitions_max && (counts.least >= 2 || counts.most >= 2))
      return refuse(begin, fmt::format("'{}' makes {} repetitions of what is within it, at most {} "
                                       "are read", said(begin), product, repetitions_max),
                    "repeat less often, or use '*'");
    repeated = product;
  }

  /// {n}, {n,} and {n,m}; after anything else '{' is a character.
  std::optional<Counts> counted() {
    const auto begin = at_;
    const auto least = number();
    auto most = least;
    if (least && take_if(',')) most = next_is('}') ? std::optional(-1) : number();
    if (least && most && take_if('}')) return Counts{.least = *least, .most = *most};
    at_ = begin;
    return std::nullopt;
  }

  std::optional<int> number() {
    if (at_end() || !is_digit_code(static_cast<unsigned char>(text_[at_]))) return std::nullopt;
    if (text_[at_] == '0' && at_ + 1 < text_.size() &&
        is_digit_code(static_cast<unsigned char>(text_[at_ + 1])))
      return std::nullopt;
    int value = 0;
    for (; !at_end() && is_digit_code(static_cast<unsigned char>(text_[at_])); ++at_)
      value = std::min(value * 10 + (text_[at_] - '0'), repetitions_max + 1);
    return value;
  }

  void escape(std::size_t begin) {
    constexpr std::string_view places = "AbBz";
    if (!at_end() && places.find(text_[at_]) != std::string_view::npos) {
      ++at_;
      return operand(1);
    }
    if (take_if('Q')) return quoted(begin);
    if (!unicode_class(begin) && !perl_class()) escaped_character(begin);
    operand(1);
  }

  /// The server puts the expression into a group, whose end an open quotation would swallow.
  void quoted(std::size_t begin) {
    const auto end = rest().find("\\E");
    if (end == std::string_view::npos)
      return refuse(begin, "'\\Q' begins a quotation that nothing ends", "end it with '\\E'");
    at_ += end + 2;
    if (end > 0) operand(1);
  }

  bool perl_class() {
    constexpr std::string_view classes = "dDsSwW";
    if (at_end() || classes.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  /// A category (N, Lu), or what is written as names of scripts are (Greek, Old_Italic, Yi): the
  /// server alone knows which of those there are.
  static bool names_class(std::string_view name) {
    constexpr std::string_view categories =
        "C,Cc,Cf,Co,Cs,L,Ll,Lm,Lo,Lt,Lu,M,Mc,Me,Mn,N,Nd,Nl,No,P,Pc,Pd,Pe,Pf,Pi,Po,Ps,S,Sc,Sk,Sm,"
        "So,Z,Zl,Zp,Zs,Yi";
    if (name.size() > 2)
      return name.front() >= 'A' && name.front() <= 'Z' &&
             std::ranges::all_of(name.substr(1), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
             });
    return !name.empty() && name.find(',') == std::string_view::npos &&
           ("," + std::string(categories) + ",").find("," + std::string(name) + ",") !=
               std::string::npos;
  }

  /// \pN, \p{Greek}, \P{^Greek}; the backslash is taken.
  bool unicode_class(std::size_t begin) {
    constexpr std::string_view categories = "CLMNPSZ";
    if (!take_if('p') && !take_if('P')) return false;
    bool known = false;
    if (take_if('{')) {
      const auto end = rest().find('}');
      auto name = rest().substr(0, end);
      at_ = end == std::string_view::npos ? text_.size() : at_ + end + 1;
      if (name.starts_with('^')) name.remove_prefix(1);
      known = end != std::string_view::npos && names_class(name);
    } else if (!at_end()) {
      known = categories.find(text_[at_]) != std::string_view::npos;
      take();
    }
    if (!known)
      refuse(begin, fmt::format("'{}' names no class of Unicode", said(begin)),
             "write \\pL for letters, \\pN for digits, \\p{Greek} for a script");
    return true;
  }

  /// The backslash is taken.
  std::optional<char32_t> escaped_character(std::size_t begin) {
    if (at_end()) {
      refuse(begin, "'\\' stands at the end and escapes nothing", backslash_remedy);
      return std::nullopt;
    }
    const auto c = take();
    if (const auto control = control_character(c)) return control;
    if (c == 'x') return hexadecimal(begin);
    const bool octal = c == '0' || (is_octal(c) && !at_end() &&
                                    is_octal(static_cast<unsigned char>(text_[at_])));
    if (octal) return octal_character(c);
    if (c < 0x80 && !is_digit_code(c) && !is_letter_code(c)) return c;
    if (is_digit_code(c))
      refuse(begin, fmt::format("'{}' refers back to a group, which RE2 cannot", said(begin)),
             "say once more what the group matches");
    else
      refuse(begin, fmt::format("'{}' is no escape that RE2 knows", said(begin)), backslash_remedy);
    return std::nullopt;
  }

  char32_t octal_character(char32_t first) {
    auto value = first - '0';
    for (int i = 0; i < 2 && !at_end() && is_octal(static_cast<unsigned char>(text_[at_])); ++i)
      value = value * 8 + (take() - '0');
    return value;
  }

  /// xFF or x{10FFFF}; the x is taken.
  std::optional<char32_t> hexadecimal(std::size_t begin) {
    const bool braced = take_if('{');
    char32_t value = 0;
    int digits = 0;
    while (!at_end() && value <= code_point_max && (braced || digits < 2)) {
      const auto digit = hex_digit(static_cast<unsigned char>(text_[at_]));
      if (!digit) break;
      value = value * 16 + static_cast<char32_t>(*digit);
      ++digits;
      ++at_;
    }
    const bool ended = braced ? digits > 0 && value <= code_point_max && take_if('}') : digits == 2;
    if (ended) return value;
    refuse(begin, fmt::format("'{}' is no code of a character", said(begin)),
           "write two hexadecimal digits, \\x2e, or up to 10ffff in braces, \\x{1f600}");
    return std::nullopt;
  }

  void bracket(std::size_t begin) {
    take_if('^');
    for (bool first = true; !fault_; first = false) {
      if (at_end()) return refuse(begin, "'[' opens a class that nothing closes", bracket_remedy);
      if (!first && take_if(']')) return;
      if (rest().starts_with("[:") && named_class()) continue;
      bracket_item(begin);
    }
  }

  /// [:alpha:] and [:^alpha:]; without its end it is characters.
  bool named_class() {
    const auto begin = at_;
    const auto end = rest().find(":]", 2);
    if (end == std::string_view::npos) return false;
    auto name = rest().substr(2, end - 2);
    if (name.starts_with('^')) name.remove_prefix(1);
    at_ += end + 2;
    if (std::ranges::find(named_classes, name) == named_classes.end())
      refuse(begin, fmt::format("'{}' is no class", said(begin)),
             fmt::format("known are {}", fmt::join(named_classes, ", ")));
    return true;
  }

  void bracket_item(std::size_t bracket_begin) {
    const auto begin = at_;
    if (next_is('\\')) {
      ++at_;
      if (unicode_class(begin) || perl_class()) return;
      at_ = begin;
    }
    const auto low = bracket_character(bracket_begin);
    const bool ranges = rest().size() >= 2 && next_is('-') && rest()[1] != ']';
    if (!low || !ranges) return;
    ++at_;
    const auto high = bracket_character(bracket_begin);
    if (high && *high < *low)
      refuse(begin, fmt::format("'{}' is a range that runs backward", said(begin)),
             "write the smaller end first");
  }

  std::optional<char32_t> bracket_character(std::size_t bracket_begin) {
    const auto begin = at_;
    if (at_end()) {
      refuse(bracket_begin, "'[' opens a class that nothing closes", bracket_remedy);
      return std::nullopt;
    }
    if (take_if('\\')) return escaped_character(begin);
    return take();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool repeated_ = false;  // what was read last is a repetition
  std::vector<Group> groups_{};
  std::optional<RegexFault> fault_{};
};

}  // namespace

std::optional<RegexFault> fault_of_regex(std::string_view text) { return Scanner(text).scan(); }

}  // namespace poolscaler

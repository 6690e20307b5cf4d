#include "expression_parser.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "poolscaler/query/rendered.hpp"

namespace poolscaler::query {
namespace {

constexpr int depth_max = 64;
constexpr int repetition_max = 1000;

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

CharacterSet just(char32_t c) { return {.ranges = {{c, c}}}; }

/// \d, \s, \w; the capital ones are negated.
std::optional<CharacterSet> class_of(char32_t c) {
  switch (c) {
    case 'd': return CharacterSet{.ranges = {{'0', '9'}}};
    case 's': return CharacterSet{.ranges = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}};
    case 'w':
      return CharacterSet{.ranges = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}};
    default: return std::nullopt;
  }
}

std::optional<char32_t> control_of(char32_t c) {
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

/// Everything that a sorted or unsorted set leaves out.
CharacterSet complement(CharacterSet set) {
  std::ranges::sort(set.ranges);
  CharacterSet rest;
  char32_t from = 0;
  for (const auto& [low, high] : set.ranges) {
    if (low > from) rest.ranges.emplace_back(from, low - 1);
    from = std::max(from, static_cast<char32_t>(high + 1));
  }
  rest.ranges.emplace_back(from, 0x10FFFF);
  return rest;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(code_points(text)) {}

  Result<ExpressionNode> parse() {
    auto node = alternatives(0);
    if (!error_ && !at_end()) refuse("')' without '('");
    if (error_) return fail(*error_);
    return node;
  }

 private:
  [[nodiscard]] bool at_end() const { return error_.has_value() || at_ == text_.size(); }
  [[nodiscard]] bool next_is(char32_t c) const { return !at_end() && text_[at_] == c; }
  bool take_if(char32_t c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  void refuse(std::string_view what) {
    if (!error_)
      error_ = Error{.kind = ErrorKind::InvalidInput,
                     .message = fmt::format("{} at character {}", what, at_ + 1)};
  }

  ExpressionNode alternatives(int depth) {
    ExpressionNode all{.kind = ExpressionNode::Kind::Alternatives};
    if (depth > depth_max) refuse("groups nested too deeply");
    do {
      all.children.push_back(sequence(depth));
    } while (take_if('|'));
    return all;
  }

  ExpressionNode sequence(int depth) {
    ExpressionNode all{.kind = ExpressionNode::Kind::Sequence};
    while (!at_end() && text_[at_] != '|' && text_[at_] != ')') {
      ExpressionNode one = single(depth);
      if (auto repeated = repetition()) {
        repeated->children.push_back(std::move(one));
        one = std::move(*repeated);
        if (repetition()) refuse("a repetition of a repetition");
      }
      all.children.push_back(std::move(one));
    }
    return all;
  }

  ExpressionNode single(int depth) {
    const char32_t c = text_[at_++];
    ExpressionNode node{.kind = ExpressionNode::Kind::Character};
    switch (c) {
      case '(': return group(depth);
      case '[': node.set = bracketed(); return node;
      case '.': node.set = complement(just('\n')); return node;
      case '^': return {.kind = ExpressionNode::Kind::Start};
      case '$': return {.kind = ExpressionNode::Kind::End};
      case '\\': node.set = escaped_set(); return node;
      case '*':
      case '+':
      case '?': refuse("a repetition of nothing"); return node;
      case '{': {
        --at_;
        if (ExpressionNode nothing; counted(nothing)) refuse("a repetition of nothing");
        ++at_;
        node.set = just(c);
        return node;
      }
      default: node.set = just(c); return node;
    }
  }

  ExpressionNode group(int depth) {
    if (take_if('?') && !take_if(':')) refuse("a group with a name or flags");
    ExpressionNode node = alternatives(depth + 1);
    if (!take_if(')')) refuse("'(' without ')'");
    return node;
  }

  std::optional<ExpressionNode> repetition() {
    ExpressionNode node{.kind = ExpressionNode::Kind::Repetition, .least = 0, .most = -1};
    if (take_if('+')) {
      node.least = 1;
    } else if (take_if('?')) {
      node.most = 1;
    } else if (!take_if('*') && !counted(node)) {
      return std::nullopt;
    }
    take_if('?');  // a preference, without meaning for a match of the whole
    return node;
  }

  /// {n}, {n,} or {n,m}; anything else after '{' is text.
  bool counted(ExpressionNode& node) {
    const std::size_t start = at_;
    if (!take_if('{')) return false;
    const auto least = number();
    std::optional<int> most = least;
    if (least && take_if(',')) most = next_is('}') ? std::optional<int>(-1) : number();
    if (!least || !most || !take_if('}')) {
      at_ = start;
      return false;
    }
    if (*least > repetition_max || *most > repetition_max || (*most >= 0 && *most < *least))
      refuse("a repetition out of bounds");
    node.least = *least;
    node.most = *most;
    return true;
  }

  std::optional<int> number() {
    if (at_end() || !is_digit(text_[at_])) return std::nullopt;
    if (text_[at_] == '0' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))
      return std::nullopt;
    int value = 0;
    for (; !at_end() && is_digit(text_[at_]); ++at_)
      value = std::min(value * 10 + static_cast<int>(text_[at_] - '0'), repetition_max + 1);
    return value;
  }

  CharacterSet escaped_set() {
    if (at_end()) {
      refuse("a backslash at the end");
      return {};
    }
    const char32_t c = text_[at_++];
    if (auto set = class_of(c)) return *set;
    if (auto set = class_of(c + ('a' - 'A')); set && is_letter(c)) return complement(*set);
    if (const auto control = control_of(c)) return just(*control);
    if (c < 0x80 && !is_digit(c) && !is_letter(c)) return just(c);
    --at_;
    refuse("an escape that is not known here");
    return {};
  }

  CharacterSet bracketed() {
    CharacterSet all;
    const bool negated = take_if('^');
    bool first = true;
    while (!at_end() && (first || text_[at_] != ']')) {
      first = false;
      if (text_[at_] == '[' && at_ + 1 < text_.size() && text_[at_ + 1] == ':') {
        refuse("a named class");
        return {};
      }
      CharacterSet item = take_if('\\') ? escaped_set() : just(text_[at_++]);
      const bool is_one = item.ranges.size() == 1 && item.ranges[0].first == item.ranges[0].second;
      const bool has_range = is_one && next_is('-') && at_ + 1 < text_.size() &&
                             text_[at_ + 1] != ']';
      if (has_range) {
        ++at_;
        const CharacterSet end = take_if('\\') ? escaped_set() : just(text_[at_++]);
        const bool ends = end.ranges.size() == 1 && end.ranges[0].first == end.ranges[0].second;
        if (!ends || end.ranges[0].first < item.ranges[0].first) refuse("a range out of order");
        if (ends) item.ranges[0].second = end.ranges[0].second;
      }
      all.ranges.insert(all.ranges.end(), item.ranges.begin(), item.ranges.end());
    }
    if (!take_if(']')) refuse("'[' without ']'");
    return negated ? complement(std::move(all)) : all;
  }

  std::vector<char32_t> text_;
  std::size_t at_ = 0;
  std::optional<Error> error_{};
};

}  // namespace

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> out;
  out.reserve(text.size());
  const bool valid = is_utf8(text);
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned first = byte(i++);
    if (!valid || first < 0x80) {
      out.push_back(first);
      continue;
    }
    const int tail = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    char32_t c = first & (0x3FU >> static_cast<unsigned>(tail));
    for (int n = 0; n < tail; ++n) c = (c << 6U) | (byte(i++) & 0x3FU);
    out.push_back(c);
  }
  return out;
}

Result<ExpressionNode> parse_expression(std::string_view text) { return Parser(text).parse(); }

}  // namespace poolscaler::query

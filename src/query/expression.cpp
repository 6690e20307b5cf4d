#include "expression.hpp"

#include <algorithm>

#include "expression_parser.hpp"

namespace poolscaler::query {
namespace {

constexpr std::size_t instructions_max = 20'000;
/// Parts visited: repetitions of nothing write no instructions but take time.
constexpr std::size_t visits_max = 100'000;

using Instruction = Expression::Instruction;

/// Writes the program from its end to its start: each part is given what comes after it.
class Compiler {
 public:
  Result<std::vector<Instruction>> compile(const ExpressionNode& root) {
    const auto accept = add({.kind = Instruction::Kind::Accept});
    const auto start = part(root, accept);
    if (is_too_large())
      return fail(ErrorKind::InvalidInput, "it is larger than what is read here");
    // The first instruction is where a match begins.
    program_.push_back({.kind = Instruction::Kind::Fork, .next = start, .other = start});
    std::swap(program_.front(), program_.back());
    const auto moved = static_cast<std::uint32_t>(program_.size() - 1);
    for (auto& instruction : program_) {
      if (instruction.next == accept) instruction.next = moved;
      if (instruction.other == accept) instruction.other = moved;
    }
    return std::move(program_);
  }

 private:
  std::uint32_t add(Instruction instruction) {
    // Beyond the bound nothing grows any more; compile() refuses it in the end.
    if (program_.size() <= instructions_max) program_.push_back(std::move(instruction));
    return static_cast<std::uint32_t>(program_.size() - 1);
  }

  [[nodiscard]] bool is_too_large() const {
    return program_.size() > instructions_max || visits_ > visits_max;
  }

  std::uint32_t part(const ExpressionNode& node, std::uint32_t after) {
    if (++visits_ > visits_max) return after;
    switch (node.kind) {
      case ExpressionNode::Kind::Character:
        return add({.kind = Instruction::Kind::Character, .next = after, .set = node.set});
      case ExpressionNode::Kind::Start:
        return add({.kind = Instruction::Kind::Start, .next = after});
      case ExpressionNode::Kind::End:
        return add({.kind = Instruction::Kind::End, .next = after});
      case ExpressionNode::Kind::Sequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child)
          after = part(*child, after);
        return after;
      case ExpressionNode::Kind::Alternatives: return alternatives(node, after);
      case ExpressionNode::Kind::Repetition: return repetition(node, after);
    }
    return after;
  }

  std::uint32_t alternatives(const ExpressionNode& node, std::uint32_t after) {
    std::uint32_t start = part(node.children.front(), after);
    for (std::size_t i = 1; i < node.children.size(); ++i) {
      const auto other = part(node.children[i], after);
      start = add({.kind = Instruction::Kind::Fork, .next = start, .other = other});
    }
    return start;
  }

  std::uint32_t repetition(const ExpressionNode& node, std::uint32_t after) {
    const ExpressionNode& what = node.children.front();
    std::uint32_t start = after;
    if (node.most < 0) {
      const auto loop = add({.kind = Instruction::Kind::Fork, .next = after, .other = after});
      program_[loop].other = part(what, loop);
      start = loop;
    }
    for (int i = node.least; i < node.most && !is_too_large(); ++i)
      start = add({.kind = Instruction::Kind::Fork, .next = after, .other = part(what, start)});
    for (int i = 0; i < node.least && !is_too_large(); ++i)
      start = part(what, start);
    return start;
  }

  std::vector<Instruction> program_{};
  std::size_t visits_ = 0;
};

/// The instructions that wait for the next character: all ways of reading the text at once.
class States {
 public:
  explicit States(const std::vector<Instruction>& program)
      : program_(&program), seen_(program.size(), 0) {}

  void begin(bool at_start, bool at_end) {
    ++turn_;
    waiting_.clear();
    accepted_ = false;
    at_start_ = at_start;
    at_end_ = at_end;
  }

  /// Follows everything that reads no character.
  void enter(std::uint32_t first) {
    std::vector<std::uint32_t> open{first};
    while (!open.empty()) {
      const auto at = open.back();
      open.pop_back();
      if (std::exchange(seen_[at], turn_) == turn_) continue;
      const Instruction& instruction = (*program_)[at];
      switch (instruction.kind) {
        case Instruction::Kind::Character: waiting_.push_back(at); break;
        case Instruction::Kind::Fork:
          open.push_back(instruction.next);
          open.push_back(instruction.other);
          break;
        case Instruction::Kind::Start:
          if (at_start_) open.push_back(instruction.next);
          break;
        case Instruction::Kind::End:
          if (at_end_) open.push_back(instruction.next);
          break;
        case Instruction::Kind::Accept: accepted_ = true; break;
      }
    }
  }

  [[nodiscard]] const std::vector<std::uint32_t>& waiting() const { return waiting_; }
  [[nodiscard]] bool accepted() const { return accepted_; }

 private:
  const std::vector<Instruction>* program_;
  std::vector<std::uint32_t> seen_;  // by instruction: the turn in which it was entered
  std::vector<std::uint32_t> waiting_{};
  std::uint32_t turn_ = 0;
  bool accepted_ = false;
  bool at_start_ = true;
  bool at_end_ = false;
};

}  // namespace

bool CharacterSet::contains(char32_t c) const {
  return std::ranges::any_of(
      ranges, [c](const auto& range) { return range.first <= c && c <= range.second; });
}

Result<Expression> Expression::compile(std::string_view text) {
  const auto root = parse_expression(text);
  if (!root) return fail(root.error());
  auto program = Compiler().compile(*root);
  if (!program) return fail(program.error());
  return Expression(std::move(*program));
}

bool Expression::matches(std::string_view text) const {
  const auto characters = code_points(text);
  States now(program_);
  States next(program_);
  now.begin(true, characters.empty());
  now.enter(0);
  for (std::size_t i = 0; i < characters.size(); ++i) {
    next.begin(false, i + 1 == characters.size());
    for (const auto at : now.waiting())
      if (program_[at].set.contains(characters[i])) next.enter(program_[at].next);
    if (next.waiting().empty() && !next.accepted()) return false;
    std::swap(now, next);
  }
  return now.accepted();
}

}  // namespace poolscaler::query

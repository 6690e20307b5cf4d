#include "poolscaler/domain/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

namespace poolscaler {
namespace {

constexpr std::size_t arguments_max = 16;

struct Function {
  std::string_view name;
  FormulaOp op;
  std::size_t fewest;
  std::size_t most;
};
constexpr std::array functions = {Function{"min", FormulaOp::Min, 1, arguments_max},
                                  Function{"max", FormulaOp::Max, 1, arguments_max},
                                  Function{"clamp", FormulaOp::Clamp, 3, 3},
                                  Function{"abs", FormulaOp::Abs, 1, 1},
                                  Function{"ceil", FormulaOp::Ceil, 1, 1},
                                  Function{"floor", FormulaOp::Floor, 1, 1}};
constexpr std::string_view function_names = "min, max, clamp, abs, ceil, floor";

struct Operator {
  std::string_view text;
  FormulaOp op;
};
// The longer ones first.
constexpr std::array comparisons = {
    Operator{"<=", FormulaOp::LessEqual},  Operator{">=", FormulaOp::GreaterEqual},
    Operator{"==", FormulaOp::Equal},      Operator{"!=", FormulaOp::NotEqual},
    Operator{"<", FormulaOp::Less},        Operator{">", FormulaOp::Greater}};
constexpr std::array sums = {Operator{"+", FormulaOp::Add}, Operator{"-", FormulaOp::Subtract}};
constexpr std::array products = {Operator{"*", FormulaOp::Multiply},
                                 Operator{"/", FormulaOp::Divide}};

// Without the locale, unlike <cctype>.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool opens_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_in_name(char c) { return opens_name(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

/// One method a level of precedence, loosest first; each returns whether it succeeded.
class FormulaParser {
 public:
  explicit FormulaParser(std::string_view text) { formula_.text_ = text; }

  Result<Formula> parse() {
    if (text().size() > formula_characters_max)
      return fail(ErrorKind::InvalidInput, "is longer than " +
                                               std::to_string(formula_characters_max) +
                                               " characters: shorten it");
    skip_blanks();
    if (at_ == text().size()) refuse(at_, "an expression is missing");
    if (!error_ && choice() && at_ < text().size()) refuse(at_, unexpected());
    if (error_) return fail(*error_);
    return std::move(formula_);
  }

 private:
  [[nodiscard]] const std::string& text() const { return formula_.text_; }
  [[nodiscard]] char peek() const { return at_ < text().size() ? text()[at_] : '\0'; }

  bool refuse(std::size_t position, const std::string& problem) {
    if (!error_)
      error_ = Error{.kind = ErrorKind::InvalidInput,
                     .message = "character " + std::to_string(position + 1) + ": " + problem};
    return false;
  }

  [[nodiscard]] std::string unexpected() const {
    if (at_ >= text().size()) return "the formula ends where a value is expected";
    const char c = text()[at_];
    if (c == '=') return "'=' assigns nothing here: compare with '=='";
    if (c == '&' || c == '|') return "write '&&' for and, '||' for or";
    if (c == ')') return "this ')' closes nothing";
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F)
      return "a character that no formula has";
    if (c == '\'' || c == '"')
      return "quotes are not used: write the signal's name, with '_' for '-'";
    return fmt::format(
        "'{}' is not expected here; known are + - * / < <= > >= == != && || ! ? : ?? ( ) ,", c);
  }

  void skip_blanks() {
    while (at_ < text().size() && is_blank(text()[at_])) ++at_;
  }

  bool accept(std::string_view word) {
    if (!std::string_view(text()).substr(at_).starts_with(word)) return false;
    at_ += word.size();
    skip_blanks();
    return true;
  }

  template <std::size_t N>
  std::optional<FormulaOp> accept_one_of(const std::array<Operator, N>& operators) {
    for (const auto& candidate : operators)
      if (accept(candidate.text)) return candidate.op;
    return std::nullopt;
  }

  bool expect(std::string_view word, std::string_view why) {
    if (accept(word)) return true;
    return refuse(at_, "'" + std::string(word) + "' is missing: " + std::string(why));
  }

  std::size_t emit(FormulaOp op, std::size_t position, std::uint32_t index = 0,
                   double number = 0) {
    formula_.code_.push_back({.op = op,
                              .position = static_cast<std::uint16_t>(position + 1),
                              .index = index,
                              .number = number});
    return formula_.code_.size() - 1;
  }
  void land(std::size_t jump) {
    formula_.code_[jump].index = static_cast<std::uint32_t>(formula_.code_.size());
  }

  /// One more number stands on the stack while `part` is reckoned out.
  template <class Part>
  bool above(std::size_t waiting, Part part) {
    stack_ += waiting;
    if (stack_ >= formula_stack_max) return refuse(at_, "is nested too deeply: simplify it");
    const bool done = part();
    stack_ -= waiting;
    return done;
  }

  // c ? a : b
  bool choice() {
    if (++depth_ > formula_depth_max) return refuse(at_, "is nested too deeply: simplify it");
    const bool done = chosen();
    --depth_;
    return done;
  }
  bool chosen() {
    if (!alternative()) return false;
    const auto position = at_;
    if (!accept("?")) return true;
    const auto otherwise = emit(FormulaOp::JumpIfFalse, position);
    if (!choice() || !expect(":", "a choice is written c ? a : b")) return false;
    const auto end = emit(FormulaOp::Jump, position);
    land(otherwise);
    if (!choice()) return false;
    land(end);
    return true;
  }

  // a ?? b: what a is reckoned out from is not known before the "??" is seen, so the Try is put in
  // front of it afterwards.
  bool alternative() {
    std::vector<std::size_t> ends;
    while (true) {
      const auto begin = formula_.code_.size();
      if (!disjunction()) return false;
      const auto position = at_;
      if (!accept("??")) break;
      insert(begin, {.op = FormulaOp::Try, .position = static_cast<std::uint16_t>(position + 1)});
      ends.push_back(emit(FormulaOp::EndTry, position));
      land(begin);
    }
    for (const auto end : ends) land(end);
    return true;
  }
  void insert(std::size_t begin, FormulaInstruction instruction) {
    auto& code = formula_.code_;
    for (auto& moved : std::span(code).subspan(begin))
      if (jumps(moved.op)) ++moved.index;
    code.insert(code.begin() + static_cast<std::ptrdiff_t>(begin), instruction);
  }
  static bool jumps(FormulaOp op) {
    return op == FormulaOp::Jump || op == FormulaOp::JumpIfFalse || op == FormulaOp::Try ||
           op == FormulaOp::EndTry;
  }

  bool disjunction() {
    if (!conjunction()) return false;
    for (auto position = at_; accept("||"); position = at_) {
      const auto other = emit(FormulaOp::JumpIfFalse, position);
      emit(FormulaOp::Number, position, 0, 1);
      const auto end = emit(FormulaOp::Jump, position);
      land(other);
      if (!conjunction()) return false;
      emit(FormulaOp::ToTruth, position);
      land(end);
    }
    return true;
  }

  bool conjunction() {
    if (!comparison()) return false;
    for (auto position = at_; accept("&&"); position = at_) {
      const auto no = emit(FormulaOp::JumpIfFalse, position);
      if (!comparison()) return false;
      emit(FormulaOp::ToTruth, position);
      const auto end = emit(FormulaOp::Jump, position);
      land(no);
      emit(FormulaOp::Number, position, 0, 0);
      land(end);
    }
    return true;
  }

  bool comparison() {
    if (!sum()) return false;
    const auto position = at_;
    const auto op = accept_one_of(comparisons);
    if (!op) return true;
    if (!above(1, [&] { return sum(); })) return false;
    emit(*op, position);
    const auto next = at_;
    if (accept_one_of(comparisons))
      return refuse(next, "two values at a time are compared: join comparisons with '&&'");
    return true;
  }

  bool sum() {
    if (!product()) return false;
    for (auto position = at_; const auto op = accept_one_of(sums); position = at_) {
      if (!above(1, [&] { return product(); })) return false;
      emit(*op, position);
    }
    return true;
  }

  bool product() {
    if (!sign()) return false;
    for (auto position = at_; const auto op = accept_one_of(products); position = at_) {
      if (!above(1, [&] { return sign(); })) return false;
      emit(*op, position);
    }
    return true;
  }

  bool sign() {
    const auto position = at_;
    std::vector<FormulaOp> signs;
    while (peek() == '-' || peek() == '!') {
      signs.push_back(peek() == '-' ? FormulaOp::Negate : FormulaOp::Not);
      ++at_;
      skip_blanks();
    }
    if (!value()) return false;
    while (!signs.empty()) {
      emit(signs.back(), position);
      signs.pop_back();
    }
    return true;
  }

  bool value() {
    if (is_digit(peek()) || peek() == '.') return number();
    if (opens_name(peek())) return name();
    if (peek() == ')' || peek() == ',' || peek() == ':' || peek() == '?')
      return refuse(at_, std::string("a value is missing before '") + peek() + "'");
    const auto position = at_;
    if (!accept("(")) return refuse(at_, unexpected());
    return choice() && expect(")", "it closes the '(' of character " +
                                       std::to_string(position + 1));
  }

  bool number() {
    const auto position = at_;
    double value = 0;
    const char* begin = text().data() + at_;
    const char* limit = text().data() + text().size();
    const auto [end, failure] = std::from_chars(begin, limit, value);
    if (failure == std::errc::result_out_of_range)
      return refuse(position, "a number beyond all bounds");
    if (failure != std::errc{}) return refuse(position, "a number has digits, such as 0.5");
    at_ += static_cast<std::size_t>(end - begin);
    if (is_in_name(peek()) || peek() == '.')
      return refuse(position, "a number runs into a name: write '2 * queue'; a signal whose name "
                              "begins with a digit has to be renamed for a formula");
    skip_blanks();
    emit(FormulaOp::Number, position, 0, value);
    return true;
  }

  bool name() {
    const auto position = at_;
    const auto begin = at_;
    while (is_in_name(peek())) ++at_;
    const auto word = std::string_view(text()).substr(begin, at_ - begin);
    skip_blanks();
    if (peek() == '(') return call(word, position);
    FormulaOperand operand{.signal = std::string(word),
                           .replicas = false,
                           .position = static_cast<std::uint16_t>(position + 1)};
    std::ranges::replace(operand.signal, '_', '-');
    if (accept(".")) {
      const auto part = at_;
      while (is_in_name(peek())) ++at_;
      if (std::string_view(text()).substr(part, at_ - part) != "replicas")
        return refuse(part, "a signal has a value, '" + std::string(word) + "', and '" +
                                std::string(word) + ".replicas', nothing else");
      operand.replicas = true;
      skip_blanks();
    }
    return read(std::move(operand), position);
  }

  bool read(FormulaOperand operand, std::size_t position) {
    auto& operands = formula_.operands_;
    auto known = std::ranges::find(operands, operand);
    if (known == operands.end()) {
      if (operands.size() >= formula_operands_max)
        return refuse(position, "speaks of more than " + std::to_string(formula_operands_max) +
                                    " different values: simplify it");
      operands.push_back(std::move(operand));
      known = operands.end() - 1;
    }
    emit(FormulaOp::Operand, position, static_cast<std::uint32_t>(known - operands.begin()));
    return true;
  }

  bool call(std::string_view word, std::size_t position) {
    const auto* function = std::ranges::find(functions, word, &Function::name);
    if (function == functions.end())
      return refuse(position, "unknown function '" + std::string(word) + "'; known are " +
                                  std::string(function_names));
    accept("(");
    std::size_t count = 0;
    const bool folds = function->op == FormulaOp::Min || function->op == FormulaOp::Max;
    do {
      if (count == function->most) return refuse_count(*function, position);
      if (!above(folds ? std::min<std::size_t>(count, 1) : count, [&] { return choice(); }))
        return false;
      if (folds && count > 0) emit(function->op, position);
      ++count;
    } while (accept(","));
    if (count < function->fewest) return refuse_count(*function, position);
    if (!folds) emit(function->op, position);
    return expect(")", "it closes the arguments of " + std::string(word));
  }
  bool refuse_count(const Function& function, std::size_t position) {
    return refuse(position, "'" + std::string(function.name) + "' takes " +
                                (function.fewest == function.most ? "" : "at most ") +
                                std::to_string(function.most) + " values" +
                                (function.op == FormulaOp::Clamp
                                     ? ": the value, the lowest, the highest"
                                     : ""));
  }

  Formula formula_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t stack_ = 0;
  std::optional<Error> error_{};
};

Result<Formula> parse_formula(std::string_view text) { return FormulaParser(text).parse(); }

}  // namespace poolscaler

#include <cstdlib>
#include <iostream>

#include "poolscaler/adapters/http/transport.hpp"
#include "verbs.hpp"

namespace app = poolscaler::app;

int main(int argc, char** argv) {
  poolscaler::adapters::read_authorities_once();
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const auto command = app::parse_command_line({argv, static_cast<std::size_t>(argc)}, environment);
  if (!command) {
    std::cerr << "poolscaler: " << command.error().message << "\n";
    return 2;
  }
  return std::visit(
      poolscaler::Overloaded{
          [](const app::RunOptions& options) { return app::run(options); },
          [](const app::SandboxChoice& options) { return app::sandbox(options); },
          [](const app::ValidateOptions& options) { return app::validate(options, std::cout); },
          [](const app::ConvertOptions& options) {
            return app::convert_manifests(options, std::cout, std::cerr);
          },
          [](const app::DiffOptions& options) { return app::diff(options, std::cout); },
          [](const app::SimulateOptions& options) { return app::simulate(options, std::cout); },
          [](const app::ExplainOptions& options) { return app::explain(options, std::cout); },
          [](const app::TopOptions& options) { return app::top(options, std::cout); },
          [](const app::BudgetOptions& options) { return app::budget(options, std::cout); },
          [](const app::PricesImportOptions& options) {
            return app::prices_import(options, std::cout, std::cerr);
          },
          [](const app::PricesShowOptions& options) {
            return app::prices_show(options, std::cout);
          },
          [](const app::PrintOptions& options) { return app::print(options, std::cout); },
          [](const app::VersionOptions&) { return app::version(std::cout); },
          [](const app::PrintText& print) {
            std::cout << print.text;
            return print.code;
          },
      },
      *command);
}

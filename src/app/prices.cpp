#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "manifest_files.hpp"
#include "poolscaler/api/price_catalogs.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/money/price.hpp"
#include "poolscaler/money/price_tables.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

constexpr std::size_t source_bytes_max = 512;

/// The next line, of which no more is kept than one byte too many; the rest of it is passed over.
bool next_line(std::istream& in, std::string& line) {
  line.clear();
  auto* const buffer = in.rdbuf();
  for (;;) {
    const auto c = buffer->sbumpc();
    if (c == std::char_traits<char>::eof()) return !line.empty();
    if (c == '\n') return true;
    if (line.size() <= money::price_line_bytes_max) line += static_cast<char>(c);
  }
}

Result<void> take_file(money::PriceTables& tables, const std::string& path,
                       std::optional<Instant> as_of) {
  std::ifstream file(path, std::ios::binary);
  if (!file || !std::filesystem::is_regular_file(path))
    return fail(ErrorKind::NotFound, fmt::format("{}: cannot be opened", path));
  tables.open(std::filesystem::path(path).filename().string(), as_of);
  std::string line;
  while (next_line(file, line))
    if (const auto taken = tables.take(line); !taken) return taken;
  return {};
}

Result<std::string> catalog_text(const PricesImportOptions& options,
                                 const money::ImportedPrices& prices) {
  const auto as_of = prices.as_of ? prices.as_of : options.as_of;
  if (!as_of)
    return fail(ErrorKind::InvalidInput,
                "a file says of no day that its prices are of: give --as-of");
  const auto source = options.source.empty() ? fmt::format("{}", fmt::join(prices.sources, ", "))
                                             : options.source;
  const auto object = api::price_catalog_object({.name = options.name,
                                                 .currency = options.currency,
                                                 .as_of = *as_of,
                                                 .source = capped(source, source_bytes_max),
                                                 .max_age = options.max_age,
                                                 .rows = prices.rows});
  auto errors = manifest_errors(object);
  if (errors && !errors->empty()) {
    for (auto& error : *errors)
      if (error.path == "metadata.name") error.path = "--name";
    return fail(ErrorKind::InvalidInput, api::summary(*errors));
  }
  auto text = api::yaml_text(object);
  if (text.size() > api::yaml_bytes_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} rows are {} KiB of manifest, more than the {} that kubectl apply "
                            "takes: choose with --region and --instance-type",
                            prices.rows.size(), text.size() >> 10, api::yaml_bytes_max >> 10));
  return text;
}

json json_of(const money::PriceQuote& quote) {
  const auto rate = [](const std::optional<HourlyRate>& one) {
    return one ? json(exact_text(*one)) : json();
  };
  return {{"state", name_of(quote.state)}, {"rate", rate(quote.rate)},
          {"marginal", rate(quote.marginal)}, {"from", quote.from},
          {"message", quote.words}, {"remedy", quote.remedy},
          {"allowsGrowth", quote.allows_growth()}};
}

using Catalogs = std::vector<std::shared_ptr<const PriceCatalog>>;

/// The catalogues of the files, or every line that is wrong with them.
tl::expected<Catalogs, std::vector<std::string>> catalogs_in(
    const std::vector<std::string>& paths) {
  const auto files = read_manifest_files(paths);
  Catalogs catalogs;
  std::vector<std::string> wrong;
  for (const auto& problem : files.problems)
    wrong.push_back(fmt::format("{}: {}", place(problem.file, problem.line), problem.message));
  for (const auto& from : files.manifests) {
    const auto& object = from.manifest.object;
    if (own_kind_of(object) != api::Kind::PriceCatalog) continue;
    auto catalog = api::read_price_catalog(object, api::UnknownFields::Report);
    if (catalog) {
      catalogs.push_back(std::make_shared<const PriceCatalog>(*std::move(catalog)));
      continue;
    }
    for (const auto& error : catalog.error())
      wrong.push_back(fmt::format("{}: {}: {}",
                                  place(from.file, from.manifest.line_of(error.path)),
                                  title_of(object), error.text()));
  }
  if (!wrong.empty()) return tl::unexpected(std::move(wrong));
  return catalogs;
}

money::PriceQuestion question_of(const PricesShowOptions& options) {
  money::PriceQuestion question{.thing = money::priced_thing(options.labels, {}),
                                .own_price = options.own_price,
                                .commitment = options.commitment,
                                .currency = options.currency};
  // A zone may be given by its id, too.
  if (question.thing.zone_id.empty()) question.thing.zone_id = question.thing.zone;
  if (options.capacity) question.thing.capacity = *options.capacity;
  return question;
}

}  // namespace

int prices_import(const PricesImportOptions& options, std::ostream& out, std::ostream& errors) {
  money::PriceTables tables(options.filter);
  for (const auto& path : options.files)
    if (const auto taken = take_file(tables, path, options.as_of); !taken) {
      errors << taken.error().message << "\n";
      return 2;
    }
  for (const auto& problem : tables.problems()) errors << problem << "\n";
  if (tables.problem_count() > 0) {
    errors << fmt::format("{} rows are wrong{}\n", tables.problem_count(),
                          options.skip_bad_rows ? " and left out"
                                                : ": correct them, or give --skip-bad-rows");
    if (!options.skip_bad_rows) return 1;
  }
  const auto prices = tables.finish(system_clock().now(), options.max_age);
  const auto text = prices.and_then([&](const money::ImportedPrices& known) {
    for (const auto& note : known.notes) errors << note << "\n";
    return catalog_text(options, known);
  });
  if (!text) {
    errors << text.error().message << "\n";
    return 2;
  }
  out << *text;
  return out.good() ? 0 : 2;
}

int prices_show(const PricesShowOptions& options, std::ostream& out) {
  auto catalogs = catalogs_in(options.files);
  if (!catalogs) {
    for (const auto& line : catalogs.error()) out << line << "\n";
    return 2;
  }
  const money::PriceBook book(*std::move(catalogs));
  const auto now = options.at.value_or(system_clock().now());
  const auto quote = book.quote(question_of(options), now);
  if (options.output == OutputFormat::Json) {
    out << json_of(quote).dump(2) << "\n";
  } else {
    out << quote.words << "\n";
    if (!quote.remedy.empty())
      out << fmt::format("{}: {}\n", name_of(quote.state), quote.remedy);
  }
  return quote.allows_growth() ? 0 : 1;
}

}  // namespace poolscaler::app

#include "options.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "support/checkout.hpp"

namespace poolscaler::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result<Command> parse(std::vector<const char*> arguments,
                      const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.begin(), "poolscaler");
  return parse_command_line(arguments, [&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

std::string refusal(std::vector<const char*> arguments,
                    const std::map<std::string, std::string>& environment = {}) {
  const auto command = parse(std::move(arguments), environment);
  return command ? "accepted" : command.error().message;
}

TEST(CommandLine, VerbsOfTwoWordsHaveTheirOwnFlags) {
  const auto command = parse({"prices", "import", "a.csv", "b.csv", "--region", "eu-west-1",
                              "--max-age", "7d", "--as-of", "2026-07-20"});
  ASSERT_TRUE(command) << command.error().message;
  const auto& import = std::get<PricesImportOptions>(*command);
  EXPECT_THAT(import.files, ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(import.filter.regions, ElementsAre("eu-west-1"));
  EXPECT_EQ(import.max_age, std::chrono::days(7));
  EXPECT_EQ(to_rfc3339(*import.as_of), "2026-07-20T00:00:00Z");
  EXPECT_THAT(refusal({"prices"}), HasSubstr("'poolscaler prices --help'"));
  EXPECT_THAT(refusal({"prices", "sell"}), HasSubstr("'poolscaler prices --help'"));
  EXPECT_THAT(refusal({"prices", "import"}), HasSubstr("'poolscaler prices import --help'"));
  EXPECT_THAT(refusal({"prices", "import", "a", "--max-age", "9999d"}),
              HasSubstr("--max-age: '9999d' must be hours or days"));
  EXPECT_THAT(refusal({"prices", "show", "--capacity-type", "spot"}),
              HasSubstr("'spot' must be OnDemand, Spot or Reserved"));
  EXPECT_THAT(refusal({"prices", "show", "--price", "-1"}), HasSubstr("is negative"));
  const auto help = parse({"prices", "show", "--help"});
  ASSERT_TRUE(help);
  EXPECT_THAT(std::get<PrintText>(*help).text, HasSubstr("--capacity-type"));
}

TEST(CommandLine, RunHasTheDocumentedDefaults) {
  const auto command = parse({"run"});
  ASSERT_TRUE(command) << command.error().message;
  const auto& run = std::get<RunOptions>(*command);
  EXPECT_EQ(run.listen.host, "0.0.0.0");
  EXPECT_EQ(run.listen.port, 8080);
  EXPECT_TRUE(run.leader_elect);
  EXPECT_EQ(run.lease_name, "poolscaler");
  EXPECT_TRUE(run.watch_namespaces.empty());
}

TEST(CommandLine, RunTakesWhatTheChartPasses) {
  const auto command = parse({"run", "--listen-address", "0.0.0.0:9090", "--lease-namespace", "ns",
                              "--lease-name", "l", "--identity", "pod-1", "--log-format", "json",
                              "--log-level", "debug", "--watch-namespace", "a",
                              "--watch-namespace", "b"});
  ASSERT_TRUE(command) << command.error().message;
  const auto& run = std::get<RunOptions>(*command);
  EXPECT_EQ(run.listen.port, 9090);
  EXPECT_EQ(run.identity, "pod-1");
  EXPECT_EQ(run.log.format, telemetry::LogFormat::Json);
  EXPECT_THAT(run.watch_namespaces, ElementsAre("a", "b"));
}

TEST(CommandLine, OfAFlagGivenTwiceTheLastOneWins) {
  const auto command = parse({"run", "--log-level", "info", "--leader-elect", "true",
                              "--log-level=debug", "--leader-elect", "false",
                              "--allow-insecure-kubeconfig", "--allow-insecure-kubeconfig"});
  ASSERT_TRUE(command) << command.error().message;
  const auto& run = std::get<RunOptions>(*command);
  EXPECT_EQ(run.log.level, telemetry::LogLevel::Debug);
  EXPECT_FALSE(run.leader_elect);
  EXPECT_TRUE(run.allow_insecure_kubeconfig);
}

TEST(CommandLine, PricesShowNamesTheFlagsThatAreMissing) {
  EXPECT_THAT(refusal({"prices", "show"}),
              testing::StartsWith("--file and --instance-type and --region must be given"));
  EXPECT_THAT(refusal({"prices", "show", "-f", "p.yaml", "--region", "r"}),
              testing::StartsWith("--instance-type must be given"));
  EXPECT_THAT(refusal({"prices", "show", "-f", "p.yaml", "--instance-type", "t", "--region", ""}),
              testing::StartsWith("--region must be given"));
  EXPECT_THAT(refusal({"prices", "show", "--instance-type", "t", "--region", "r"}),
              testing::StartsWith("--file must be given"));
  EXPECT_TRUE(parse({"prices", "show", "-f", "p.yaml", "--label",
                     "node.kubernetes.io/instance-type=t", "--label",
                     "topology.kubernetes.io/region=r"}));
  EXPECT_TRUE(parse({"prices", "show", "--price", "3"}));
}

TEST(CommandLine, AFlagWinsOverItsEnvironmentVariable) {
  const auto from_env = parse({"run"}, {{"POD_NAMESPACE", "env-ns"}});
  ASSERT_TRUE(from_env);
  EXPECT_EQ(std::get<RunOptions>(*from_env).lease_namespace, "env-ns");
  const auto both = parse({"run", "--lease-namespace", "flag-ns"}, {{"POD_NAMESPACE", "env-ns"}});
  ASSERT_TRUE(both);
  EXPECT_EQ(std::get<RunOptions>(*both).lease_namespace, "flag-ns");
}

TEST(CommandLine, RefusesWhatItDoesNotKnowAndNamesTheRemedy) {
  EXPECT_THAT(refusal({"run", "--lease-nam", "x"}), HasSubstr("poolscaler run --help"));
  EXPECT_THAT(refusal({"fly"}), HasSubstr("--help"));
  EXPECT_THAT(refusal({}), HasSubstr("--help"));
  EXPECT_THAT(refusal({"run", "--listen-address", "8080"}), HasSubstr("write host:port"));
  EXPECT_THAT(refusal({"run", "--listen-address", "a:70000"}), HasSubstr("0 to 65535"));
  EXPECT_THAT(refusal({"run", "--listen-address", "::1:80"}), HasSubstr("brackets"));
  EXPECT_THAT(refusal({"run", "--leader-elect", "yes"}), HasSubstr("must be true or false"));
  EXPECT_THAT(refusal({"run", "--log-level", "loud"}), HasSubstr("--log-level"));
  EXPECT_THAT(refusal({"run"}, {{"POOLSCALER_LOG_LEVEL", "loud"}}),
              HasSubstr("POOLSCALER_LOG_LEVEL"));
  EXPECT_THAT(refusal({"run", "--credentials-dir", "etc"}), HasSubstr("absolute"));
  EXPECT_THAT(refusal({"run", "--lease-namespace", "My_Space"}), HasSubstr("'My_Space' must be"));
  EXPECT_THAT(refusal({"run"}, {{"POD_NAMESPACE", "a.b"}}), HasSubstr("POD_NAMESPACE"));
  EXPECT_THAT(refusal({"run", "--lease-name", "-x"}), HasSubstr("begin and end"));
  EXPECT_THAT(refusal({"run", "--lease-name", "a..b"}), HasSubstr("--lease-name"));
  EXPECT_THAT(refusal({"run", "--lease-name", "a.-b"}), HasSubstr("--lease-name"));
  EXPECT_THAT(refusal({"run", "--lease-name", "a-.b"}), HasSubstr("--lease-name"));
  EXPECT_THAT(refusal({"run", "--lease-namespace", std::string(64, 'a').c_str()}),
              HasSubstr("at most 63"));
  EXPECT_THAT(refusal({"run", "--watch-namespace", "*"}), HasSubstr("--watch-namespace"));
  EXPECT_TRUE(parse({"run", "--lease-name", "pool-scaler.example.com", "--lease-namespace", "0a"}));
  EXPECT_THAT(refusal({"print", "money"}), HasSubstr("must be one of: crd"));
  EXPECT_THAT(refusal({"validate"}), HasSubstr("files"));
}

TEST(CommandLine, NamesAWordThatIsNoVerbAndTheNearestVerb) {
  EXPECT_EQ(refusal({"simulat", "x"}),
            "'simulat' is no verb: did you mean 'simulate'? 'poolscaler --help' lists the verbs");
  EXPECT_EQ(refusal({"whynot"}), "'whynot' is no verb: 'poolscaler --help' lists the verbs");
  EXPECT_EQ(refusal({"help"}), "'help' is no verb: 'poolscaler --help' lists the verbs");
  EXPECT_EQ(refusal({"prices", "sho"}), "'sho' is no verb: did you mean 'prices show'? "
                                        "'poolscaler prices --help' lists the verbs");
  EXPECT_THAT(refusal({"import", "a.csv"}), HasSubstr("did you mean 'prices import'"));
  EXPECT_THAT(refusal({"pries", "show"}), HasSubstr("did you mean 'prices'"));
  EXPECT_THAT(refusal({"expl"}), HasSubstr("did you mean 'explain'"));
  EXPECT_THAT(refusal({"\x1b[2J"}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(refusal({""}), HasSubstr("'' is no verb: "));
  EXPECT_THAT(refusal({"run", "more"}), HasSubstr("more"));
  EXPECT_THAT(refusal({"--log-level", "debug", "run"}),
              HasSubstr("'--log-level' must stand behind a verb: 'poolscaler --help'"));
}

TEST(CommandLine, TheVersionIsNoError) {
  const auto version = parse({"--version"});
  ASSERT_TRUE(version) << version.error().message;
  const auto& print = std::get<PrintText>(*version);
  EXPECT_EQ(print.code, 0);
  EXPECT_THAT(print.text, testing::MatchesRegex("poolscaler [0-9.]+\n"));
}

TEST(CommandLine, HelpIsNoError) {
  const auto help = parse({"run", "--help"});
  ASSERT_TRUE(help);
  EXPECT_THAT(std::get<PrintText>(*help).text, HasSubstr("--lease-namespace"));
}

TEST(ListenAddress, ReadsIpv6InBrackets) {
  const auto address = parse_listen_address("[::1]:80");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(parse_listen_address(":80")->host, "0.0.0.0");
}

TEST(FlagsPage, IsTheCommittedReference) {
  std::ifstream file(in_checkout("docs/reference/flags.md"));
  const std::string committed((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(committed, flags_page())
      << "regenerate: poolscaler print flags > docs/reference/flags.md";
}

TEST(CommandLine, SimulateTakesUnitsAndShares) {
  const auto command = parse({"simulate", "--load", "a.csv", "p.yaml", "--cold-start", "2m",
                              "--recommend", "--max-delayed", "2.5%", "--load", "b.csv:c1,c2",
                              "--map", "queue=inflight", "--service-model", "0.1,0,0.5", "-o",
                              "json"});
  ASSERT_TRUE(command) << command.error().message;
  const auto& simulate = std::get<SimulateOptions>(*command);
  EXPECT_THAT(simulate.files, ElementsAre("p.yaml"));
  EXPECT_THAT(simulate.loads, ElementsAre("a.csv", "b.csv:c1,c2"));
  EXPECT_DOUBLE_EQ(simulate.cold_start_seconds, 120);
  EXPECT_DOUBLE_EQ(simulate.max_delayed, 0.025);
  EXPECT_THAT(simulate.service_model, ElementsAre(0.1, 0, 0.5));
  EXPECT_EQ(simulate.output, OutputFormat::Json);
}

TEST(CommandLine, AShareSaysWhetherItIsInPercent) {
  const auto share = [](const char* said) {
    const auto command = parse({"simulate", "--recommend", "--max-delayed", said});
    return command ? std::get<SimulateOptions>(*command).max_delayed : -1;
  };
  EXPECT_DOUBLE_EQ(share("1%"), 0.01);
  EXPECT_DOUBLE_EQ(share("0.01"), 0.01);
  EXPECT_DOUBLE_EQ(share("0.5%"), 0.005);
  EXPECT_DOUBLE_EQ(share("0"), 0);
  EXPECT_DOUBLE_EQ(share("100%"), 1);
  EXPECT_THAT(refusal({"simulate", "--recommend", "--max-delayed", "1"}),
              HasSubstr("--max-delayed: '1' could be 1 % or all: write 1% (or 0.01), or 100%"));
  EXPECT_THAT(refusal({"simulate", "--recommend", "--max-delayed", "5"}),
              HasSubstr("'5' has no unit: write 5% or 0.05"));
  EXPECT_THAT(refusal({"simulate", "--pool", "p", "--spot-interruptions", "1"}),
              HasSubstr("'1' could be 1 % or all"));
  for (const auto* const said : {"99.5%", "0.995", "-1%", "%", "nan"})
    EXPECT_THAT(refusal({"simulate", "--pool", "p", "--spot-interruptions", said}),
                HasSubstr("must be a share from 0% to 99%"))
        << said;
}

TEST(CommandLine, AFlagThatWouldDoNothingIsRefused) {
  using Arguments = std::vector<const char*>;
  const std::pair<Arguments, const char*> cases[] = {
      {{"--max-delayed", "5%"}, "--max-delayed needs --recommend and does nothing without it: give "
                                "--recommend too, or leave --max-delayed away"},
      {{"--max-wait-p99", "10s"}, "--max-wait-p99 needs --recommend"},
      {{"--query", "up"}, "--query needs --prometheus"},
      {{"--query-is", "rate"}, "--query-is needs --prometheus"},
      {{"--from", "2026-01-05T00:00:00Z"}, "--from needs --prometheus"},
      {{"--to", "2026-01-05T00:00:00Z"}, "--to needs --prometheus"},
      {{"--step", "60s"}, "--step needs --prometheus"},
      {{"--token-file", "t"}, "--token-file needs --prometheus"},
      {{"--ca-file", "c"}, "--ca-file needs --prometheus"},
      {{"--prices", "p"}, "--prices needs --pool"},
      {{"--budget", "b"}, "--budget needs --pool"},
      {{"--spot-series", "s"}, "--spot-series needs --pool"},
      {{"--node-boot", "60s"}, "--node-boot needs --pool"},
      {{"--spot-interruptions", "5%"}, "--spot-interruptions needs --pool"},
      {{"--pool", "p", "--spot-notice", "60s"}, "--spot-notice needs --spot-interruptions"},
      {{"--recommend", "--compare"}, "--recommend and --compare do not go together"},
      {{"--recommend", "--report", "r"}, "--recommend and --report do not go together"},
      {{"--recommend", "--pool", "p"}, "--recommend and --pool do not go together"},
      {{"--recommend", "--measure", "whole"}, "--recommend and --measure do not go together"},
  };
  for (auto [arguments, said] : cases) {
    arguments.insert(arguments.begin(), "simulate");
    EXPECT_THAT(refusal(arguments), HasSubstr(said));
  }
  EXPECT_THAT(refusal({"diff", "--context", "c", "a"}), HasSubstr("--context needs --kubeconfig"));
  EXPECT_THAT(refusal({"top", "--once", "--interval", "5"}), HasSubstr("do not go together"));
  EXPECT_THAT(refusal({"explain", "-f", "p", "--observation", "o", "--context", "c"}),
              HasSubstr("--context and -f,--filename do not go together"));
  EXPECT_EQ(refusal({"explain", "-f", "p", "--observation", "o"}, {{"KUBECONFIG", "k"}}),
            "accepted");
}

TEST(CommandLine, AFlagTakesOneValueAndLeavesWhatFollows) {
  const auto explained = parse({"explain", "--kubeconfig", "k", "shop/llm"});
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_EQ(std::get<ExplainOptions>(*explained).cluster.kubeconfig, "k");
  EXPECT_THAT(std::get<ExplainOptions>(*explained).policies, ElementsAre("shop/llm"));
  const auto compared = parse({"diff", "-o", "json", "--kubeconfig", "k", "a.yaml", "b.yaml"});
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(std::get<DiffOptions>(*compared).files, ElementsAre("a.yaml", "b.yaml"));
  const auto twice = parse({"explain", "--kubeconfig", "k", "--kubeconfig", "l", "shop/llm"});
  ASSERT_TRUE(twice) << twice.error().message;
  EXPECT_EQ(std::get<ExplainOptions>(*twice).cluster.kubeconfig, "l");
  EXPECT_THAT(std::get<ExplainOptions>(*twice).policies, ElementsAre("shop/llm"));
  EXPECT_THAT(refusal({"print", "crd", "flags"}), HasSubstr("'poolscaler print --help'"));
}

TEST(CommandLine, SimulateRefusesWhatCannotBe) {
  EXPECT_THAT(refusal({"simulate", "--slots", "0"}), HasSubstr("--slots: '0' must be a number"));
  EXPECT_THAT(refusal({"simulate", "--slots", "1.5"}), HasSubstr("whole"));
  EXPECT_THAT(refusal({"simulate", "--cold-start", "-1"}), HasSubstr("--cold-start"));
  EXPECT_THAT(refusal({"simulate", "--cold-start", "nan"}), HasSubstr("--cold-start"));
  EXPECT_THAT(refusal({"simulate", "--seed", "-1"}), HasSubstr("--seed"));
  EXPECT_THAT(refusal({"simulate", "--recommend", "--max-delayed", "101%"}),
              HasSubstr("--max-delayed: '101%'"));
  EXPECT_THAT(refusal({"simulate", "--map", "queue"}), HasSubstr("SIGNAL=WORD"));
  EXPECT_THAT(refusal({"simulate", "--service-model", "1,2"}), HasSubstr("BASE,PER_INPUT_TOKEN"));
  EXPECT_THAT(refusal({"simulate", "--service-model", "1,2,3,4"}), HasSubstr("three"));
  EXPECT_THAT(refusal({"simulate", "--start", "cold"}), HasSubstr("warm or floor"));
  EXPECT_THAT(refusal({"simulate", "--start-time", "monday"}), HasSubstr("--start-time"));
  EXPECT_THAT(refusal({"simulate", "-o", "xml"}), HasSubstr("text or json"));
  EXPECT_THAT(refusal({"simulate", "--report", ""}), HasSubstr("--report: '' is no file"));
}

}  // namespace
}  // namespace poolscaler::app

// The rows of `spec.signals[].preset`: the name, and every parameter that some preset takes.
#include <string>

#include "poolscaler/api/presets.hpp"
#include "preset_rules.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;

const std::string& names() {
  static const std::string joined = [] {
    std::string text;
    for (const auto* preset : presets())
      text.append(text.empty() ? "" : "|").append(preset->name);
    return text;
  }();
  return joined;
}

Field text(std::string_view path, std::string_view example, std::string_view doc) {
  return {.path = path,
          .type = Text,
          .min = 1,
          .max = 253,
          .syntax = Syntax::PrintableText,
          .example = example,
          .doc = doc};
}

std::vector<Field> preset_rows() {
  return {
      {.path = "spec.signals[].preset",
       .type = Object,
       .doc = "What to read, by the name of a framework's signal (docs/reference/presets.md): the "
              "operator knows its metrics, their unit and their names in each release, and a first "
              "target. Each preset takes some of the parameters below. Exactly one of `preset`, "
              "`metric`, `query` and `resource` is set."},
      {.path = "spec.signals[].preset.name",
       .type = Enum,
       .required = true,
       .values = names(),
       .example = "vllm-queue",
       .doc = "Name of the preset; `poolscaler print presets` tells of each."},
      text("spec.signals[].preset.model", "llama-3-70b", "The model, as the server exports it."),
      text("spec.signals[].preset.pool", "llama-pool", "The InferencePool of a gateway."),
      text("spec.signals[].preset.deployment", "Translator", "The deployment of Ray Serve."),
      text("spec.signals[].preset.application", "default", "The application of Ray Serve."),
      text("spec.signals[].preset.revision", "chat-00001", "The revision of Knative."),
      text("spec.signals[].preset.host", "chat.example.com",
           "The host of the requests that count."),
      text("spec.signals[].preset.queue", "prompts", "The queue of the broker."),
      text("spec.signals[].preset.vhost", "/", "The virtual host of RabbitMQ."),
      text("spec.signals[].preset.topic", "prompts", "The topic of Kafka."),
      text("spec.signals[].preset.consumerGroup", "workers",
           "The group that consumes a topic or a stream."),
      text("spec.signals[].preset.key", "jobs", "The key of a Redis list."),
      text("spec.signals[].preset.stream", "jobs", "The key of a Redis stream."),
      text("spec.signals[].preset.database", "db0", "The database of Redis, as it is exported."),
      {.path = "spec.signals[].preset.metric",
       .type = Text,
       .min = 1,
       .max = 256,
       .syntax = Syntax::MetricName,
       .example = "jobs_waiting",
       .doc = "Name of the metric that a generic preset reads."},
      {.path = "spec.signals[].preset.pods",
       .type = Enum,
       .values = "Target|Any",
       .example = "Any",
       .doc = "Whose series count, for presets that read pods: those of the target's pods, by "
              "their names (`Target`, the default), or all of the namespace (`Any`), which lets "
              "policies share queries."},
      {.path = "spec.signals[].preset.podLabel",
       .type = Text,
       .min = 1,
       .max = 128,
       .syntax = Syntax::LabelName,
       .example = "exported_pod",
       .doc = "The label with the pod's name, `pod` unless said here."},
      {.path = "spec.signals[].preset.windowSeconds",
       .type = Integer,
       .min = 15,
       .max = 86'400,
       .unit = "seconds",
       .example = "120",
       .doc = "The window of presets that look back; each has its own default. Take at least four "
              "scrape intervals."},
  };
}

}  // namespace

std::span<const Field> preset_fields() {
  static const std::vector<Field> all = preset_rows();
  return all;
}

}  // namespace poolscaler::api

// Presets for exporters of brokers, and the two that take the name of any metric. A broker is there
// without replicas, so its backlog can wake a target. A good target is what one replica drains a
// second, times the seconds that a message may wait.
#include "preset_catalogue.hpp"

namespace poolscaler::api {
namespace {

using enum PresetLoad;
using enum PresetOrigin;
using TargetType::Utilization;

constexpr PresetLabel queue{.parameter = "queue", .label = "queue", .required = true};
constexpr PresetLabel vhost{.parameter = "vhost", .label = "vhost"};

constexpr Preset queue_rows[] = {
    {.name = "rabbitmq-ready",
     .framework = "RabbitMQ",
     .versions = "3.8 and later (/metrics/per-object), 3.10 and later (/metrics/detailed)",
     .reads = "messages that nobody has taken yet",
     .terms = {{{"rabbitmq_detailed_queue_messages_ready|rabbitmq_queue_messages_ready"}}},
     .unit = "messages",
     .origin = Shared,
     .labels = {{queue, vhost}},
     .target = "10",
     .load = Queue,
     .caveat = "Messages under work do not count: a target that goes to zero by this alone may "
               "stop in the middle of one; take rabbitmq-backlog. The broker's series must carry "
               "the policy's namespace. The aggregated /metrics has no label for the queue."},
    {.name = "rabbitmq-backlog",
     .framework = "RabbitMQ",
     .versions = "3.8 and later (/metrics/per-object), 3.10 and later (/metrics/detailed)",
     .reads = "messages that wait or are under work",
     .terms = {{{"rabbitmq_detailed_queue_messages|rabbitmq_queue_messages"}}},
     .unit = "messages",
     .origin = Shared,
     .labels = {{queue, vhost}},
     .target = "10",
     .load = Inflight,
     .caveat = "The broker's series must carry the policy's namespace."},
    {.name = "kafka-lag",
     .framework = "kafka_exporter",
     .versions = "1.2 and later",
     .reads = "records that the consumer group has not read, over all partitions",
     .terms = {{{"kafka_consumergroup_lag"}}},
     .unit = "records",
     .origin = Shared,
     .labels = {{{.parameter = "consumerGroup", .label = "consumergroup", .required = true},
                 {.parameter = "topic", .label = "topic", .required = true}}},
     .target = "100",
     .load = Queue,
     .caveat = "More replicas than partitions get nothing to do: keep `maxReplicas` within them. "
               "A group that never committed has no series: absent, not zero."},
    {.name = "sqs-backlog",
     .framework = "Amazon SQS by YACE",
     .versions = "0.27 and later",
     .reads = "messages that are visible or in flight",
     .terms = {{{"aws_sqs_approximate_number_of_messages_visible_average"},
                {"aws_sqs_approximate_number_of_messages_not_visible_average"}}},
     .unit = "messages",
     .origin = Shared,
     .labels = {{{.parameter = "queue", .label = "dimension_QueueName", .required = true}}},
     .target = "10",
     .max_age_seconds = 600,
     .load = Inflight,
     .caveat = "CloudWatch is one to three minutes late whatever the scrape interval is. Both "
               "metrics must be exported, with the statistic Average."},
    {.name = "redis-list",
     .framework = "redis_exporter",
     .versions = "1.0 and later, with --check-keys or --check-single-keys",
     .reads = "elements of a list",
     .terms = {{{"redis_key_size"}}},
     .unit = "elements",
     .origin = Shared,
     .labels = {{{.parameter = "key", .label = "key", .required = true},
                 {.parameter = "database", .label = "db"}}},
     .target = "10",
     .load = Queue,
     .caveat = "Redis deletes an empty list, and --check-keys then exports nothing: take "
               "--check-single-keys, or `onMissing: Zero` after having thought about it."},
    {.name = "redis-stream",
     .framework = "redis_exporter",
     .versions = "1.44 and later, Redis 7, with --check-streams",
     .reads = "entries that the consumer group has not read, or not acknowledged",
     .terms = {{{"redis_stream_group_lag"}, {"redis_stream_group_messages_pending"}}},
     .unit = "entries",
     .origin = Shared,
     .labels = {{{.parameter = "stream", .label = "stream", .required = true},
                 {.parameter = "consumerGroup", .label = "group", .required = true},
                 {.parameter = "database", .label = "db"}}},
     .target = "10",
     .load = Inflight,
     .caveat = "Redis cannot tell the lag of a stream from which entries in the middle were "
               "deleted."},
    {.name = "celery-queue",
     .framework = "celery-exporter (danihodovic)",
     .versions = "0.5 and later",
     .reads = "tasks that wait in the broker's queue",
     .terms = {{{"celery_queue_length"}}},
     .unit = "tasks",
     .origin = Shared,
     .labels = {{{.parameter = "queue", .label = "queue_name", .required = true}}},
     .target = "10",
     .load = Queue,
     .caveat = "Tasks that workers have prefetched do not count: set worker_prefetch_multiplier to "
               "1, and let long tasks be acknowledged late. Some exporters label the queue "
               "`queue`: take `metric` for those."},
    {.name = "generic-queue",
     .framework = "any exporter",
     .versions = "any",
     .reads = "sum of a gauge of things that wait",
     .terms = {{{"metric"}}},
     .unit = "things",
     .origin = Shared,
     .takes_metric = true,
     .target = "10",
     .load = Queue,
     .caveat = "Everything of the namespace under this name is added up; take `metric` to match "
               "labels."},
    {.name = "generic-utilization",
     .framework = "any exporter",
     .versions = "any",
     .reads = "mean of a gauge from 0 to 1 of the target's pods",
     .terms = {{{"metric", Aggregation::Avg}}},
     .unit = "ratio",
     .origin = Replicas,
     .takes_metric = true,
     .target_type = Utilization,
     .target = "0.7",
     .reading_max = 1,
     .load = PresetLoad::Busy,
     .caveat = "A gauge from 0 to 100 needs generic-percent."},
    {.name = "generic-percent",
     .framework = "any exporter",
     .versions = "any",
     .reads = "mean of a gauge from 0 to 100 of the target's pods",
     .terms = {{{"metric", Aggregation::Avg}}},
     .scale = 0.01,
     .unit = "ratio",
     .exported_in = "percent",
     .origin = Replicas,
     .takes_metric = true,
     .target_type = Utilization,
     .target = "0.7",
     .reading_max = 1,
     .load = PresetLoad::Busy,
     .caveat = "The target is a ratio: 0.7, not 70."},
};

}  // namespace

std::span<const Preset> queue_presets() { return queue_rows; }

}  // namespace poolscaler::api

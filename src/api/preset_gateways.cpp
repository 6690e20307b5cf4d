// Presets for what stands in front of the model servers. Most of it is there while there are no
// replicas, so it can wake a target from zero.
#include "preset_catalogue.hpp"

namespace poolscaler::api {
namespace {

using enum PresetLoad;
using enum PresetOrigin;
using TargetType::Total;
using TargetType::Utilization;

constexpr Preset gateway_rows[] = {
    {.name = "router-wake",
     .framework = "vLLM production-stack router",
     .versions = "0.1.3 and later",
     .reads = "requests that arrived within the window",
     .terms = {{{"vllm:num_incoming_requests_total", Aggregation::Sum, RangeFunction::Increase}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "model", .label = "model"}}},
     .window_seconds = 60,
     .target = "1000000",
     .load = Other,
     .caveat = "Asks for one replica while anything arrives, also while there are none, and for "
               "none after the window: for waking and idling, beside a signal that says how many. "
               "The series begins with the first request of a model, so an increase is seen from "
               "the second one on."},
    {.name = "epp-queue",
     .framework = "Inference gateway endpoint picker (llm-d)",
     .versions = "0.9 and later (llm_d_epp_), before it (inference_pool_)",
     .reads = "requests that wait in a model server, on average",
     .terms = {{{"llm_d_epp_average_queue_size|inference_pool_average_queue_size",
                 Aggregation::Max}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "pool", .label = "name", .required = true}}},
     .target_type = Total,
     .target = "5",
     .load = Queue,
     .caveat = "An average over ready endpoints: says nothing while there are none. Take epp-wake "
               "beside it for targets that go to zero."},
    {.name = "epp-wake",
     .framework = "Inference gateway endpoint picker (llm-d)",
     .versions = "0.9 and later (llm_d_epp_), before it (inference_extension_), with flow control",
     .reads = "requests that the flow control holds",
     .terms = {{{"llm_d_epp_flow_control_queue_size|inference_extension_flow_control_queue_size"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "pool", .label = "inference_pool", .required = true}}},
     .target = "5",
     .load = Queue,
     .caveat = "The only queue of the gateway that exists without replicas, but some releases "
               "export it only after the first backend was ready: absent is not zero, and a target "
               "that was never up must be started by hand or by a schedule once."},
    {.name = "epp-pool",
     .framework = "Inference gateway endpoint picker (llm-d)",
     .versions = "0.9 and later (llm_d_epp_), before it (inference_extension_), with flow control",
     .reads = "saturation of the pool",
     .terms = {{{"llm_d_epp_flow_control_pool_saturation|"
                 "inference_extension_flow_control_pool_saturation",
                 Aggregation::Max}}},
     .unit = "ratio",
     .origin = Shared,
     .labels = {{{.parameter = "pool", .label = "inference_pool", .required = true}}},
     .target_type = Utilization,
     .target = "0.7",
     .load = PresetLoad::Busy,
     .caveat = "An empty pool and stale endpoints read 1: it may then ask for growth that is not "
               "needed (llm_d_epp_flow_control_stale_endpoints tells). A target that goes to zero "
               "needs epp-wake instead."},
    {.name = "ray-serve-queue",
     .framework = "Ray Serve",
     .versions = "2.0 and later",
     .reads = "queries that wait for a replica",
     .terms = {{{"ray_serve_deployment_queued_queries"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "deployment", .label = "deployment", .required = true},
                 {.parameter = "application", .label = "application"}}},
     .target = "2",
     .load = Queue,
     .caveat = "Ray exports it every 10 s. Exported by proxies and handles, so it can wake a "
               "target as long as those are not scaled with it. Do not let Ray's own autoscaling "
               "change the same replicas."},
    {.name = "ray-serve",
     .framework = "Ray Serve",
     .versions = "2.0 and later",
     .reads = "queries that wait for a replica or are processed",
     .terms = {{{"ray_serve_deployment_queued_queries"}, {"ray_serve_replica_processing_queries"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "deployment", .label = "deployment", .required = true},
                 {.parameter = "application", .label = "application"}}},
     .target = "2",
     .load = Inflight,
     .caveat = "Ray exports it every 10 s. The processing part is absent without replicas, and "
               "half a sum is no number: take ray-serve-queue beside it for targets that go to "
               "zero."},
    {.name = "dynamo-queue",
     .framework = "NVIDIA Dynamo frontend",
     .versions = "0.4 and later",
     .reads = "requests that are queued or in prefill",
     .terms = {{{"dynamo_frontend_queued_requests"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "model", .label = "model", .required = true}}},
     .target = "3",
     .load = Queue,
     .caveat = "Includes requests in prefill, so it is not zero under light load; raise "
               "`activation.above` if that keeps a target from zero."},
    {.name = "dynamo-inflight",
     .framework = "NVIDIA Dynamo frontend",
     .versions = "0.4 and later",
     .reads = "requests under way",
     .terms = {{{"dynamo_frontend_inflight_requests"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "model", .label = "model", .required = true}}},
     .target = "50",
     .load = Inflight,
     .caveat = "Take 60 to 80 % of the concurrency at which a worker's throughput stops growing."},
    {.name = "knative-concurrency",
     .framework = "Knative Serving activator",
     .versions = "1.19 and later (kn_), before it (activator_, unconfirmed)",
     .reads = "requests that are routed to the activator, waiting or running",
     .terms = {{{"kn_revision_request_concurrency|activator_request_concurrency"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "revision", .label = "kn_revision_name", .required = true}}},
     .target = "70",
     .load = Inflight,
     .caveat = "Counts what passes the activator; under load Knative may take it out of the path. "
               "The default is Knative's own: 70 % of a concurrency of 100. Older releases label "
               "the revision `revision_name`, which `metric` can match."},
    {.name = "keda-http",
     .framework = "KEDA HTTP add-on interceptor",
     .versions = "0.12 and later (request_concurrency), before it (pending_request_count)",
     .reads = "requests that the interceptor holds or forwards",
     .terms = {{{"interceptor_request_concurrency|interceptor_pending_request_count"}}},
     .unit = "requests",
     .origin = Shared,
     .labels = {{{.parameter = "host", .label = "host"}}},
     .target = "100",
     .load = Inflight,
     .caveat = "Exists without replicas, so it can wake a target. The add-on must not scale the "
               "same target: remove its HTTPScaledObject, keep the interceptor in the path."},
};

}  // namespace

std::span<const Preset> gateway_presets() { return gateway_rows; }

}  // namespace poolscaler::api

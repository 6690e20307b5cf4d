#include "demand_rules.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;

constexpr Field demand_rows[] = {
    {.path = "spec.signals[].resource",
     .type = Object,
     .doc = "What the target's own pods use, as metrics.k8s.io (metrics-server) tells it, with the "
            "arithmetic of the HPA: in `Utilization`, percent of what the pods request; in "
            "`PerReplica`, the average of a pod in cores or bytes. Takes no `metricSourceRef`. "
            "There is nothing to measure at zero replicas, so such a signal never wakes a target."},
    {.path = "spec.signals[].resource.name",
     .type = Enum,
     .required = true,
     .values = "cpu|memory",
     .example = "cpu",
     .doc = "`cpu` in cores, or `memory` in bytes."},
    {.path = "spec.signals[].resource.container",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "server",
     .doc = "The one container that is measured; without it all containers of a pod together."},
    {.path = "spec.signals[].steps",
     .type = List,
     .min = 1,
     .max = 10,
     .list = ListType::Atomic,
     .doc = "Step scaling, instead of `target`: the value chooses the step with the highest "
            "`above` that it exceeds. In ascending order; a higher step never asks for less. All "
            "steps of a signal have `replicas`, or all `change`, or all `changePercent`."},
    {.path = "spec.signals[].steps[].above",
     .type = Decimal,
     .min = 0,
     .max = 1'000'000'000'000,
     .syntax = Syntax::Decimal,
     .example = "50",
     .doc = "The step holds for values strictly above this, as far as the next step. Without it, "
            "for the lowest values; only the first step may leave it out."},
    {.path = "spec.signals[].steps[].replicas",
     .type = Integer,
     .min = 0,
     .max = 100'000,
     .unit = "replicas",
     .example = "4",
     .doc = "Asks for just so many. Below the first step 0 are asked for."},
    {.path = "spec.signals[].steps[].change",
     .type = Integer,
     .min = -100'000,
     .max = 100'000,
     .unit = "replicas",
     .example = "2",
     .doc = "Asks for so many more than there are, or fewer when negative, in each round; what is "
            "still starting has been added already and counts as added. Below the first step "
            "nothing changes. How often it may happen is said by `behavior`."},
    {.path = "spec.signals[].steps[].changePercent",
     .type = Integer,
     .min = -100,
     .max = 10'000,
     .unit = "percent of the replicas",
     .example = "50",
     .doc = "The same in percent of the replicas, at least one."},
    {.path = "spec.formula",
     .type = Object,
     .doc = "How `combine: Formula` makes one number of all signals."},
    {.path = "spec.formula.expression",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 1024,
     .syntax = Syntax::QueryText,
     .example = "max(queue / 10, gpu_busy.replicas)",
     .doc = "Numbers, + - * /, comparisons, && || !, `c ? a : b`, `a ?? b` (b where a has no "
            "value), min, max, clamp(x, lowest, highest), abs, ceil and floor. `queue` is the "
            "value of signal `queue`, `queue.replicas` the replicas that it asks for; a `-` of a "
            "name is written `_`. Without a value of what it reads, and after a division by zero, "
            "it has no result, which never lowers replicas."},
    {.path = "spec.formula.target",
     .type = Object,
     .doc = "What the result is held against. Without it the result is the number of replicas, "
            "rounded up, and no tolerance applies."},
    {.path = "spec.formula.target.type",
     .type = Enum,
     .required = true,
     .values = "PerReplica|Total",
     .example = "PerReplica",
     .doc = "As in `signals[].target.type`, with the tolerance of `behavior`."},
    {.path = "spec.formula.target.value",
     .type = Decimal,
     .required = true,
     .min = 0,
     .max = 1'000'000'000'000,
     .above_min = true,
     .syntax = Syntax::Decimal,
     .example = "10",
     .doc = "The target: a whole number, or a decimal in quotes as a Kubernetes quantity."},
};

}  // namespace

std::span<const Field> demand_fields() { return demand_rows; }

}  // namespace poolscaler::api

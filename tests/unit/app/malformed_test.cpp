// Many ways to write a policy, a source or a trace that cannot be meant, and what is said of each:
// which object and field, what stands there, what may, and what to do about it.
#include <sstream>

#include <gtest/gtest.h>

#include "manifest_folder.hpp"
#include "poolscaler/simulation/replay/load.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

struct Malformed {
  std::string_view text;
  std::string_view told;  // "..." stands for anything
};

/// Lines of the spec of a policy. What every policy needs is added where they do not say it.
constexpr Malformed policies[] = {
    {"maxReplicas: 0",
     "spec.maxReplicas is 0, must be at least 1: choose from 1 to 100000, for example 20"},
    {"maxReplicas: 2.5",
     "spec.maxReplicas is 2.5, must be a whole number: choose from 1 to 100000, for example 20"},
    {"maxReplicas: '10'",
     "spec.maxReplicas is \"10\", must be a whole number: choose from 1 to 100000, for example "
     "20"},
    {"maxReplicas: 99999999999999999999",
     "spec.maxReplicas is 1e+20, must be at most 100000: choose from 1 to 100000, for example 20"},
    {"maxReplicas: 3000000000",
     "spec.maxReplicas is 3000000000, must be at most 100000: choose from 1 to 100000, for "
     "example 20"},
    {"maxReplicas: 010",
     "reading YAML: '010' is read as different things by different tools: put it in quotes or "
     "write a plain decimal number"},
    {"maxReplicas: .inf",
     "reading YAML: '.inf' is read as different things by different tools: put it in quotes or "
     "write a plain decimal number"},
    {"maxReplicas:",
     "spec.maxReplicas is required: for example 20"},
    {"maxReplicas: 10\nmaxReplicas: 20",
     "reading YAML: key 'maxReplicas' is given twice"},
    {"maxReplicas: [10]",
     "spec.maxReplicas is a list of 1, must be a whole number: choose from 1 to 100000, for "
     "example 20"},
    {"minReplicas: 11",
     "spec.minReplicas is 11, must be at most `maxReplicas`: lower `minReplicas` or raise "
     "`maxReplicas`"},
    {"intervalSeconds: 1",
     "spec.intervalSeconds is 1, must be at least 5: choose from 5 to 300, for example 30"},
    {"intervalSeconds: 15s",
     "spec.intervalSeconds is \"15s\", must be a whole number: choose from 5 to 300, for "
     "example 30"},
    {"mode: automatic",
     "spec.mode is \"automatic\", must be one of Automatic, Recommend, Paused: did you mean "
     "Automatic?"},
    {"mode: on",
     "spec.mode is true, must be one of Automatic, Recommend, Paused: write it in quotes, for "
     "example Recommend"},
    {"mode: no",
     "spec.mode is false, must be one of Automatic, Recommend, Paused: write it in quotes, for "
     "example Recommend"},
    {"forecast: {mode: on}",
     "spec.forecast.mode is true, must be one of Off, Shadow, On: write it in quotes, for "
     "example \"On\""},
    {"pause: yes",
     "spec.pause is true, must be an object: write its fields as `name: value` below it"},
    {"pause: {scaleUp: 'true'}",
     "spec.pause.scaleUp is \"true\", must be true or false: write it without quotes"},
    {"maxReplica: 10",
     "spec.maxReplica is not a known field: did you mean `maxReplicas`?"},
    {"scaleTargetRef: web",
     "spec.scaleTargetRef is \"web\", must be an object: write its fields as `name: value` "
     "below it"},
    {"scaleTargetRef: {kind: Deployment, name: web}",
     "spec.scaleTargetRef.apiVersion is required: for example apps/v1"},
    {"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: Web_1}",
     "spec.scaleTargetRef.name is \"Web_1\", must be lower-case letters, digits, '-' and '.', "
     "beginning and ending with a letter or digit: for example llm-server"},
    {"signals: {}",
     "spec.signals is an object, must be a list: write each item below it, behind a '-'"},
    {"signals: []",
     "spec.signals must have at least one item: add a signal, or a `schedule` where time alone "
     "decides"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}}]",
     "spec.signals must each have a `target` or `steps`, unless a formula reads their values: "
     "set `target.type` and `target.value` of the signal without (in signals[0])"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, metric: "
     "{name: other}, target: {type: PerReplica, value: 10}}]",
     "reading YAML: key 'metric' is given twice"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 0}}]",
     "spec.signals[0].target.value is 0, must be above 0: choose above 0 to 1000000000000, for "
     "example \"0.8\""},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: -1}}]",
     "spec.signals[0].target.value is -1, must be above 0: choose above 0 to 1000000000000, for "
     "example \"0.8\""},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 10q}}]",
     "spec.signals[0].target.value is \"10q\", must be a whole number, or a decimal in quotes "
     "such as '0.8' or '500m': choose above 0 to 1000000000000, for example \"0.8\""},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 10 Mi}}]",
     "spec.signals[0].target.value is \"10 Mi\", must be a whole number, or a decimal in quotes "
     "such as '0.8' or '500m': choose above 0 to 1000000000000, for example \"0.8\""},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 1e400}}]",
     "spec.signals[0].target.value is 1e+308, must be a whole number, or a decimal in quotes "
     "such as '0.8' or '500m': choose above 0 to 1000000000000, for example \"0.8\""},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 1e-400}}]",
     "spec.signals[0].target.value is 0, must be above 0: choose above 0 to 1000000000000, for "
     "example \"0.8\""},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 0.5}}]",
     "spec.signals[0].target.value is 0.5, must be a whole number, or a decimal in quotes "
     "such as '0.8' or '500m': write \"0.5\" with the quotes"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: Perreplica, value: 10}}]",
     "spec.signals[0].target.type is \"Perreplica\", must be one of PerReplica, Total, "
     "Utilization: did you mean PerReplica?"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: 'depth of queue'}, "
     "target: {type: PerReplica, value: 10}}]",
     "spec.signals[0].metric.name is \"depth of queue\", must be the name of a metric: letters, "
     "digits, '_' and ':': for example vllm:num_requests_waiting"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth, "
     "rangeFunction: Rate}, target: {type: PerReplica, value: 10}}]",
     "spec.signals[0].metric.windowSeconds must be set with any `rangeFunction` but 'None', and "
     "only then: set `windowSeconds`, such as 120, together with `rangeFunction: Rate`, or "
     "neither"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth, "
     "windowSeconds: 60}, target: {type: PerReplica, value: 10}}]",
     "spec.signals[0].metric.windowSeconds is 60, must be set with any `rangeFunction` but "
     "'None', and only then: set `windowSeconds`, such as 120, together with `rangeFunction: "
     "Rate`, or neither"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth, matchers: "
     "[{label: __name__, value: x}]}, target: {type: PerReplica, value: 10}}]",
     "spec.signals[0].metric.matchers[0].label is \"__name__\", must not begin with '__': such "
     "labels are Prometheus' own; the metric is named by `metric.name`"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth, matchers: "
     "[{label: model, operator: Regex, value: 'llama('}]}, target: {type: PerReplica, value: "
     "10}}]",
     "spec.signals[0].metric.matchers[0].value is \"llama(\", character 6: '(' opens a group "
     "that nothing closes: close it with ')', or write '\\(' for the character"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth, matchers: "
     "[{label: model, operator: Regex, value: '(?!canary).*'}]}, target: {type: PerReplica, "
     "value: 10}}]",
     "spec.signals[0].metric.matchers[0].value is \"(?!canary).*\", character 1: '(?!' is a "
     "lookahead, which RE2 does not have: say what must match, and what must not with another "
     "matcher (operator NotRegex)"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth, matchers: "
     "[{label: model, operator: '=~', value: 'a'}]}, target: {type: PerReplica, value: 10}}]",
     "spec.signals[0].metric.matchers[0].operator is \"=~\", must be one of Equal, NotEqual, "
     "Regex, NotRegex: for example Regex"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, preset: {name: vllm-queu}}]",
     "spec.signals[0].preset.name is \"vllm-queu\", must be one of vllm-queue, "
     "...generic-percent: did you mean vllm-queue?"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, preset: {name: vllm-queue, "
     "podLabel: 3x}}]",
     "spec.signals[0].preset.podLabel is \"3x\", must be the name of a label: letters, digits "
     "and '_': for example exported_pod"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, preset: {name: rabbitmq}}]",
     "spec.signals[0].preset.name is \"rabbitmq\", must be one of vllm-queue, "
     "...generic-percent: for example vllm-queue"},
    {"signals: [{name: q, metricSourceRef: {name: p}, metric: {name: a}, target: {type: "
     "PerReplica, value: 10}}, {name: q, metricSourceRef: {name: p}, metric: {name: b}, target: "
     "{type: PerReplica, value: 10}}]",
     "spec.signals[1].name is \"q\", must be unique within the list: give each item its own"},
    {"signals: [{name: cpu, resource: {name: gpu}, target: {type: Utilization, value: '0.8'}}]",
     "spec.signals[0].resource.name is \"gpu\", must be one of cpu, memory: did you mean cpu?"},
    {"signals: [{name: cpu, resource: {name: cpu}, target: {type: Total, value: 1}}]",
     "spec.signals[0].target.type is \"Total\", must be Utilization or PerReplica for a "
     "`resource`: use Utilization for percent of the requests, PerReplica for cores or bytes"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, steps: "
     "[{above: 5, replicas: 2}, {above: 3, replicas: 4}]}]",
     "spec.signals[0].steps[1].above is 3, must be above the 5 of the step before it: put the "
     "steps in ascending order, each with a bound of its own"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, steps: "
     "[{above: 5}]}]",
     "spec.signals[0].steps[0] must have exactly one of `replicas`, `change` and "
     "`changePercent`: for example change: 2"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 10}, maxAgeSeconds: 2m}]",
     "spec.signals[0].maxAgeSeconds is \"2m\", must be a whole number: choose from 5 to 86400, "
     "for example 300"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 10}, onMissing: Fallback}]",
     "spec.fallback is required when a signal has `onMissing: Fallback`: set "
     "`fallback.afterSeconds` and `fallback.replicas`, or use `onMissing: Hold`"},
    {"signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, target: "
     "{type: PerReplica, value: 10}, tolerance: {up: 10%}}]",
     "spec.signals[0].tolerance.up is \"10%\", must be a whole number, or a decimal in quotes "
     "such as '0.8' or '500m': choose from 0 to 10, for example \"0.05\""},
    {"combine: Formula\nformula: {expression: \"queue / \"}",
     "spec.formula.expression is \"queue / \", character 9: the formula ends where a value is "
     "expected: for example max(queue / 10, 1)"},
    {"combine: Formula\nformula: {expression: \"mx(queue, 1)\"}",
     "spec.formula.expression is \"mx(queue, 1)\", character 1: unknown function 'mx'; known "
     "are min, max, clamp, abs, ceil, floor: for example max(queue / 10, 1)"},
    {"combine: Formula\nformula: {expression: \"queue + wait\"}",
     "spec.formula.expression is \"queue + wait\", character 9: no signal is named 'wait': "
     "known are queue"},
    {"combine: Formula\nformula: {expression: \"queu / 10\"}",
     "spec.formula.expression is \"queu / 10\", character 1: no signal is named 'queu': did you "
     "mean queue?"},
    {"combine: Formula\nformula: {expression: \"clamp(queue, 1)\"}",
     "spec.formula.expression is \"clamp(queue, 1)\", character 1: 'clamp' takes 3 values: the "
     "value, the lowest, the highest: for example max(queue / 10, 1)"},
    {"combine: Formula\nformula: {expression: \"10\"}",
     "spec.formula.expression is \"10\", reads no signal: name at least one; a fixed number of "
     "replicas is `minReplicas`"},
    {"combine: Formula",
     "spec.formula must be set with `combine: Formula`, and only then: set "
     "`formula.expression`, such as max(queue / 10, 1), or another `combine`"},
    {"formula: {expression: 'queue / 10'}",
     "spec.formula must be set with `combine: Formula`, and only then: set "
     "`formula.expression`, such as max(queue / 10, 1), or another `combine`"},
    {"schedule: [{name: day, start: '60 8 * * *', durationSeconds: 3600, timeZone: UTC, floor: "
     "2}]",
     "spec.schedule[0].start is \"60 8 * * *\", minute '60' must be 0 to 59: write a number, a "
     "range a-b, a list a,b, a step */n or *"},
    {"schedule: [{name: day, start: '0 24 * * *', durationSeconds: 3600, timeZone: UTC, floor: "
     "2}]",
     "spec.schedule[0].start is \"0 24 * * *\", hour '24' must be 0 to 23: write a number, a "
     "range a-b, a list a,b, a step */n or *"},
    {"schedule: [{name: day, start: '0 0 30 2 *', durationSeconds: 3600, timeZone: UTC, floor: "
     "2}]",
     "spec.schedule[0].start is \"0 0 30 2 *\", names dates that do not exist, so it never "
     "fires: choose a day that the month has"},
    {"schedule: [{name: day, start: '0 8 * *', durationSeconds: 3600, timeZone: UTC, floor: 2}]",
     "spec.schedule[0].start is \"0 8 * *\", must have 5 fields (minute, hour, ...: for example "
     "\"0 8 * * mon-fri\""},
    {"schedule: [{name: day, start: '@daily', durationSeconds: 3600, timeZone: UTC, floor: 2}]",
     "spec.schedule[0].start is \"@daily\", must have 5 fields (minute, hour, ...: for example \"0 "
     "8 * * mon-fri\""},
    {"schedule: [{name: day, start: '0 8 * * mon-sunday', durationSeconds: 3600, timeZone: UTC, "
     "floor: 2}]",
     "spec.schedule[0].start is \"0 8 * * mon-sunday\", day-of-week 'mon-sunday' must be 0 to "
     "6: write 0-6 (0 is Sunday) or sun-sat"},
    {"schedule: [{name: day, start: '0 8 5-1 * *', durationSeconds: 3600, timeZone: UTC, floor: "
     "2}]",
     "spec.schedule[0].start is \"0 8 5-1 * *\", day-of-month '5-1' begins after its end: write "
     "a number, a range a-b, a list a,b, a step */n, * or ?"},
    {"schedule: [{name: day, start: 0 8, durationSeconds: 3600, timeZone: UTC, floor: 2}]",
     "spec.schedule[0].start is \"0 8\", must have 5 fields (minute, hour, ...: for example \"0 8 "
     "* * mon-fri\""},
    {"schedule: [{name: day, start: '0 8 * * *', durationSeconds: 3600, timeZone: Europe/Berln, "
     "floor: 2}]",
     "spec.schedule[0].timeZone is \"Europe/Berln\", 'Europe/Berln' is no time zone of the IANA "
     "database: write a name such as Europe/Berlin, America/New_York or UTC"},
    {"schedule: [{name: day, start: '0 8 * * *', durationSeconds: 3600, timeZone: CEST, floor: "
     "2}]",
     "spec.schedule[0].timeZone is \"CEST\", 'CEST' is no time zone of the IANA database: write "
     "a name such as Europe/Berlin, America/New_York or UTC"},
    {"schedule: [{name: day, start: '0 8 * * *', end: '0 8 * * *', timeZone: UTC, floor: 2}]",
     "spec.schedule[0].end is \"0 8 * * *\", must differ from `start`: choose another time: a "
     "window that ends where it starts has no time in it"},
    {"schedule: [{name: day, start: '0 8 * * *', timeZone: UTC, floor: 2}]",
     "spec.schedule[0] must have exactly one of `end` and `durationSeconds`: say when the "
     "window closes, or how long it lasts"},
    {"schedule: [{name: day, start: '0 8 * * *', durationSeconds: 3600, timeZone: UTC}]",
     "spec.schedule[0] must have one of `floor`, `ceiling`, `pin` and `off`: say what holds "
     "while the window is open, such as `floor: 5`"},
    {"schedule: [{name: day, start: '0 8 * * *', durationSeconds: 3600, timeZone: UTC, floor: "
     "2, ceiling: 1}]",
     "spec.schedule[0].floor is 2, must be at most `ceiling`: lower `floor` or raise `ceiling`"},
    {"schedule: [{name: day, start: '0 8 * * *', durationSeconds: 3600, timeZone: UTC, floor: "
     "2, exceptions: ['2026-02-30']}]",
     "spec.schedule[0].exceptions[0] is \"2026-02-30\", must be a date that exists: correct it, "
     "or leave it out"},
    {"schedule: [{name: day, start: '0 8 * * *', durationSeconds: 100000, timeZone: UTC, floor: "
     "2}]",
     "spec.schedule[0].durationSeconds is 100000, must be at most 86400, the shortest time "
     "between two starts: shorten it, or let `start` fire less often"},
    {"behavior: {scaleDown: {stabilizationWindowSeconds: 90000}}",
     "spec.behavior.scaleDown.stabilizationWindowSeconds is 90000, must be at most 3600: choose "
     "from 0 to 3600, for example 600"},
    {"behavior: {scaleUp: {policies: [{type: Pod, value: 1, periodSeconds: 15}]}}",
     "spec.behavior.scaleUp.policies[0].type is \"Pod\", must be one of Pods, Percent: did you "
     "mean Pods?"},
    {"behavior: {scaleUp: {policies: [{type: Pods, value: 0, periodSeconds: 15}]}}",
     "spec.behavior.scaleUp.policies[0].value is 0, must be at least 1: choose from 1 to "
     "100000, for example 4"},
    {"behavior: {scaleUp: {selectPolicy: max}}",
     "spec.behavior.scaleUp.selectPolicy is \"max\", must be one of Max, Min, Disabled: did you "
     "mean Max?"},
    {"scaleToZero: {idleAfterSeconds: -1}",
     "spec.scaleToZero.idleAfterSeconds is -1, must be at least 0: choose from 0 to 86400, for "
     "example 600"},
    {"scaleToZero: {keepAlive: learned}",
     "spec.scaleToZero.keepAlive is \"learned\", must be one of Fixed, Learned: did you mean "
     "Learned?"},
    {"fallback: {afterSeconds: 60, replicas: 30}",
     "spec.fallback.replicas is 30, must be from `minReplicas` to `maxReplicas`: choose a "
     "number within the bounds of the policy"},
};

constexpr Malformed sources[] = {
    {"url: prometheus:9090",
     "spec.url is \"prometheus:9090\", must be http:// or https://, a host, an optional port "
     "and path, and neither user, query nor fragment: for example "
     "http://prometheus-server.monitoring.svc:9090"},
    {"url: http://p:9090/?x=1",
     "spec.url is \"http://p:9090/?x=1\", must be http:// or https://, a host, an optional port "
     "and path, and neither user, query nor fragment: for example "
     "http://prometheus-server.monitoring.svc:9090"},
    {"url: http://p\ntimeoutSeconds: 0",
     "spec.timeoutSeconds is 0, must be at least 1: choose from 1 to 60, for example 5"},
    {"url: http://p\ncaFile: ca.crt",
     "spec.caFile is \"ca.crt\", must be an absolute path without '.' and '..': for example "
     "/etc/poolscaler/prometheus/ca.crt"},
    {"url: http://p\nclientCertFile: /a/b.crt",
     "spec.clientKeyFile must be set together with `clientCertFile`, or not at all: set both "
     "files or neither"},
    {"url: http://p\nenforcedLabel: __name__",
     "spec.enforcedLabel is \"__name__\", must not begin with '__': name a label that the "
     "series in Prometheus carry"},
    {"url: http://p\nrawQueryNamespaces: shop",
     "spec.rawQueryNamespaces is \"shop\", must be a list: write each item below it, behind a "
     "'-'"},
    {"url: http://p\nrawQueryNamespaces: [Shop_1]",
     "spec.rawQueryNamespaces[0] is \"Shop_1\", must be the name of a namespace, or '*' for "
     "all: for example shop"},
    {"url: no\ntimeoutSeconds: yes",
     "spec.url is false, must be text: put it in quotes\nspec.timeoutSeconds is true, must be a "
     "whole number: choose from 1 to 60, for example 5"},
};

constexpr Malformed traces[] = {
    {"",
     "load: it is empty; check that this is the right file"},
    {"requests\n0,1\n",
     "load: its first line is 'requests', expected a header: "
     "timestamp_ms,input_tokens,output_tokens (requests), timestamp_seconds,requests (rates) or "
     "time,value (a metric)"},
    {"timestamp_seconds,requests\n0,1\n",
     "load: a rate trace needs two bins or more, since their distance is their width; check "
     "that this is the right file"},
    {"timestamp_seconds,requests\n0,1\n600,x\n",
     "load:3: requests is 'x', expected a number from 0 to 1e+09; correct the line, or skip and "
     "count such lines with --skip-bad-lines"},
    {"timestamp_seconds,requests\n0,1\n600\n",
     "load:3: the line has 1 fields, expected 2; correct the line, or skip and count such lines "
     "with --skip-bad-lines"},
    {"timestamp_seconds,requests\n0,1\n600,1,2\n",
     "load:3: the line has 3 fields, expected 2; correct the line, or skip and count such lines "
     "with --skip-bad-lines"},
    {"timestamp_seconds,requests\n0,1\n600,-3\n",
     "load:3: requests is '-3', expected a number from 0 to 1e+09; correct the line, or skip "
     "and count such lines with --skip-bad-lines"},
    {"timestamp_seconds,requests\n0,1\n600,1e12\n",
     "load:3: requests is '1e12', expected a number from 0 to 1e+09; correct the line, or skip "
     "and count such lines with --skip-bad-lines"},
    {"timestamp_seconds,requests\n0,1\n600,nan\n",
     "load:3: requests is 'nan', expected a number from 0 to 1e+09; correct the line, or skip "
     "and count such lines with --skip-bad-lines"},
    {"timestamp_seconds,requests\n0,1\n500,1\n1200,1\n",
     "load:4: the bin starts at 1200 s, expected 1000 s, 500 s after the last one; correct the "
     "line, or skip and count such lines with --skip-bad-lines"},
    {"timestamp_seconds,requests\n600,1\n0,1\n",
     "load:3: the time 0 s is before 600 s of an earlier line, expected lines in order of time; "
     "correct the line, or skip and count such lines with --skip-bad-lines"},
    {"timestamp_ms,input_tokens,output_tokens\n5,100,20\n4,100,20\n",
     "load:3: the time 0.004 s is before 0.005 s of an earlier line, expected lines in order of "
     "time; correct the line, or skip and count such lines with --skip-bad-lines"},
    {"timestamp_ms,input_tokens,output_tokens\n5,,20\n",
     "load:2: input_tokens is '', expected a number from 0 to 1e+09; correct the line, or skip "
     "and count such lines with --skip-bad-lines"},
    {"timestamp_ms,input_tokens,output_tokens\n99999999999999999999,1,20\n",
     "load:2: timestamp_ms is '99999999999999999999', expected a number from 0 to 1e+13; "
     "correct the line, or skip and count such lines with --skip-bad-lines"},
    {"time,value\n0,1\n10,inf\n",
     "load:3: value is 'inf', expected a number from -1e+15 to 1e+15; correct the line, or skip "
     "and count such lines with --skip-bad-lines"},
    {"timestamp_seconds,c0,c1\n0,1,2\n600,1,2\n",
     "load: it has 2 columns; choose one or more with --load FILE:COLUMN[,COLUMN...], such as "
     "load:c0"},
};

bool begins(std::string_view lines, std::string_view field) {
  return lines.starts_with(field) || lines.find("\n" + std::string(field)) != lines.npos;
}

std::string indented(std::string_view lines) {
  std::string text;
  std::istringstream in{std::string(lines)};
  for (std::string line; std::getline(in, line);) text += "  " + line + "\n";
  return text;
}

std::string policy_of(std::string_view lines) {
  std::string text = "apiVersion: poolscaler.dev/v1alpha1\nkind: ScalingPolicy\n"
                     "metadata: {name: web, namespace: shop}\nspec:\n" + indented(lines);
  if (!begins(lines, "scaleTargetRef:"))
    text += "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
  if (!begins(lines, "maxReplicas:")) text += "  maxReplicas: 10\n";
  if (!begins(lines, "signals:"))
    text += "  signals: [{name: queue, metricSourceRef: {name: prom}, metric: {name: depth}, "
            "target: {type: PerReplica, value: 10}}]\n";
  return text;
}

std::string source_of(std::string_view lines) {
  return "apiVersion: poolscaler.dev/v1alpha1\nkind: MetricSource\nmetadata: {name: prom}\n"
         "spec:\n" + indented(lines);
}

bool matches(std::string_view told, std::string_view expected) {
  const auto gap = expected.find("...");
  if (gap == expected.npos) return told == expected;
  return told.size() >= expected.size() - 3 && told.starts_with(expected.substr(0, gap)) &&
         told.ends_with(expected.substr(gap + 3));
}

class MalformedManifest : public ManifestFolder {
 protected:
  /// The findings, one a line, without the file, the line and the object.
  std::string findings(const std::string& manifest, std::string_view object) {
    const auto file = write("a.yaml", manifest);
    std::ostringstream out;
    EXPECT_EQ(validate({.files = {file}}, out), 1) << manifest;
    std::istringstream in(out.str());
    std::string all;
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with(file)) continue;  // the sum
      auto rest = line.substr(line.find(": ") + 2);
      if (rest.starts_with(object)) rest = rest.substr(object.size());
      all += (all.empty() ? "" : "\n") + rest;
    }
    return all;
  }
};

TEST_F(MalformedManifest, OfAPolicyIsRefusedWithFieldValueLimitAndRemedy) {
  for (const auto& one : policies) {
    const auto told = findings(policy_of(one.text), "ScalingPolicy 'shop/web': ");
    EXPECT_TRUE(matches(told, one.told)) << one.text << "\n" << told;
  }
}

TEST_F(MalformedManifest, OfASourceIsRefusedWithFieldValueLimitAndRemedy) {
  for (const auto& one : sources)
    EXPECT_EQ(findings(source_of(one.text), "MetricSource 'prom': "), one.told) << one.text;
}

TEST(MalformedTrace, IsRefusedWithLineValueLimitAndRemedy) {
  for (const auto& one : traces) {
    const auto loads = replay::read_loads("load", one.text, {});
    ASSERT_FALSE(loads) << one.text;
    EXPECT_EQ(loads.error().message, one.told) << one.text;
  }
}

}  // namespace
}  // namespace poolscaler::app

#include "spans.hpp"

#include <algorithm>

namespace poolscaler::money {
namespace {

Instant end_of(const NodeCost& node, Instant now) {
  return std::min(node.stopped.value_or(now), now);
}

Span alone(const Outlay& outlay, const NodeCost& node, Instant begin, Instant end) {
  Span span{.from = &outlay, .begin = begin, .end = end};
  span.add(node);
  return span;
}

}  // namespace

void Span::add(const NodeCost& node) {
  cells[{node.pool, node.kind}].add(node);
  nodes.push_back(&node);
}

Span running_in(const Outlay& outlay) {
  Span span{.from = &outlay, .end = outlay.at};
  for (const auto& node : outlay.nodes)
    if (!node.stopped) span.add(node);
  return span;
}

std::vector<Span> spans_between(const Outlay& last, const Outlay& now) {
  std::vector<Span> spans = {{.from = &last, .end = now.at}};
  for (const auto& node : last.nodes) {
    if (node.stopped) continue;
    const auto* const later = now.find(node.uid);
    const auto end = later == nullptr ? now.at : end_of(*later, now.at);
    if (end == now.at) {
      spans.front().add(node);
    } else {
      spans.push_back(alone(last, node, Instant::min(), end));
    }
  }
  for (const auto& node : now.nodes)
    if (last.find(node.uid) == nullptr)
      spans.push_back(alone(now, node, node.started, end_of(node, now.at)));
  return spans;
}

std::vector<Span> spans_since(const Outlay& now, Instant since) {
  std::vector<Span> spans = {{.from = &now, .end = now.at}};
  for (const auto& node : now.nodes) {
    const auto end = end_of(node, now.at);
    if (node.started <= since && end == now.at) {
      spans.front().add(node);
    } else {
      spans.push_back(alone(now, node, node.started, end));
    }
  }
  return spans;
}

}  // namespace poolscaler::money

#include "poolscaler/controllers/write_queue.hpp"

#include <algorithm>
#include <utility>

namespace poolscaler::controllers {
namespace {

using telemetry::WriteClass;
using telemetry::WriteResult;

constexpr std::array classes = {WriteClass::FromZero, WriteClass::Growth, WriteClass::Shrink,
                                WriteClass::Status};
/// A server that asks for more than this is asked again anyway.
constexpr int pause_seconds_max = 60;
/// Whatever is put in wakes a sender at once.
constexpr Millis idle_wait{60'000};
/// A server that does not answer is left alone for longer and longer, whatever waits.
constexpr unsigned silences_tolerated = 3;
constexpr Millis first_pause{500};
constexpr Millis longest_pause{30'000};

std::size_t index_of(WriteClass write_class) { return static_cast<std::size_t>(write_class); }

WriteResult result_of(const std::optional<Error>& error) {
  if (!error) return WriteResult::Written;
  switch (error->kind) {
    case ErrorKind::Conflict: return WriteResult::Conflict;
    case ErrorKind::Throttled: return WriteResult::Throttled;
    case ErrorKind::Cancelled: return WriteResult::Cancelled;
    case ErrorKind::InvalidInput:
    case ErrorKind::NotFound:
    case ErrorKind::Forbidden:
    case ErrorKind::Unauthorised: return WriteResult::Refused;
    case ErrorKind::Expired:
    case ErrorKind::Unavailable:
    case ErrorKind::TimedOut:
    case ErrorKind::Internal: return WriteResult::Failed;
  }
  return WriteResult::Failed;
}

/// It is the server that fails, not this write.
bool is_silence(const std::optional<Error>& error) {
  return error &&
         (error->kind == ErrorKind::Unavailable || error->kind == ErrorKind::TimedOut);
}

}  // namespace

WriteQueue::WriteQueue(ClusterWriter& writer, telemetry::Metrics& metrics, const Clock& clock)
    : writer_(writer), metrics_(metrics), clock_(clock) {
  static_assert(classes.size() == class_count);
}

std::uint64_t WriteQueue::put_scale(const ObjectKey& policy, WriteClass write_class,
                                    ScaleWrite write) {
  return put({.what = WriteSlot::What::Scale, .key = policy},
             {.ticket = 0, .write_class = index_of(write_class), .write = std::move(write)});
}

std::uint64_t WriteQueue::put_status(WriteSlot slot, StatusWrite write) {
  return put(slot, {.ticket = 0,
                    .write_class = index_of(WriteClass::Status),
                    .write = std::move(write)});
}

std::uint64_t WriteQueue::put_group(const ObjectKey& group, WriteClass write_class,
                                    GroupWrite write) {
  return put({.what = WriteSlot::What::Group, .key = group},
             {.ticket = 0, .write_class = index_of(write_class), .write = std::move(write)});
}

std::uint64_t WriteQueue::put_node_write(const WriteSlot& slot, NodeWrite write) {
  return put(slot, {.ticket = 0,
                    .write_class = index_of(WriteClass::Shrink),
                    .write = std::move(write)});
}

bool WriteQueue::holds(const WriteSlot& slot) const {
  const std::scoped_lock lock(mutex_);
  return jobs_.contains(slot) || busy_.contains(slot);
}

std::uint64_t WriteQueue::put(const WriteSlot& slot, Job job) {
  const std::scoped_lock lock(mutex_);
  const auto ticket = job.ticket = next_ticket_++;
  const auto write_class = job.write_class;
  const auto known = jobs_.find(slot);
  const bool in_line = known != jobs_.end() && known->second.write_class == write_class;
  if (known != jobs_.end()) {
    --depths_[known->second.write_class];
    show_depth(known->second.write_class);
  }
  jobs_.insert_or_assign(slot, std::move(job));
  if (!in_line) lines_[write_class].push_back(slot);
  ++depths_[write_class];
  show_depth(write_class);
  ++changes_;
  work_.notify_one();
  return ticket;
}

bool WriteQueue::withdraw(const WriteSlot& slot) {
  const std::scoped_lock lock(mutex_);
  const auto found = jobs_.find(slot);
  if (found == jobs_.end()) return false;
  const auto write_class = found->second.write_class;
  jobs_.erase(found);
  std::erase(lines_[write_class], slot);
  --depths_[write_class];
  show_depth(write_class);
  return true;
}

void WriteQueue::show_depth(std::size_t write_class) {
  metrics_.set_write_queue_depth(classes[write_class], depths_[write_class]);
}

std::optional<std::pair<WriteSlot, WriteQueue::Job>> WriteQueue::take_next() {
  const auto now = clock_.monotonic();
  for (std::size_t write_class = 0; write_class < class_count; ++write_class) {
    if (now < paused_until_[write_class]) continue;
    auto& line = lines_[write_class];
    for (auto slot = line.begin(); slot != line.end();) {
      const auto job = jobs_.find(*slot);
      if (job == jobs_.end() || job->second.write_class != write_class) {
        slot = line.erase(slot);  // moved to another class
        continue;
      }
      if (busy_.contains(*slot)) {
        ++slot;
        continue;
      }
      std::pair taken(*slot, std::move(job->second));
      busy_.insert(*slot);
      jobs_.erase(job);
      line.erase(slot);
      --depths_[write_class];
      show_depth(write_class);
      return taken;
    }
  }
  return std::nullopt;
}

namespace {

/// The value of a result, or its error, to where each belongs.
template <class T>
void take(Result<T>&& result, T& value, std::optional<Error>& error) {
  if (result)
    value = *std::move(result);
  else
    error = std::move(result).error();
}

void take(Result<void>&& result, std::optional<Error>& error) {
  if (!result) error = std::move(result).error();
}

}  // namespace

void WriteQueue::send_scale(const ScaleWrite& write, std::size_t write_class, WriteDone& done,
                            const std::stop_token& stop) {
  take(writer_.write_scale(write, stop), done.scale, done.error);
  const auto direction = write_class == index_of(WriteClass::Shrink) ? Trend::Down : Trend::Up;
  metrics_.count_scale_write(direction, result_of(done.error));
}

void WriteQueue::send_node_write(const NodeWrite& write, WriteDone& done,
                                 const std::stop_token& stop) {
  std::visit(
      Overloaded{
          [&](const NodeCordon& one) { take(writer_.cordon(one, stop), done.error); },
          [&](const NodeUncordon& one) { take(writer_.uncordon(one, stop), done.error); },
          [&](const MachineMark& one) { take(writer_.mark_machine(one, stop), done.error); },
          [&](const PodEviction& one) {
            take(writer_.evict_pod(one, stop), done.eviction, done.error);
          }},
      write);
  constexpr std::array kinds = {telemetry::NodeWriteKind::Cordon,
                                telemetry::NodeWriteKind::Uncordon,
                                telemetry::NodeWriteKind::Mark, telemetry::NodeWriteKind::Evict};
  metrics_.count_node_write(kinds.at(write.index()), result_of(done.error));
}

WriteDone WriteQueue::send(const WriteSlot& slot, const Job& job, std::stop_token stop) {
  WriteDone done{.slot = slot, .ticket = job.ticket};
  std::visit(Overloaded{[&](const ScaleWrite& write) {
                          send_scale(write, job.write_class, done, stop);
                        },
                        [&](const StatusWrite& write) {
                          take(writer_.write_status(write, stop), done.resource_version,
                               done.error);
                          metrics_.count_status_write(result_of(done.error));
                        },
                        [&](const GroupWrite& write) {
                          take(writer_.write_group(write, stop), done.group, done.error);
                          metrics_.count_node_write(telemetry::NodeWriteKind::Group,
                                                    result_of(done.error));
                        },
                        [&](const NodeWrite& write) { send_node_write(write, done, stop); }},
             job.write);
  return done;
}

bool WriteQueue::send_next(std::stop_token stop) {
  std::optional<std::pair<WriteSlot, Job>> taken;
  {
    const std::scoped_lock lock(mutex_);
    taken = take_next();
  }
  if (!taken) return false;
  finish(taken->second, send(taken->first, taken->second, stop));
  return true;
}

void WriteQueue::finish(const Job& job, WriteDone done) {
  {
    const std::scoped_lock lock(mutex_);
    busy_.erase(done.slot);
    pause(job.write_class, done.error);
    done_.push_back(std::move(done));
    ++changes_;
    work_.notify_one();  // its slot may have a successor
  }
  if (notify_) notify_();
}

void WriteQueue::pause(std::size_t write_class, const std::optional<Error>& error) {
  auto& until = paused_until_[write_class];
  auto& silences = silences_[write_class];
  if (error && error->kind == ErrorKind::Throttled) {
    const auto seconds = std::clamp(error->retry_after_seconds, 1, pause_seconds_max);
    until = clock_.monotonic() + Seconds(seconds);
  }
  if (!is_silence(error)) {
    silences = 0;
    return;
  }
  ++silences;
  if (silences < silences_tolerated) return;
  const auto doubled = first_pause * (1LL << std::min(silences - silences_tolerated, 8U));
  until = clock_.monotonic() + std::min<Millis>(doubled, longest_pause);
}

std::vector<WriteDone> WriteQueue::take_done() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(done_, {});
}

Millis WriteQueue::until_next() const {
  Millis wait = idle_wait;
  const auto now = clock_.monotonic();
  for (std::size_t i = 0; i < class_count; ++i)
    if (depths_[i] > 0 && paused_until_[i] > now) wait = std::min(wait, paused_until_[i] - now);
  return wait;
}

void WriteQueue::run(std::stop_token stop, std::stop_token abort) {
  while (!stop.stop_requested()) {
    if (send_next(abort)) continue;
    std::unique_lock lock(mutex_);
    const bool could_send = std::ranges::any_of(jobs_, [&](const auto& entry) {
      return !busy_.contains(entry.first) &&
             paused_until_[entry.second.write_class] <= clock_.monotonic();
    });
    if (could_send) continue;
    const auto seen = changes_;
    work_.wait_for(lock, stop, until_next(), [&] { return changes_ != seen; });
  }
}

std::size_t WriteQueue::sending() const {
  const std::scoped_lock lock(mutex_);
  return busy_.size();
}

std::size_t WriteQueue::waiting() const {
  const std::scoped_lock lock(mutex_);
  return jobs_.size();
}

}  // namespace poolscaler::controllers

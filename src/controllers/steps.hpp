// The parts of a step: intake (what has happened), selection (what is due and what to ask),
// forecasting (whose history to ask for), recovery (what a predecessor could not tell), conclusion
// (decide and act), asking (what pools and budgets grant), results (what became of writes), telling
// (status, events), source telling (what is wrong with sources, catalogues). Each has a file of its
// own.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "history_lane.hpp"
#include "pod_index.hpp"
#include "policy_runtime.hpp"
#include "pool_desk.hpp"
#include "poolscaler/controllers/rounds.hpp"
#include "read_lanes.hpp"
#include "schedule.hpp"
#include "wake.hpp"

namespace poolscaler::controllers {

/// What a signal of a policy in `ns` asks its source.
[[nodiscard]] SignalQuery query_of(const Signal& signal, const std::string& ns);

/// What is known of a MetricSource beside its words.
struct SourceStanding {
  using Said = std::pair<Reason, std::int64_t>;  // and the generation that it is said of
  std::string uid{};
  std::int64_t generation = 0;
  std::optional<std::string> trouble{};  // why it may not be asked
  bool heard = false;                    // its server has answered, or has failed for long enough
  bool failing = false;
  std::string words{};  // the last failure
  std::optional<Millis> judged_at{};
  std::optional<Said> logged{};
  std::optional<Said> sent{};
  Millis sent_at{0};
};

class Rounds::Steps {
 public:
  explicit Steps(RoundParts parts);

  void on_work(std::function<void()> notify);
  void begin();
  Millis step();

 private:
  using Runtimes = std::unordered_map<ObjectKey, PolicyRuntime, ObjectKeyHash>;

  // intake.cpp
  void take_changes();
  void take_change(const ObjectKey& key);
  PolicyRuntime& runtime_of(const PolicyView& view);
  void forget(const ObjectKey& key);
  void look(PolicyRuntime& runtime, const PolicyView& view);
  void enter_zero(PolicyRuntime& runtime);
  void leave_zero(PolicyRuntime& runtime);

  // source_telling.cpp
  void take_sources();
  void look_at_sources();
  void tell_source(const SourceRecord& source, SourceStanding& standing);
  void take_catalogs();

  // selection.cpp
  void select();
  void select_regular(Millis now);
  void select_wake(Millis now);
  [[nodiscard]] std::shared_ptr<const Watch> watch_over(const ZeroLane& lane);
  void select_sighted(const ReadBatch& look);
  [[nodiscard]] bool ready_to_read(const ObjectKey& key, PolicyRuntime& runtime, Millis now);
  static void add_to_batch(ReadBatch& batch, PolicyRuntime& runtime, BatchEntry entry);
  void submit(std::map<std::string, ReadBatch> batches);
  void reschedule(const ObjectKey& key, const PolicyRuntime& runtime);

  // forecasting.cpp
  void begin_forecasting(PolicyRuntime& runtime, const PolicyRecord& policy);
  void select_histories(Millis now);
  void take_histories();

  // recovery.cpp
  void recover_scale(PolicyRuntime& runtime, const PolicyView& view);

  // conclusion.cpp
  void conclude_all(std::vector<ReadBatch> batches);
  void conclude(const ReadBatch& batch);
  void conclude(const ReadBatch& batch, const BatchEntry& entry);
  void decide(PolicyRuntime& runtime, const PolicyView& view, std::vector<SignalReading> readings);
  struct Deliberation {
    engine::Outcome outcome;
    std::vector<SignalReading> readings;
    Instant decided_at;
  };
  void act(PolicyRuntime& runtime, const PolicyView& view, Deliberation decided);
  [[nodiscard]] std::optional<Trouble> why_not_write(PolicyRuntime& runtime,
                                                     const PolicyView& view);
  void send_scale(PolicyRuntime& runtime, const PolicyView& view, engine::Outcome outcome,
                  std::vector<SignalReading> readings);
  void freeze(PolicyRuntime& runtime, const PolicyView& view, const std::string& what);
  void note_external_change(PolicyRuntime& runtime, const PolicyView& view);

  // asking.cpp
  /// A decision that waits for what its pool says.
  struct Waiting {
    ObjectKey key;
    std::string uid;
    PolicyView view;
    Deliberation decided;
  };
  void wait_for_pool(PolicyRuntime& runtime, const PolicyView& view, Deliberation decided);
  void ask_pools();
  [[nodiscard]] bool should_ask(Millis now) const;
  [[nodiscard]] PoolWish wish_of(const ObjectKey& key, PolicyRuntime& runtime);
  void conclude(const Waiting& waiting, const PoolAnswer& answer);
  void reconsider(const PoolWish& wish, const PoolAnswer& answer);
  [[nodiscard]] Millis next_asking(Millis next) const;

  // results.cpp
  void take_results();
  void scale_done(PolicyRuntime& runtime, const WriteDone& done);
  void scale_written(PolicyRuntime& runtime, const PendingScale& pending, const WriteDone& done);
  void scale_failed(PolicyRuntime& runtime, const PendingScale& pending, const Error& error);
  void status_done(PolicyRuntime& runtime, const WriteDone& done);

  // telling.cpp
  struct Telling {
    const PolicyView& view;
    const Decision* decision = nullptr;
    const std::vector<SignalReading>& readings;
    std::optional<Trouble> blocked{};
    std::optional<std::int32_t> confirmed_replicas{};
    Instant decided_at{};
  };
  void tell(PolicyRuntime& runtime, const Telling& telling);
  void show(const PolicyRuntime& runtime, const api::PolicyStatus& status);
  void note(EventNote event);

  RoundParts parts_;
  Schedule schedule_;
  Runtimes runtimes_;
  std::map<std::string, ZeroLane> zero_lanes_;  // by the names of the sources
  std::map<std::string, SourceStanding> standings_;  // by the name of the source
  Millis next_look_at_sources_{0};
  std::map<std::string, std::pair<std::string, std::string>> wrong_catalogs_;  // uid and errors
  Millis next_wake_{0};
  ReadLanes lanes_;
  Schedule histories_due_;
  std::deque<ObjectKey> histories_;  // to be asked for, in this order
  Millis next_history_{0};
  HistoryLane history_lane_;
  PoolDesk desk_;
  std::set<ObjectKey> on_pools_;  // policies that draw on a pool
  std::vector<Waiting> waiting_;
  Millis next_asking_{0};   // not before
  Millis asking_due_{0};    // whatever happens
  std::uint64_t asked_version_ = 0;
  unsigned quiet_looks_ = 0;  // in a row: nothing had changed, and nobody asked
};

}  // namespace poolscaler::controllers

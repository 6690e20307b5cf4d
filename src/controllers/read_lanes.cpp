#include "read_lanes.hpp"

#include <utility>

namespace poolscaler::controllers {

ReadLanes::ReadLanes(MetricReader& reader, unsigned threads) : reader_(reader) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this](std::stop_token stop) { run(stop); });
}

ReadLanes::~ReadLanes() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

bool ReadLanes::is_free(const std::string& lane) const {
  const std::scoped_lock lock(mutex_);
  return !busy_.contains(lane);
}

void ReadLanes::submit(ReadBatch batch) {
  {
    const std::scoped_lock lock(mutex_);
    busy_.insert(batch.lane);
    if (!threads_.empty() && batch.asks()) {
      waiting_.push_back(std::move(batch));
      work_.notify_one();
      return;
    }
  }
  read(std::move(batch), {});
}

void ReadLanes::read(ReadBatch batch, std::stop_token stop) {
  if (batch.watch)
    batch.sighted = batch.watch->lookout->look(batch.deadline, stop);
  else if (batch.asks())
    batch.readings = reader_.read(batch.queries, batch.deadline, stop);
  {
    const std::scoped_lock lock(mutex_);
    busy_.erase(batch.lane);
    read_.push_back(std::move(batch));
  }
  if (notify_) notify_();
}

std::vector<ReadBatch> ReadLanes::take_read() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(read_, {});
}

void ReadLanes::run(std::stop_token stop) {
  while (true) {
    ReadBatch batch;
    {
      std::unique_lock lock(mutex_);
      if (!work_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    read(std::move(batch), stop);
  }
}

}  // namespace poolscaler::controllers

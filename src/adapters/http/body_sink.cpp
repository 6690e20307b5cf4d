#include "body_sink.hpp"

#include <stdexcept>
#include <string_view>

namespace poolscaler::adapters {

pplx::task<size_t> BodySink::_putn(const std::uint8_t* data, size_t count) {
  const pplx::task_completion_event<size_t> taken;
  const std::string_view piece(reinterpret_cast<const char*>(data), count);
  if (!exchange_->body_arrived(piece, [taken, count] { taken.set(count); }))
    return pplx::task_from_exception<size_t>(std::runtime_error("the answer is too large"));
  return pplx::create_task(taken);
}

}  // namespace poolscaler::adapters

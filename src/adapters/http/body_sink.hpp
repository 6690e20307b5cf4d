// The stream buffer that the library writes an answer's body into: it hands each piece to the
// exchange, which refuses what is too much and makes the library wait while the reader is behind.
#pragma once

#include <memory>
#include <utility>

#include <cpprest/astreambuf.h>

#include "exchange.hpp"

namespace poolscaler::adapters {

class BodySink final : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
  using Base = concurrency::streams::details::streambuf_state_manager<std::uint8_t>;

 public:
  explicit BodySink(std::shared_ptr<Exchange> exchange)
      : Base(std::ios_base::out), exchange_(std::move(exchange)) {}

  /// The library's context of the request holds this buffer, and gives its connection back before
  /// it lets go.
  ~BodySink() override { exchange_->released(); }

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return nowhere(); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return nowhere(); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return nowhere();
  }
  bool acquire(std::uint8_t*&, size_t&) override { return false; }
  void release(std::uint8_t*, size_t) override {}

 protected:
  /// Must not throw: the library calls it where nothing catches.
  pplx::task<size_t> _putn(const std::uint8_t* data, size_t count) override;
  pplx::task<int_type> _putc(std::uint8_t) override { return pplx::task_from_result(end()); }
  pplx::task<int_type> _bumpc() override { return pplx::task_from_result(end()); }
  int_type _sbumpc() override { return end(); }
  pplx::task<int_type> _getc() override { return pplx::task_from_result(end()); }
  int_type _sgetc() override { return end(); }
  pplx::task<int_type> _nextc() override { return pplx::task_from_result(end()); }
  pplx::task<int_type> _ungetc() override { return pplx::task_from_result(end()); }
  pplx::task<size_t> _getn(std::uint8_t*, size_t) override {
    return pplx::task_from_result(size_t{0});
  }
  size_t _scopy(std::uint8_t*, size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

 private:
  static int_type end() { return traits::eof(); }
  static pos_type nowhere() { return static_cast<pos_type>(traits::eof()); }

  std::shared_ptr<Exchange> exchange_;
};

}  // namespace poolscaler::adapters

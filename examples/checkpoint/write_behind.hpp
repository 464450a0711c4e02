// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace checkpoint_tool {

/// Runs jobs one after the other on a thread of its own, so that one tensor is written while the
/// next is computed. At most one job waits: `push` blocks until it is that one.
class write_behind {
 public:
  write_behind() : thread_([this] { run(); }) {}
  write_behind(const write_behind&) = delete;
  write_behind& operator=(const write_behind&) = delete;
  /// Drops the job that waits; one that runs is finished.
  ~write_behind() {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = nullptr;
      ends_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  /// Hands a job over.
  ///
  /// Throws: what an earlier job threw; nothing runs after that.
  void push(std::function<void()> job) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_ || problem_; });
    if (problem_) std::rethrow_exception(problem_);
    waiting_ = std::move(job);
    lock.unlock();
    changed_.notify_all();
  }

  /// Waits until all jobs are done.
  ///
  /// Throws: what a job threw.
  void finish() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return (!waiting_ && !is_busy_) || problem_; });
    }
    if (problem_) std::rethrow_exception(problem_);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return waiting_ || ends_; });
      if (!waiting_) return;
      const std::function<void()> job = std::exchange(waiting_, nullptr);
      is_busy_ = true;
      lock.unlock();
      changed_.notify_all();
      std::exception_ptr problem;
      try {
        job();
      } catch (...) {
        problem = std::current_exception();
      }
      lock.lock();
      is_busy_ = false;
      problem_ = problem;
      changed_.notify_all();
      if (problem_) return;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> waiting_;
  std::exception_ptr problem_;
  bool is_busy_ = false;
  bool ends_ = false;
  std::thread thread_;  // last: it uses all others
};

}  // namespace checkpoint_tool

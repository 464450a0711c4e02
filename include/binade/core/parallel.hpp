// SPDX-License-Identifier: MIT
#pragma once

#include "binade/core/config.hpp"
#include "binade/core/error.hpp"

#include <atomic>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>  // addressof
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

// Bulk calls split their work into chunks whose borders depend on the sizes alone, and hand the
// chunks to an executor. So an executor decides about speed, never about results.

namespace binade::inline v0 {

template <class Signature>
class function_ref;

/// Refers to a callable object of somebody else's, as a function parameter does; two pointers, no
/// allocation.
///
/// It dangles when the object ends: take it as a parameter, do not keep it.
template <class Result, class... Args>
class function_ref<Result(Args...)> {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, function_ref> &&
             std::is_object_v<std::remove_reference_t<F>> &&
             std::is_invocable_r_v<Result, std::remove_reference_t<F>&, Args...>)
  function_ref(F&& f) noexcept
      : object_(const_cast<void*>(static_cast<const volatile void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

/// A type that runs tasks: your own thread pool becomes one by this member.
///
/// `e.execute(tasks, task)` calls task(i) once for every i in [0, tasks), in any order and on any
/// threads, and returns when all calls have ended; what the tasks wrote is then visible to the
/// caller. Tasks are independent of each other and may call `execute` themselves. A task may throw:
/// the executor then waits for the tasks that run, may leave out those that have not begun, and
/// rethrows one exception on the calling thread.
template <class E>
concept executor = requires(E& e, std::size_t tasks, function_ref<void(std::size_t)> task) {
  e.execute(tasks, task);
};

/// Runs all tasks on the calling thread, in ascending order.
struct inline_executor {
  void execute(std::size_t tasks, function_ref<void(std::size_t)> task) const {
    for (std::size_t i = 0; i < tasks; ++i) task(i);
  }
};

/// Refers to an executor; by default to the calling thread. The last parameter of every bulk call.
///
/// It does not own: a temporary executor lives long enough as an argument of a call, not in a
/// variable.
class executor_ref {
 public:
  executor_ref() noexcept = default;

  template <class E>
    requires(!std::same_as<std::remove_cvref_t<E>, executor_ref> &&
             executor<std::remove_reference_t<E>>)
  executor_ref(E&& e) noexcept
      : object_(const_cast<void*>(static_cast<const volatile void*>(std::addressof(e)))),
        call_([](void* object, std::size_t tasks, function_ref<void(std::size_t)> task) {
          static_cast<std::remove_reference_t<E>*>(object)->execute(tasks, task);
        }) {}

  /// Calls task(i) for every i in [0, tasks); see `executor`.
  void execute(std::size_t tasks, function_ref<void(std::size_t)> task) const {
    if (call_ == nullptr) {
      inline_executor{}.execute(tasks, task);
    } else {
      call_(object_, tasks, task);
    }
  }

  /// Calls f(begin, end) once for every chunk of [0, n): [0, grain), [grain, 2 grain) and so on,
  /// the last one possibly shorter.
  ///
  /// The chunks depend on n and grain alone; chunk number begin / grain is a place for its partial
  /// result. A single chunk runs on the calling thread without a word to the executor; no chunk is
  /// empty.
  ///
  /// Throws: error if grain is 0; what f throws.
  template <class F>
    requires std::invocable<F&, std::size_t, std::size_t>
  void for_each_chunk(std::size_t n, std::size_t grain, F&& f) const {
    if (grain == 0) {
      BINADE_THROW(error{"for_each_chunk: grain is 0 for n = " + std::to_string(n) +
                         "; it must be at least 1"});
    }
    if (n == 0) return;
    if (n <= grain) {
      f(std::size_t{0}, n);
      return;
    }
    execute(n / grain + (n % grain != 0), [&](std::size_t chunk) {
      const std::size_t begin = chunk * grain;
      f(begin, n - begin < grain ? n : begin + grain);
    });
  }

 private:
  void* object_ = nullptr;
  void (*call_)(void*, std::size_t, function_ref<void(std::size_t)>) = nullptr;
};

/// A pool of threads that serves one `execute` after the other; the calling thread works along.
///
/// Threads start when a call first has tasks for them and wait between calls until the pool is
/// destroyed. Tasks are handed out in ascending order. A call that finds the pool busy (from inside
/// a task, or from another thread) runs its tasks on its own thread, so nested calls cannot
/// deadlock or oversubscribe. When tasks throw, the caller gets the exception of the one with the
/// lowest index, which is the one a sequential loop would have met. If the system refuses a thread,
/// the pool goes on with those it has. A pool does not survive fork().
///
/// Cost: a call allocates nothing once the threads run.
class threads {
 public:
  /// One thread for each hardware thread.
  threads() noexcept : size_(std::thread::hardware_concurrency()) {
    if (size_ == 0) size_ = 1;  // the library does not know
  }

  /// `count` threads, the calling one included.
  ///
  /// Throws: error if count is 0.
  explicit threads(std::size_t count) : size_(count) {
    if (count == 0) {
      BINADE_THROW(error{"threads: count is 0; it must be at least 1 (the calling thread)"});
    }
  }

  threads(const threads&) = delete;
  threads& operator=(const threads&) = delete;

  ~threads() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// Number of threads that work on a call, the calling one included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Calls task(i) for every i in [0, tasks); see `executor`.
  void execute(std::size_t tasks, function_ref<void(std::size_t)> task) {
    if (size_ == 1 || tasks <= 1 || busy_.exchange(true, std::memory_order_acquire)) {
      inline_executor{}.execute(tasks, task);
      return;
    }
    job current(task, tasks);
    {
      const std::lock_guard lock(mutex_);
      const std::size_t wanted = (tasks < size_ ? tasks : size_) - 1;
      start_workers(wanted);
      job_ = &current;
      invitations_ = wanted < workers_.size() ? wanted : workers_.size();
    }
    work_.notify_all();
    run(current);
    {
      std::unique_lock lock(mutex_);
      invitations_ = 0;  // whoever has not come by now finds no task left
      done_.wait(lock, [&] { return running_ == 0; });
      job_ = nullptr;
    }
    busy_.store(false, std::memory_order_release);
    if (current.failure) std::rethrow_exception(std::move(current.failure));
  }

 private:
  struct job {
    job(function_ref<void(std::size_t)> f, std::size_t tasks) noexcept : task(f), end(tasks) {}

    function_ref<void(std::size_t)> task;
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> end;  // the lowest task that failed, or the number of tasks
    std::exception_ptr failure;    // of task `end`; guarded by mutex_
  };

  // Tasks below the lowest failing one are never left out: they were taken before it.
  void run(job& current) noexcept {
    for (;;) {
      const std::size_t i = current.next.fetch_add(1, std::memory_order_relaxed);
      if (i >= current.end.load(std::memory_order_relaxed)) return;
#if defined(__cpp_exceptions)
      try {
        current.task(i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (i < current.end.load(std::memory_order_relaxed)) {
          current.end.store(i, std::memory_order_relaxed);
          current.failure = std::current_exception();
        }
      }
#else
      current.task(i);
#endif
    }
  }

  void start_workers(std::size_t wanted) noexcept {
#if defined(__cpp_exceptions)
    try {
      while (workers_.size() < wanted) workers_.emplace_back([this] { work(); });
    } catch (...) {  // no thread or no memory: fewer threads give the same results
    }
#else
    while (workers_.size() < wanted) workers_.emplace_back([this] { work(); });
#endif
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return stopping_ || invitations_ > 0; });
      if (stopping_) return;
      --invitations_;
      ++running_;
      job& current = *job_;
      lock.unlock();
      run(current);
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  std::size_t size_;
  std::atomic<bool> busy_{false};
  std::mutex mutex_;  // guards all below
  std::condition_variable work_;
  std::condition_variable done_;
  job* job_ = nullptr;
  std::size_t invitations_ = 0;  // how many more workers may join the job
  std::size_t running_ = 0;      // how many have joined and not left
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

static_assert(executor<inline_executor> && executor<executor_ref> && executor<threads>);

}  // namespace binade::inline v0

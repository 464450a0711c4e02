// SPDX-License-Identifier: MIT
// Also compiled with -fno-exceptions -fno-rtti.
#include "binade/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using binade::executor_ref;
using binade::function_ref;
using binade::inline_executor;
using binade::threads;

struct chunk {
  std::size_t begin, end;
  bool operator==(const chunk&) const = default;
};
void PrintTo(const chunk& c, std::ostream* out) { *out << "[" << c.begin << ", " << c.end << ")"; }

// The definition, by counting.
std::vector<chunk> expected_chunks(std::size_t n, std::size_t grain) {
  std::vector<chunk> chunks;
  for (std::size_t i = 0; i < n; ++i) {
    if (i % grain == 0) chunks.push_back({i, i});
    ++chunks.back().end;
  }
  return chunks;
}

// A user's executor: last task first, on the calling thread.
struct backward_executor {
  int calls = 0;
  void execute(std::size_t tasks, function_ref<void(std::size_t)> task) {
    ++calls;
    for (std::size_t i = tasks; i > 0; --i) task(i - 1);
  }
};
static_assert(binade::executor<backward_executor>);
struct not_an_executor {
  void execute(int) {}
};
static_assert(!binade::executor<not_an_executor> && !binade::executor<int>);
static_assert(!std::is_constructible_v<executor_ref, not_an_executor>);

TEST(ForEachChunk, covers_the_range_with_the_same_chunks_on_every_executor) {
  threads two(2), three(3), eight(8);
  backward_executor backward;
  const inline_executor on_this_thread;
  const executor_ref executors[] = {{}, on_this_thread, backward, two, three, eight};
  for (const std::size_t n : {0u, 1u, 2u, 7u, 64u, 65u, 1000u}) {
    for (const std::size_t grain : {1u, 2u, 3u, 64u, 999u, 1000u, 1001u}) {
      const std::vector<chunk> expected = expected_chunks(n, grain);
      for (const executor_ref& executor : executors) {
        std::vector<chunk> got(expected.size(), chunk{0, 0});
        std::vector<std::atomic<int>> visits(n);
        executor.for_each_chunk(n, grain, [&](std::size_t begin, std::size_t end) {
          got.at(begin / grain) = {begin, end};
          for (std::size_t i = begin; i < end; ++i) ++visits.at(i);
        });
        EXPECT_EQ(got, expected) << "n " << n << ", grain " << grain;
        for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(visits[i], 1) << "n " << n << ", i " << i;
      }
    }
  }
}

TEST(ForEachChunk, does_not_wrap_at_the_top_of_size_t) {
  constexpr std::size_t top = std::numeric_limits<std::size_t>::max();
  std::vector<chunk> got;
  executor_ref().for_each_chunk(top, top - 1,
                                [&](std::size_t b, std::size_t e) { got.push_back({b, e}); });
  EXPECT_EQ(got, (std::vector<chunk>{{0, top - 1}, {top - 1, top}}));
}

TEST(ForEachChunk, keeps_a_single_chunk_from_the_executor) {
  backward_executor backward;
  const executor_ref executor = backward;
  executor.for_each_chunk(10, 10, [](std::size_t, std::size_t) {});
  executor.for_each_chunk(0, 10, [](std::size_t, std::size_t) { ADD_FAILURE() << "empty chunk"; });
  EXPECT_EQ(backward.calls, 0);
  executor.for_each_chunk(11, 10, [](std::size_t, std::size_t) {});
  EXPECT_EQ(backward.calls, 1);
}

#if defined(__cpp_exceptions)
TEST(ForEachChunk, throws_on_grain_0) {
  try {
    executor_ref().for_each_chunk(5, 0, [](std::size_t, std::size_t) {});
    FAIL() << "grain 0 was accepted";
  } catch (const binade::error& e) {
    EXPECT_STREQ(e.what(), "for_each_chunk: grain is 0 for n = 5; it must be at least 1");
  }
}

TEST(Threads, throws_on_count_0) { EXPECT_THROW(threads(0), binade::error); }
#else
TEST(ForEachChunkDeathTest, ends_the_program_on_grain_0) {
  EXPECT_DEATH(executor_ref().for_each_chunk(5, 0, [](std::size_t, std::size_t) {}), "");
}
#endif

TEST(FunctionRef, calls_the_object_itself) {
  int calls = 0;
  auto count = [&calls, own = 0](int by) mutable { return own += by, calls = own; };
  const function_ref<int(int)> ref = count;
  EXPECT_EQ(ref(2), 2);
  EXPECT_EQ(ref(3), 5);  // the same object's state
  EXPECT_EQ(calls, 5);
  const auto twice = [](int x) { return 2 * x; };
  EXPECT_EQ(function_ref<int(int)>(twice)(21), 42);
  int (*pointer)(int) = [](int x) { return x + 1; };
  EXPECT_EQ(function_ref<int(int)>(pointer)(41), 42);
  static_assert(!std::is_constructible_v<function_ref<int(int)>, int (*)(std::string)>);
}

TEST(InlineExecutor, runs_in_order_on_the_calling_thread) {
  std::vector<std::size_t> order;
  inline_executor().execute(5, [&](std::size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
}

// A place where two tasks wait for each other, which they can only on two threads.
struct meeting {
  std::atomic<int> arrived{0};
  // False if nobody came within 30 s.
  bool meet() {
    ++arrived;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (arrived < 2) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

TEST(Threads, run_tasks_at_the_same_time) {
  threads pool(2);
  meeting place;
  std::atomic<int> met{0};
  pool.execute(2, [&](std::size_t) { met += place.meet(); });
  EXPECT_EQ(met, 2);
}

TEST(Threads, are_waited_for) {
  threads pool(2);
  meeting place;
  const auto caller = std::this_thread::get_id();
  bool ended = false;
  pool.execute(2, [&](std::size_t) {
    ASSERT_TRUE(place.meet());
    if (std::this_thread::get_id() == caller) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
  });
  EXPECT_TRUE(ended);
}

TEST(Threads, have_their_size) {
  EXPECT_EQ(threads(3).size(), 3u);
  EXPECT_GE(threads().size(), 1u);
  const unsigned hardware = std::thread::hardware_concurrency();
  EXPECT_TRUE(hardware == 0 || threads().size() == hardware);
}

int threads_of_this_process() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "Threads:") {
      int n = 0;
      status >> n;
      return n;
    }
  }
  return -1;
}

TEST(Threads, start_when_needed_and_end_with_the_pool) {
  const int before = threads_of_this_process();
  if (before < 0) GTEST_SKIP() << "not checked: no /proc/self/status to count threads with";
  {
    threads pool(4);
    EXPECT_EQ(threads_of_this_process(), before) << "constructed";
    pool.execute(1, [](std::size_t) {});
    EXPECT_EQ(threads_of_this_process(), before) << "one task needs no second thread";
    pool.execute(2, [](std::size_t) {});
    EXPECT_EQ(threads_of_this_process(), before + 1) << "two tasks";
    pool.execute(100, [](std::size_t) {});
    EXPECT_EQ(threads_of_this_process(), before + 3) << "100 tasks";
    pool.execute(100, [](std::size_t) {});
    EXPECT_EQ(threads_of_this_process(), before + 3) << "100 tasks again";
  }
  // A joined thread may still be listed for a moment.
  for (int i = 0; i < 1000 && threads_of_this_process() != before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(threads_of_this_process(), before) << "destroyed";
}

TEST(Threads, serve_many_calls_and_show_what_tasks_wrote) {
  threads pool(4);
  std::vector<std::size_t> value(64);  // plain memory: the pool has to order the accesses
  for (std::size_t round = 1; round <= 2000; ++round) {
    const std::size_t tasks = 1 + round % value.size();
    pool.execute(tasks, [&](std::size_t i) { value[i] += i + round; });
    std::size_t sum = 0, expected = 0;
    for (std::size_t i = 0; i < tasks; ++i) {
      sum += value[i];
      expected += i + round;
      value[i] = 0;
    }
    ASSERT_EQ(sum, expected) << "round " << round;
  }
}

TEST(Threads, may_be_a_temporary_argument) {
  const auto sum_to = [](std::size_t n, executor_ref executor = {}) {
    std::atomic<std::size_t> sum{0};
    executor.for_each_chunk(n, 7, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) sum += i;
    });
    return sum.load();
  };
  EXPECT_EQ(sum_to(100), 4950u);
  EXPECT_EQ(sum_to(100, threads{3}), 4950u);
  EXPECT_EQ(sum_to(100, inline_executor{}), 4950u);
}

// Two outer tasks leave two of the threads idle, and inner tasks last long enough for those to join
// if they were asked to.
TEST(Threads, run_nested_calls_on_the_thread_of_the_task) {
  threads pool(4);
  const executor_ref executor = pool;
  std::atomic<int> inner_calls{0}, on_another_thread{0};
  for (int round = 0; round < 5; ++round) {
    executor.for_each_chunk(2, 1, [&](std::size_t, std::size_t) {
      const auto outer = std::this_thread::get_id();
      executor.for_each_chunk(4, 1, [&](std::size_t, std::size_t) {
        ++inner_calls;
        on_another_thread += std::this_thread::get_id() != outer;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        executor.for_each_chunk(2, 1, [&](std::size_t, std::size_t) { ++inner_calls; });
      });
    });
  }
  EXPECT_EQ(inner_calls, 5 * 2 * 4 * 3);
  EXPECT_EQ(on_another_thread, 0);
}

TEST(Threads, take_calls_from_several_threads) {
  threads pool(2);
  std::atomic<int> sum{0};
  std::deque<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) pool.execute(5, [&](std::size_t) { ++sum; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 4 * 200 * 5);
}

#if defined(__cpp_exceptions)
// Every task from `first` on throws its number; the caller has to see `first`, on any executor.
TEST(Exceptions, arrive_as_in_a_sequential_loop) {
  threads two(2), five(5);
  const executor_ref executors[] = {{}, two, five};
  for (const executor_ref& executor : executors) {
    for (int round = 0; round < 100; ++round) {
      for (const std::size_t first : {0u, 1u, 7u, 19u}) {
        std::vector<std::atomic<int>> ran(20);
        try {
          executor.execute(20, [&](std::size_t i) {
            ++ran[i];
            if (i >= first) throw std::out_of_range(std::to_string(i));
          });
          FAIL() << "nothing was thrown, first " << first;
        } catch (const std::out_of_range& e) {
          EXPECT_EQ(e.what(), std::to_string(first));
        }
        for (std::size_t i = 0; i <= first; ++i) {
          EXPECT_EQ(ran[i], 1) << "task " << i << ", first " << first;
        }
      }
    }
  }
}

TEST(Exceptions, of_the_lowest_task_win_even_when_they_come_later) {
  threads pool(2);
  for (int round = 0; round < 5; ++round) {
    meeting place;
    try {
      pool.execute(2, [&](std::size_t i) {
        const bool met = place.meet();
        if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        throw std::out_of_range(std::to_string(i) + (met ? "" : ", alone"));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::out_of_range& e) {
      EXPECT_STREQ(e.what(), "0");
    }
  }
}

TEST(Exceptions, leave_the_pool_usable) {
  threads pool(4);
  EXPECT_THROW(pool.execute(100, [](std::size_t) { throw 1; }), int);
  std::atomic<int> ran{0};
  pool.execute(100, [&](std::size_t) { ++ran; });
  EXPECT_EQ(ran, 100);
}

TEST(Exceptions, keep_later_tasks_from_starting) {
  threads pool(2);
  std::atomic<int> ran{0};
  const auto fail_first = [&](std::size_t i) {
    ++ran;
    if (i == 0) throw 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  EXPECT_THROW(pool.execute(100000, fail_first), int);
  EXPECT_LT(ran, 100000) << "task 0 fails at once; the other thread would need 100 s for the rest";
}

TEST(Exceptions, pass_through_nested_calls) {
  threads pool(3);
  const auto nested = [&] {
    pool.execute(4, [&](std::size_t i) {
      pool.execute(4, [&](std::size_t j) {
        if (i == 2 && j == 1) throw std::out_of_range("2, 1");
      });
    });
  };
  EXPECT_THROW(nested(), std::out_of_range);
  EXPECT_THROW(nested(), std::out_of_range);
}
#endif

}  // namespace

// With g++ alone: clang's thread sanitizer brings operators of its own that cannot be replaced.
#if !defined(__clang__)
namespace {
std::atomic<int> allocations{0};
}  // namespace

// Out of line, since g++ warns when it inlines one of the pair and not the other.
BINADE_NOINLINE void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  std::abort();
}
BINADE_NOINLINE void operator delete(void* p) noexcept { std::free(p); }
BINADE_NOINLINE void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {
TEST(Threads, allocate_nothing_once_they_run) {
  threads pool(3);
  const executor_ref executor = pool;
  std::vector<std::size_t> sums(100);
  const auto call = [&] {
    executor.for_each_chunk(1000, 10, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) sums[begin / 10] += i;
    });
  };
  const int before_start = allocations;
  call();
  EXPECT_GT(allocations, before_start) << "starting threads allocates: the count works";
  const int before = allocations;
  for (int i = 0; i < 50; ++i) call();
  EXPECT_EQ(allocations, before);
}
}  // namespace
#endif

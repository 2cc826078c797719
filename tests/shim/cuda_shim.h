// CUDA C on a CPU, to test device code where there is no device.
//
// Every thread of a block is a fiber, so that barriers, warp votes and shuffles, shared memory and atomics mean what they
// mean on a device; blocks run one after the other, threads of a block by turns from barrier to barrier.  The order in
// which threads run can be reversed (-DSIM_REVERSED): code whose result then changes has a race.  A barrier that not all
// threads of the block reach, or a vote that not all named lanes reach, ends the program with a message.
#pragma once
#undef _FORTIFY_SOURCE  // its longjmp takes a jump to another stack for a mistake
#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#ifdef SIM_FLUSHED
#include <xmmintrin.h>
#endif

#define SIM_SHIM 1
#define __global__
#define __device__ static inline
#define __forceinline__  // as g++ likes: a long tape with all copies that it asks for takes minutes to compile
#define __noinline__ __attribute__((noinline))
#define __shared__ static
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

struct dim3 { unsigned x = 1, y = 1, z = 1; };
static dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;

#define SIM_VECTOR2(type, name) struct alignas(2 * sizeof(type)) name { type x, y; }; \
  static inline name make_##name(type x, type y) { return {x, y}; }
#define SIM_VECTOR4(type, name, align) struct alignas(align) name { type x, y, z, w; }; \
  static inline name make_##name(type x, type y, type z, type w) { return {x, y, z, w}; }
SIM_VECTOR2(double, double2) SIM_VECTOR2(float, float2) SIM_VECTOR2(int, int2) SIM_VECTOR2(unsigned, uint2)
SIM_VECTOR2(long long, longlong2) SIM_VECTOR2(unsigned long long, ulonglong2)
SIM_VECTOR4(float, float4, 16) SIM_VECTOR4(int, int4, 16) SIM_VECTOR4(unsigned, uint4, 16)

namespace shim {

constexpr unsigned MOST_THREADS = 1024, STACK = 1 << 17, SHARED = 228 << 10;
alignas(16) static unsigned char shared_bytes[SHARED];

enum class State { ready, at_warp, at_block, done };

struct Fiber {
  ucontext_t context;            // enters the fiber once, for all blocks that it will run
  jmp_buf place;                 // where it waits; a jump is some twenty times as fast as swapcontext, a system call
  bool entered;
  State state;
  unsigned mask;                 // lanes that a warp barrier waits for
  unsigned long long value;      // what a vote or a shuffle shows to other lanes
};

static Fiber fibers[MOST_THREADS];
static unsigned char* stacks = nullptr;
static jmp_buf scheduler;
static unsigned current, threads_of_block;
static const std::function<void()>* body;

[[noreturn]] static void fail(const char* what) {
  std::fprintf(stderr, "cuda shim: %s (block %u, thread %u)\n", what, blockIdx.x, current);
  std::abort();
}

// Goes on with the scheduler until that goes on with this fiber.
__attribute__((noinline)) static void leave() {
  if (!_setjmp(fibers[current].place)) _longjmp(scheduler, 1);
}

// Goes on with a fiber until that leaves.
__attribute__((noinline)) static void enter(Fiber& fiber) {
  if (_setjmp(scheduler)) return;
  if (fiber.entered) _longjmp(fiber.place, 1);
  fiber.entered = true;
  setcontext(&fiber.context);
}

static void entry() {
  for (;;) {
    (*body)();
    fibers[current].state = State::done;
    leave();
  }
}

static void wait(State state, unsigned mask) {
  fibers[current].state = state;
  fibers[current].mask = mask;
  leave();
}

static bool release_warp(unsigned first) {
  // all lanes that a waiting lane names must wait with the same mask
  for (unsigned lane = 0; lane < 32 && first + lane < threads_of_block; ++lane) {
    const Fiber& one = fibers[first + lane];
    if (one.state != State::at_warp) continue;
    bool complete = true;
    for (unsigned other = 0; other < 32 && first + other < threads_of_block; ++other)
      if (one.mask >> other & 1) {
        const Fiber& two = fibers[first + other];
        complete = complete && two.state == State::at_warp && two.mask == one.mask;
      }
    if (complete) {
      const unsigned mask = one.mask;
      for (unsigned other = 0; other < 32 && first + other < threads_of_block; ++other)
        if (mask >> other & 1) fibers[first + other].state = State::ready;
      return true;
    }
  }
  return false;
}

static void run_block() {
  for (unsigned t = 0; t < threads_of_block; ++t) {
    Fiber& fiber = fibers[t];
    fiber.state = State::ready;
    if (fiber.entered) continue;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stacks + static_cast<size_t>(t) * STACK;
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, entry, 0);
  }
  for (;;) {
    bool ran = false;
    unsigned done = 0, waiting = 0;
    for (unsigned k = 0; k < threads_of_block; ++k) {
#ifdef SIM_REVERSED
      const unsigned t = threads_of_block - 1 - k;
#else
      const unsigned t = k;
#endif
      if (fibers[t].state == State::ready) {
        current = t;
        threadIdx.x = t;
        enter(fibers[t]);
        ran = true;
      }
      done += fibers[t].state == State::done;
      waiting += fibers[t].state == State::at_block;
    }
    if (done == threads_of_block) return;
    for (unsigned first = 0; first < threads_of_block; first += 32) ran = release_warp(first) || ran;
    if (waiting == threads_of_block) {
      for (unsigned t = 0; t < threads_of_block; ++t) fibers[t].state = State::ready;
      ran = true;
    }
    if (!ran) fail("threads wait at a barrier that others do not reach");
  }
}

// While it lives numbers below the least normal one are 0, in operands and results, where -DSIM_FLUSHED asks for it:
// what a device does whose code was compiled with -ftz=true.
struct Mode {
#ifdef SIM_FLUSHED
  unsigned before = _mm_getcsr();
  Mode() { _mm_setcsr(before | 0x8040); }
  ~Mode() { _mm_setcsr(before); }
#endif
};

// What a parameter is: i4, u8, f8, or i8* for a pointer; a structure of two words counts as its words.
template <class T> static std::string kind() {
  if constexpr (std::is_pointer<T>::value) {
    using Held = typename std::remove_cv<typename std::remove_pointer<T>::type>::type;
    if (std::is_class<Held>::value) return "i8*";
    return (std::is_floating_point<Held>::value ? "f" : "i") + std::to_string(sizeof(Held)) + "*";
  } else {
    return (std::is_floating_point<T>::value ? "f" : std::is_unsigned<T>::value ? "u" : "i") + std::to_string(sizeof(T));
  }
}
template <class... T> static const char* kinds() {
  static const std::string found = ((kind<T>() + " ") + ... + "");
  return found.c_str();
}

static void run_grid(unsigned blocks, unsigned threads, size_t dynamic_shared, const std::function<void()>& what) {
  if (threads == 0 || threads > MOST_THREADS || blocks == 0) fail("impossible launch");
  if (dynamic_shared > SHARED - 1024) fail("more shared memory than a device has");
  if (!stacks) stacks = static_cast<unsigned char*>(std::malloc(static_cast<size_t>(MOST_THREADS) * STACK));
  const Mode mode;
  body = &what;
  threads_of_block = threads;
  blockDim.x = threads;
  gridDim.x = blocks;
  for (unsigned block = 0; block < blocks; ++block) {
    blockIdx.x = block;
    std::memset(shared_bytes, 0xA5, dynamic_shared);  // a device does not clear it either
    run_block();
  }
}

template <class T> static inline unsigned long long pack(T value) {
  static_assert(sizeof(T) <= 8, "shuffles move at most eight bytes");
  unsigned long long bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}
template <class T> static inline T unpack(unsigned long long bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
template <class T> static inline T exchange(unsigned mask, T value, unsigned lane) {
  const unsigned mine = current, first = mine & ~31u;
  if (!(mask >> (mine & 31) & 1)) fail("a lane shuffles that the mask does not name");
  fibers[mine].value = pack(value);
  wait(State::at_warp, mask);
  const unsigned long long found = fibers[first + (lane & 31)].value;
  wait(State::at_warp, mask);
  return unpack<T>(found);
}
static inline unsigned votes(unsigned mask, bool mine) {
  const unsigned self = current, first = self & ~31u;
  fibers[self].value = mine;
  wait(State::at_warp, mask);
  unsigned found = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1) found |= static_cast<unsigned>(fibers[first + lane].value & 1) << lane;
  wait(State::at_warp, mask);
  return found;
}
static inline unsigned block_votes(bool mine) {
  fibers[current].value = mine;
  wait(State::at_block, 0);
  unsigned found = 0;
  for (unsigned t = 0; t < threads_of_block; ++t) found += static_cast<unsigned>(fibers[t].value & 1);
  wait(State::at_block, 0);
  return found;
}

}  // namespace shim

#define sim_shared shim::shared_bytes

__device__ void __syncthreads() { shim::wait(shim::State::at_block, 0); }
__device__ int __syncthreads_count(int p) { return static_cast<int>(shim::block_votes(p)); }
__device__ int __syncthreads_or(int p) { return shim::block_votes(p) != 0; }
__device__ int __syncthreads_and(int p) { return shim::block_votes(p) == shim::threads_of_block; }
__device__ void __syncwarp(unsigned mask = ~0u) { shim::wait(shim::State::at_warp, mask); }
__device__ unsigned __ballot_sync(unsigned mask, int p) { return shim::votes(mask, p); }
__device__ int __any_sync(unsigned mask, int p) { return shim::votes(mask, p) != 0; }
__device__ int __all_sync(unsigned mask, int p) { return shim::votes(mask, p) == mask; }
template <class T> __device__ T __shfl_sync(unsigned mask, T v, int lane) { return shim::exchange(mask, v, lane); }
template <class T> __device__ T __shfl_xor_sync(unsigned mask, T v, int x) {
  return shim::exchange(mask, v, (shim::current & 31) ^ x);
}
template <class T> __device__ T __shfl_down_sync(unsigned mask, T v, unsigned d) {
  const unsigned lane = shim::current & 31;
  return shim::exchange(mask, v, lane + d < 32 ? lane + d : lane);
}
template <class T> __device__ T __shfl_up_sync(unsigned mask, T v, unsigned d) {
  const unsigned lane = shim::current & 31;
  return shim::exchange(mask, v, lane >= d ? lane - d : lane);
}
__device__ void __threadfence() {}
__device__ void __threadfence_block() {}

template <class T> __device__ T __ldg(const T* p) { return *p; }
template <class T, class U> __device__ T atomicAdd(T* p, U v) { T old = *p; *p = old + static_cast<T>(v); return old; }
template <class T, class U> __device__ T atomicMin(T* p, U v) { T old = *p; if (static_cast<T>(v) < old) *p = v; return old; }
template <class T, class U> __device__ T atomicMax(T* p, U v) { T old = *p; if (static_cast<T>(v) > old) *p = v; return old; }
template <class T, class U> __device__ T atomicOr(T* p, U v) { T old = *p; *p = old | static_cast<T>(v); return old; }
template <class T, class U> __device__ T atomicExch(T* p, U v) { T old = *p; *p = v; return old; }
template <class T> __device__ T atomicCAS(T* p, T compare, T v) { T old = *p; if (old == compare) *p = v; return old; }

template <class To, class From> __device__ To sim_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "same size");
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}
__device__ long long __double_as_longlong(double x) { return sim_bits<long long>(x); }
__device__ double __longlong_as_double(long long x) { return sim_bits<double>(x); }
__device__ int __float_as_int(float x) { return sim_bits<int>(x); }
__device__ unsigned __float_as_uint(float x) { return sim_bits<unsigned>(x); }
__device__ float __int_as_float(int x) { return sim_bits<float>(x); }
__device__ float __uint_as_float(unsigned x) { return sim_bits<float>(x); }
__device__ unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned long long>(a) * b >> 32; }
__device__ unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
__device__ int __popc(unsigned x) { return __builtin_popcount(x); }
__device__ int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
__device__ int __ffs(int x) { return __builtin_ffs(x); }
__device__ int __ffsll(long long x) { return __builtin_ffsll(x); }
__device__ int __clz(int x) { return x ? __builtin_clz(x) : 32; }
__device__ int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
using std::fma;
using std::floor;
using std::sqrt;

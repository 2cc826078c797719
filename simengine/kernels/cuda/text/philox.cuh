// Philox4x32-10 and what is made of its words: the definitions are simengine/sampling/address.py and lhs.py.

typedef unsigned u32;
typedef unsigned long long u64;
typedef long long i64;

#define INLINE __device__ __forceinline__

// The larger functions that rows of a tape call: a long tape would grow too long with a copy of them in every row.
#ifdef LONG
#define ROW __device__ __noinline__
#else
#define ROW INLINE
#endif

struct Four {
  u32 a, b, c, d;
};

struct Pair {
  u64 a, b;
};

// Of 512 consecutive trials, a group, one thread computes those that stand STRIDE apart.  A Sobol point is put together
// from a point that depends on the place in a group alone, and the starts of a thread's trials.
#ifdef SINGLE
#define STRIDE 128
typedef u32 Point;
typedef uint4 Start;
#else
#define STRIDE 256
typedef u64 Point;
typedef ulonglong2 Start;
#endif

// The four 32-bit numbers at counter (index, stream).
INLINE Four philox(u64 index, u64 stream, u32 key0, u32 key1) {
  u32 c0 = (u32)index, c1 = (u32)(index >> 32), c2 = (u32)stream, c3 = (u32)(stream >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const u64 p0 = (u64)0xD2511F53u * c0;
    const u64 p1 = (u64)0xCD9E8D57u * c2;
    c0 = (u32)(p1 >> 32) ^ c1 ^ key0;
    c1 = (u32)p1;
    c2 = (u32)(p0 >> 32) ^ c3 ^ key1;
    c3 = (u32)p0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

// The same as the 64-bit words of two trials that stand 256 apart.
INLINE Pair philox_pair(u64 index, u64 stream, u32 key0, u32 key1) {
  const Four drawn = philox(index, stream, key0, key1);
  return {(u64)drawn.b << 32 | drawn.a, (u64)drawn.d << 32 | drawn.c};
}

// What says which words the trials of a thread get.  group: the number of their group of 512 trials; lane: the first of
// them in it.  Replicates have 2**bits trials, and last is the number of the last one; trials beyond it are never asked
// for, but computed beside others.  lattice: (replicates, draws, numbers), see simengine/sampling/sobol.py and lhs.py.
// points, starts: the part of what sobol.cu prepared that this thread reads, see draw_sobol.
struct Draws {
  const u64* streams;
  const u64* lattice;
  const Point* points;
  const Start* starts;
  i64 group, last;
  u32 key0, key1;
  int lane, bits, draws, numbers;
};

INLINE i64 replicate_of(const Draws& at, i64 trial) {
  const i64 replicate = trial >> at.bits;
  return replicate < at.last ? replicate : at.last;
}

INLINE const u64* lattice_row(const Draws& at, i64 trial, int draw) {
  return at.lattice + (replicate_of(at, trial) * at.draws + draw) * at.numbers;
}

// The words of trials l and l + 256 of the group.
INLINE Pair independent_pair(const Draws& at, int draw, int l) {
  return philox_pair((u64)at.group * 256 + l, __ldg(at.streams + draw), at.key0, at.key1);
}

// The same in pairs of opposites: a trial and the one that stands reach after it have opposite words.
INLINE Pair antithetic_pair(const Draws& at, int draw, int l) {
  const int reach = 1 << (at.bits - 1 < 8 ? at.bits - 1 : 8);
  if (reach == 256) {
    const u64 word = independent_pair(at, draw, l).a;
    return {word, ~word};
  }
  const Pair drawn = independent_pair(at, draw, l & ~reach);
  const u64 flip = l & reach ? ~(u64)0 : 0;
  return {drawn.a ^ flip, drawn.b ^ flip};
}

// The word of a trial of a Latin hypercube: a permuted index on top of the bits of its independent word.
INLINE u64 stratified(const Draws& at, int draw, i64 trial, u64 word) {
  if (at.bits == 0) return word;
  const u64* numbers = lattice_row(at, trial, draw);
  const u64 mask = ((u64)1 << at.bits) - 1;
  const int fold = (at.bits + 1) / 2;
  u64 x = (u64)trial & mask;
#pragma unroll
  for (int k = 0; k < 8; k += 2) {
    x = (x * __ldg(numbers + k) + __ldg(numbers + k + 1)) & mask;
    x ^= x >> fold;
  }
  return x << (64 - at.bits) | word >> at.bits;
}

INLINE Pair stratified_pair(const Draws& at, int draw, int l) {
  const Pair drawn = independent_pair(at, draw, l);
  const i64 trial = at.group * 512 + l;
  return {stratified(at, draw, trial, drawn.a), stratified(at, draw, trial + 256, drawn.b)};
}

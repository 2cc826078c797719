// Counts and sums of one chunk of trials: kernels/tally.py, a block at a time.
//
// A block takes one run of tiles of one outcome, that lies in one replicate; each 256 of its threads take every other
// tile.  The histogram of the run is counted in shared memory and added to that of the device once.  Counts are integers
// and extremes are keys, so that the order of blocks leaves no trace; sums have an order, that of the tile.

extern __shared__ __align__(16) unsigned char sim_shared[];

constexpr int AHEAD = 4;  // values that a thread loads before it looks at the first of them

// One outcome: where and how its values are counted.
struct Outcome {
  unsigned* bins;
  Count* faults;
  double centre, scale, loss;
};

// What one thread has found: sums over its lane of a tile, the rest over its run.
struct Lane {
  double sum[MOMENTS];
  double least, most;
  unsigned losses;  // below the first threshold of the outcome
};

__device__ __forceinline__ void take(Lane& lane, const Outcome& of, Value value, Int trial) {
  double x = static_cast<double>(value);
  if (is_finite(x)) {
    atomicAdd(of.bins + bin_of(x, of.centre, of.scale), 1u);
    lane.least = x < lane.least ? x : lane.least;
    lane.most = x > lane.most ? x : lane.most;
    lane.losses += x < of.loss;
  } else {
    atomicAdd(of.faults, Count(1));
    atomicMin(of.faults + 1, static_cast<Count>(trial));
    x = of.centre;  // what is not finite counts as the centre in sums, and nowhere else
  }
  const double d = x - of.centre, square = d * d;
  lane.sum[0] += d;
  lane.sum[1] += square;
  lane.sum[2] = fma(square, d, lane.sum[2]);
  lane.sum[3] = fma(square, square, lane.sum[3]);
}

extern "C" __global__ void __launch_bounds__(TALLY_THREADS, TALLY_BLOCKS) tally(
    const Value* __restrict__ values, long long room, long long count, int outcomes, long long first_trial,
    int tile_bits, int run_bits, int replicate_bits, int replicated, const double* __restrict__ centre,
    const double* __restrict__ scale, const double* __restrict__ thresholds, const long long* __restrict__ ends,
    int all_thresholds, long long first_replicate, double* sums, unsigned long long* counts, unsigned long long* coarse,
    unsigned long long* below, long long* extremes, unsigned long long* faults) {
  unsigned* bins = reinterpret_cast<unsigned*>(sim_shared);
  const int group = threadIdx.x / LANES, lane = threadIdx.x % LANES, groups = blockDim.x / LANES;
  double* lanes = reinterpret_cast<double*>(sim_shared + sizeof(unsigned) * BINS) + group * MOMENTS * HALF;

  const int k = blockIdx.x % outcomes;
  const Int first_tile = first_trial >> tile_bits, tile = Int(1) << tile_bits;
  const Int last_tile = (first_trial + count + tile - 1) >> tile_bits;  // one beyond
  const Int run = (first_tile >> run_bits) + blockIdx.x / outcomes;
  const Int begin = larger(first_tile, run << run_bits), end = lesser(last_tile, (run + 1) << run_bits);
  const Int slot = replicated ? ((begin << tile_bits) >> replicate_bits) - first_replicate : 0;
  const Value* mine = values + k * room;
  const Outcome outcome = {bins, faults + 2 * k, centre[k], scale[k], thresholds[ends[k]]};

  for (int b = threadIdx.x; b < BINS; b += blockDim.x) bins[b] = 0;
  __syncthreads();

  const double infinite = __longlong_as_double(0x7ffLL << 52);
  Lane found = {{}, infinite, -infinite, 0};
  for (Int pair = begin; pair < end; pair += groups) {
    const Int at = pair + group, start = (at << tile_bits) - first_trial;
    const int size = at < end ? static_cast<int>(lesser(tile, count - start)) : 0;
    for (int m = 0; m < MOMENTS; ++m) found.sum[m] = 0.0;
    int j = lane;
#pragma unroll 1
    for (; j + (AHEAD - 1) * LANES < size; j += AHEAD * LANES) {
      Value ahead[AHEAD];
      for (int a = 0; a < AHEAD; ++a) ahead[a] = mine[start + j + a * LANES];
      for (int a = 0; a < AHEAD; ++a) take(found, outcome, ahead[a], first_trial + start + j + a * LANES);
    }
#pragma unroll 1
    for (; j < size; j += LANES) take(found, outcome, mine[start + j], first_trial + start + j);
    fold(found.sum, lanes, lane, at < end ? sums + ((at - first_tile) * outcomes + k) * MOMENTS : nullptr);
  }

  const bool leads = threadIdx.x % WARP == 0;
  const Int least = warp_least(key_of(found.least)), most = ~warp_least(~key_of(found.most));  // ~ reverses the order
  const unsigned losses = warp_sum(found.losses);
  if (leads) {
    atomicMin(extremes + 2 * k, least);
    atomicMax(extremes + 2 * k + 1, most);
  }
  Count* under = below + slot * all_thresholds;
  if (leads && losses) atomicAdd(under + ends[k], static_cast<Count>(losses));
  const Int from = (begin << tile_bits) - first_trial, to = lesser(count, (end << tile_bits) - first_trial);
  for (Int t = ends[k] + 1; t < ends[k + 1]; ++t) {
    const double limit = thresholds[t];
    unsigned hits = 0;
    for (Int j = from + threadIdx.x; j < to; j += blockDim.x) {
      const double x = static_cast<double>(mine[j]);
      hits += x < limit && is_finite(x);
    }
    hits = warp_sum(hits);
    if (leads && hits) atomicAdd(under + t, static_cast<Count>(hits));
  }

  for (int b = threadIdx.x; b < BINS / COARSE; b += blockDim.x) {
    unsigned together = 0;
    for (int j = COARSE * b; j < COARSE * (b + 1); ++j) {
      together += bins[j];
      if (bins[j]) atomicAdd(counts + Int(k) * BINS + j, static_cast<Count>(bins[j]));
    }
    if (replicated && together)
      atomicAdd(coarse + (slot * outcomes + k) * (BINS / COARSE) + b, static_cast<Count>(together));
  }
}

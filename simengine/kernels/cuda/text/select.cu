// The values of wanted bins, or of windows inside them, in order of trial: counted tile by tile, then put where the
// counts of all tiles before say.  The host adds the counts up in between, and makes room for exactly what was found.

// The window from first to last - 1 that holds the key; last if none does.
__device__ __forceinline__ Int window_of(Int key, const Int* lows, const Int* highs, Int first, Int last) {
  Int low = first, high = last;
  while (low < high) {
    const Int middle = (low + high) >> 1;
    if (highs[middle] < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low < last && lows[low] <= key ? low : last;
}

// What one outcome is asked for; windows first to last - 1, or all that lies in flagged bins.
struct Wish {
  const unsigned char* flags;
  const Int *lows, *highs;
  double centre, scale;
  Int first, last;
  bool windowed;
};

__device__ __forceinline__ bool takes(const Wish& wish, double x) {
  if (!is_finite(x) || !wish.flags[bin_of(x, wish.centre, wish.scale)]) return false;
  return !wish.windowed || window_of(key_of(x), wish.lows, wish.highs, wish.first, wish.last) < wish.last;
}

// found: (tiles, outcomes), how many values of each tile are wanted.  A block takes one tile of one outcome.
extern "C" __global__ void __launch_bounds__(LANES) count_wanted(
    const Value* __restrict__ values, long long room, long long count, int outcomes, const double* __restrict__ centre,
    const double* __restrict__ scale, const unsigned char* __restrict__ flags, const long long* __restrict__ lows,
    const long long* __restrict__ highs, const long long* __restrict__ bounds, int windowed, unsigned* found) {
  __shared__ unsigned total;
  const int k = blockIdx.x % outcomes;
  const Int start = Int(blockIdx.x / outcomes) * TILE;
  const Wish wish = {flags + Int(k) * BINS, lows, highs, centre[k], scale[k], bounds[2 * k], bounds[2 * k + 1],
                     windowed != 0};
  if (threadIdx.x == 0) total = 0;
  __syncthreads();
  const int size = static_cast<int>(lesser(Int(TILE), count - start));
  unsigned hits = 0;
  for (int j = threadIdx.x; j < size; j += LANES) hits += takes(wish, static_cast<double>(values[k * room + start + j]));
  if (hits) atomicAdd(&total, hits);
  __syncthreads();
  if (threadIdx.x == 0) found[blockIdx.x] = total;
}

// out: the wanted values; starts: (tiles, outcomes), where those of a tile begin.
extern "C" __global__ void __launch_bounds__(LANES) take_wanted(
    const Value* __restrict__ values, long long room, long long count, int outcomes, const double* __restrict__ centre,
    const double* __restrict__ scale, const unsigned char* __restrict__ flags, const long long* __restrict__ lows,
    const long long* __restrict__ highs, const long long* __restrict__ bounds, int windowed,
    const unsigned* __restrict__ found, const long long* __restrict__ starts, double* out) {
  constexpr int ROWS = TILE / LANES, WARPS = LANES / WARP;
  __shared__ unsigned hits[ROWS * WARPS], before[ROWS * WARPS];
  if (found[blockIdx.x] == 0) return;  // the whole block
  const int k = blockIdx.x % outcomes;
  const Int start = Int(blockIdx.x / outcomes) * TILE;
  const Wish wish = {flags + Int(k) * BINS, lows, highs, centre[k], scale[k], bounds[2 * k], bounds[2 * k + 1],
                     windowed != 0};
  const Value* mine = values + k * room + start;
  const int size = static_cast<int>(lesser(Int(TILE), count - start));
  const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
  unsigned taken = 0;  // one bit for each row of this thread
  for (int row = 0; row < ROWS; ++row) {
    const int j = row * LANES + threadIdx.x;
    const bool wanted = j < size && takes(wish, static_cast<double>(mine[j]));
    taken |= static_cast<unsigned>(wanted) << row;
    const unsigned together = __ballot_sync(~0u, wanted);
    if (lane == 0) hits[row * WARPS + warp] = __popc(together);
  }
  __syncthreads();
  if (threadIdx.x < ROWS * WARPS) {
    unsigned sum = 0;
    for (int earlier = 0; earlier < threadIdx.x; ++earlier) sum += hits[earlier];
    before[threadIdx.x] = sum;
  }
  __syncthreads();
  for (int row = 0; row < ROWS; ++row) {
    const bool wanted = taken >> row & 1;
    const unsigned together = __ballot_sync(~0u, wanted);
    if (wanted)
      out[starts[blockIdx.x] + before[row * WARPS + warp] + __popc(together & ((1u << lane) - 1))] =
          static_cast<double>(mine[row * LANES + threadIdx.x]);
  }
}

// One pass that narrows windows: histogram (windows, parts) added to, extremes (windows, parts, 2) keys lowered and
// raised.  Equal values come in crowds, so a thread adds those of one part together before it tells anybody.
extern "C" __global__ void __launch_bounds__(LANES) refine(
    const Value* __restrict__ values, long long room, long long count, int outcomes, const double* __restrict__ centre,
    const double* __restrict__ scale, const unsigned char* __restrict__ flags, const long long* __restrict__ lows,
    const long long* __restrict__ highs, const long long* __restrict__ bounds, const long long* __restrict__ shifts,
    unsigned long long* histogram, long long* extremes) {
  const int k = blockIdx.x % outcomes;
  const Int first = bounds[2 * k], last = bounds[2 * k + 1];
  const unsigned char* mine = flags + Int(k) * BINS;
  const double middle = centre[k], factor = scale[k];
  const Int stride = Int(gridDim.x / outcomes) * LANES;
  Int held = -1;
  Count crowd = 0;
  for (Int j = Int(blockIdx.x / outcomes) * LANES + threadIdx.x; first < last && j < count; j += stride) {
    const double x = static_cast<double>(values[k * room + j]);
    if (!is_finite(x) || !mine[bin_of(x, middle, factor)]) continue;
    const Int key = key_of(x), window = window_of(key, lows, highs, first, last);
    if (window == last) continue;
    const Int part = static_cast<Int>((static_cast<Count>(key) - static_cast<Count>(lows[window])) >> shifts[window]);
    const Int place = window * PARTS + part;
    if (place != held) {
      if (crowd) atomicAdd(histogram + held, crowd);
      held = place;
      crowd = 0;
    }
    crowd += 1;
    if (key < extremes[2 * place]) atomicMin(extremes + 2 * place, key);
    if (key > extremes[2 * place + 1]) atomicMax(extremes + 2 * place + 1, key);
  }
  if (crowd) atomicAdd(histogram + held, crowd);
}

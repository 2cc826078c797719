// What the kernels that count, sum and select share.  Value is the type of the outcomes; the numbers in capitals that are
// not defined here are constants of the package, written in front of this text.
//
// Outcomes stand in values[outcome * room + j]; j counts trials from the first of a chunk.

typedef long long Int;
typedef unsigned long long Count;

enum { HALF = LANES / 2, WARP = 32 };

__device__ __forceinline__ Int lesser(Int a, Int b) { return b < a ? b : a; }
__device__ __forceinline__ Int larger(Int a, Int b) { return b < a ? a : b; }

__device__ __forceinline__ bool is_finite(double x) { return (__double_as_longlong(x) >> 52 & 0x7ff) != 0x7ff; }

// The bin of a finite x, see aggregate/grid.py.
__device__ __forceinline__ int bin_of(double x, double centre, double scale) {
  const double y = (x - centre) * scale;
  const int k = static_cast<int>(__double_as_longlong(fabs(y) + 1.0) >> (52 - SUB_BITS)) - (1023 << SUB_BITS);
  const int near = k < SIDE - 1 ? k : SIDE - 1;
  return y < 0.0 ? SIDE - 1 - near : SIDE + near;
}

// The integer that stands in the order of the floats, see aggregate/order.py.
__device__ __forceinline__ Int key_of(double x) {
  const Int bits = __double_as_longlong(x);
  return bits ^ (bits >> 63 & 0x7fffffffffffffffLL);
}

// The sum over a warp, in its lane 0.
__device__ __forceinline__ unsigned warp_sum(unsigned mine) {
  for (int step = WARP / 2; step; step >>= 1) mine += __shfl_down_sync(~0u, mine, step);
  return mine;
}

__device__ __forceinline__ Int warp_least(Int mine) {
  for (int step = WARP / 2; step; step >>= 1) {
    const Int other = __shfl_down_sync(~0u, mine, step);
    mine = lesser(mine, other);
  }
  return mine;
}

// The sums of the lanes of a tile, folded by halves: 256 lanes to 128, 64, ... to 1, as kernels/tally.py folds them.
// The first SUMS warps of the lanes write row[0] ... row[SUMS - 1]; nobody does where row is null.  Every thread of the
// block has to come here, for there are barriers; shared: SUMS * HALF doubles of these lanes, free again afterwards.
template <int SUMS>
__device__ __forceinline__ void fold(const double (&sum)[SUMS], double* shared, int lane, double* row) {
  if (lane >= HALF)
    for (int s = 0; s < SUMS; ++s) shared[s * HALF + lane - HALF] = sum[s];
  __syncthreads();
  if (lane < HALF)
    for (int s = 0; s < SUMS; ++s) shared[s * HALF + lane] = sum[s] + shared[s * HALF + lane];
  __syncthreads();
  const int mine = lane / WARP, place = lane % WARP;
  if (mine < SUMS) {
    const double* part = shared + mine * HALF;
    double total = (part[place] + part[place + 64]) + (part[place + 32] + part[place + 96]);
    for (int step = WARP / 2; step; step >>= 1) total += __shfl_down_sync(~0u, total, step);
    if (place == 0 && row != nullptr) row[mine] = total;
  }
  __syncthreads();
}

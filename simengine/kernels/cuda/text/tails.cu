// Sums over the tails: by tile, in the order of kernels/tally.py, and exactly where the order cannot be fixed.

// rows: (tiles, outcomes, levels, 3), sums of x - centre and of its square over finite x < limit, and their number.
// A block takes one tile of one outcome.
extern "C" __global__ void __launch_bounds__(LANES) sum_tails(
    const Value* __restrict__ values, long long room, long long count, int outcomes, int tile_bits, int levels,
    const double* __restrict__ centre, const double* __restrict__ limits, double* rows) {
  __shared__ double lanes[TAIL_MOMENTS * HALF];
  const int k = blockIdx.x % outcomes;
  const Int start = Int(blockIdx.x / outcomes) << tile_bits;
  const int size = static_cast<int>(lesser(Int(1) << tile_bits, count - start));
  const double middle = centre[k];
  for (int level = 0; level < levels; ++level) {
    const double limit = limits[k * levels + level];
    double sum[TAIL_MOMENTS] = {0.0, 0.0, 0.0};
    for (int j = threadIdx.x; j < size; j += LANES) {
      const double x = static_cast<double>(values[k * room + start + j]);
      const bool inside = x < limit && is_finite(x);
      const double d = inside ? x - middle : 0.0;
      sum[0] += d;
      sum[1] = fma(d, d, sum[1]);
      sum[2] += inside ? 1.0 : 0.0;
    }
    fold(sum, lanes, threadIdx.x, rows + (Int(blockIdx.x) * levels + level) * TAIL_MOMENTS);
  }
}

// Add x to limbs of 32 bits, see aggregate/exact.py; integers add up to the same in any order.
__device__ __forceinline__ void add_exact(double x, Count* limbs) {
  const Int bits = __double_as_longlong(x);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  if (exponent == 0x7ff) {  // a square beyond float64 makes the sum larger than any float64
    atomicAdd(limbs + LIMBS - 1, Count(1) << 40);
    return;
  }
  Count mantissa = bits & 0xfffffffffffffLL;
  if (exponent) {
    mantissa |= Count(1) << 52;
    exponent -= 1;
  }
  const int at = exponent >> 5, shift = exponent & 31;
  const Count mask = 0xffffffff, low = (mantissa & mask) << shift, high = (mantissa >> 32) << shift;
  const Count parts[3] = {low & mask, low >> 32 | (high & mask), high >> 32};  // the shift left room for the or
  for (int k = 0; k < 3; ++k)
    if (parts[k]) atomicAdd(limbs + at + k, bits < 0 ? Count(0) - parts[k] : parts[k]);
}

// limbs: (outcomes, levels, 2, LIMBS), added to: x and (x - centre)**2 over limit <= x < inner limit.
extern "C" __global__ void __launch_bounds__(LANES) sum_between(
    const Value* __restrict__ values, long long room, long long count, int outcomes, int levels,
    const double* __restrict__ centre, const double* __restrict__ limits, const double* __restrict__ inner,
    unsigned long long* limbs) {
  const int k = blockIdx.x % outcomes;
  const Int stride = Int(gridDim.x / outcomes) * LANES;
  for (Int j = Int(blockIdx.x / outcomes) * LANES + threadIdx.x; j < count; j += stride) {
    const double x = static_cast<double>(values[k * room + j]);
    for (int level = k * levels; level < (k + 1) * levels; ++level)
      if (x >= limits[level] && x < inner[level]) {
        const double d = x - centre[k];
        add_exact(x, limbs + Int(level) * 2 * LIMBS);
        add_exact(d * d, limbs + (Int(level) * 2 + 1) * LIMBS);
      }
  }
}

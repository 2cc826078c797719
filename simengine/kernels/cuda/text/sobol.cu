// Sobol points of a chunk for draw_sobol: in two parts that it puts together where replicates have at least 512 trials,
// else trial by trial.
//
// lattice: (replicates, draws, 1 + bits), the shift and the column of every bit of an index.

// What the replicate and the bits of the index beyond the lowest nine give, for every group of 512 trials and draw: the shift
// and the columns of those bits, for each of the trials of a thread.
extern "C" __global__ void prepare_starts(const u64* lattice, i64 first_group, i64 groups, i64 last, int bits, int draws,
                                          Start* starts) {
  const i64 place = (i64)blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= groups * draws) return;
  const int draw = (int)(place % draws);
  const i64 trial = (first_group + place / draws) * 512;
  const i64 replicate = trial >> bits < last ? trial >> bits : last;
  const u64* columns = lattice + (replicate * draws + draw) * (bits + 1);
  u64 word = columns[0];
  for (int k = 9; k < bits; ++k)
    if (trial >> k & 1) word ^= columns[1 + k];
  starts[place] = start_of(word, columns);
}

// What the lowest bits give, for every replicate from first_replicate on, every draw and trial of a thread.
extern "C" __global__ void prepare_points(const u64* lattice, i64 first_replicate, i64 replicates, int bits, int draws,
                                          Point* points) {
  const i64 place = (i64)blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= replicates * draws * STRIDE) return;
  const u64* columns = lattice + (first_replicate * draws + place / STRIDE) * (bits + 1);
  const int l = (int)(place % STRIDE);
  u64 word = 0;
  for (int k = 0; 1 << k < STRIDE; ++k)
    if (l >> k & 1) word ^= columns[1 + k];
  points[place] = (Point)(word >> 64 - 8 * sizeof(Point));
}

// The points of all trials, for every group and draw, of replicates that are shorter than a group.
extern "C" __global__ void prepare_trials(const u64* lattice, i64 first_group, i64 groups, i64 last, int bits, int draws,
                                          Point* points) {
  const i64 place = (i64)blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= groups * draws * 512) return;
  const int draw = (int)(place / 512 % draws);
  const i64 trial = (first_group + place / 512 / draws) * 512 + place % 512;
  const i64 replicate = trial >> bits < last ? trial >> bits : last;
  const u64* columns = lattice + (replicate * draws + draw) * (bits + 1);
  u64 word = columns[0];
  for (int k = 0; k < bits; ++k)
    if (trial >> k & 1) word ^= columns[1 + k];
  points[place] = (Point)(word >> 64 - 8 * sizeof(Point));
}

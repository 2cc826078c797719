// One level of the summation tree: rows (2 n, width) to rows (n, width).

extern "C" __global__ void add_pairs(const double* __restrict__ rows, double* out, long long cells, long long width) {
  for (Int at = Int(blockIdx.x) * blockDim.x + threadIdx.x; at < cells; at += Int(gridDim.x) * blockDim.x) {
    const Int row = at / width, column = at % width;
    out[at] = rows[2 * row * width + column] + rows[(2 * row + 1) * width + column];
  }
}

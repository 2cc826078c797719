// Quantile tables in float64: which row a word or a score falls into, and the polynomial of that row.
//
// Numbers of a table, made by simengine/kernels/cuda/evaluate.py.  placing, eight a table: for words {row of the first
// segment of the lower half, of the upper half, shift to a segment, kinks}, for scores {row of score 0, -, -, kinks}, and
// then the place of the first kink; scaling, two a table: for words {middle of a segment, -}, for scores {segments per
// unit, the furthest segment}.  rows: six coefficients each, of rising power.

struct Tables {
  const double* rows;
  const int* placing;
  const double* scaling;
  const u64* kinks;
  const int* piece_ends;
  const u64* piece_cuts;
  const double* piece_values;
  const double* piece_slopes;
};


// How many of the sorted kinks of a table a word reaches, by bisection: all threads take the same number of steps.
INLINE int reached(const u64* kinks, int count, u64 word) {
  int low = 0;
#pragma unroll 1
  for (int span = 1 << (31 - __clz(count)); span; span >>= 1) {
    const int next = low + span;
    const bool inside = next <= count;
    const bool taken = __ldg(kinks + (inside ? next : count) - 1) <= word;
    low = inside & taken ? next : low;
  }
  return low;
}

// The same of a score; kinks are the bits of scores, and a NaN reaches none.
INLINE int reached(const u64* kinks, int count, double score) {
  int low = 0;
#pragma unroll 1
  for (int span = 1 << (31 - __clz(count)); span; span >>= 1) {
    const int next = low + span;
    const bool inside = next <= count;
    const bool taken = float_of((i64)__ldg(kinks + (inside ? next : count) - 1)) <= score;
    low = inside & taken ? next : low;
  }
  return low;
}

INLINE const u64* kinks_of(const Tables& tables, int table) {
  return tables.kinks + __ldg(tables.placing + 8 * table + 4);
}

// A row and where in its segment.
struct Spot {
  int row;
  double t;
};

INLINE double polynomial(const double* rows, Spot spot) {
  const double2* terms = (const double2*)(rows + (i64)spot.row * 6);
  const double2 low = __ldg(terms), middle = __ldg(terms + 1), high = __ldg(terms + 2);
  const double x = fma(fma(high.y, spot.t, high.x), spot.t, middle.y);
  return fma(fma(fma(x, spot.t, middle.x), spot.t, low.y), spot.t, low.x);
}

// The exponent and the first bits of the tail probability of a word are its segment, in either half; the rest of the
// bits is where it lies in it.
INLINE Spot spot_of(u64 word, int4 placing, double centre) {
  const i64 upper = (i64)word >> 63;  // all ones in the upper half
  const i64 folded = (i64)word ^ upper;
  const double tail = float_of(folded >> 11 | 0x4330000000000000LL) - 4503599627370495.5;  // m + 1/2, exact
  const i64 b = bits_of(tail);
  const int segment = (int)(b >> 32) >> placing.z;
  const i64 within = ((i64)1 << (placing.z + 32)) - 1;
  const double t = float_of((b & within) | 0x3FF0000000000000LL) - centre;
  return {upper ? placing.y - segment : placing.x + segment, t};
}

ROW Lanes word_to_x(Words w, const Tables& tables, int table) {
  const int4 placing = __ldg((const int4*)tables.placing + 2 * table);
  const double centre = __ldg(tables.scaling + 2 * table);
  Spot a = spot_of(w.a, placing, centre), b = spot_of(w.b, placing, centre);
  if (placing.w) {
    const u64* kinks = kinks_of(tables, table);
    a.row += reached(kinks, placing.w, w.a);
    b.row += reached(kinks, placing.w, w.b);
  }
  return {polynomial(tables.rows, a), polynomial(tables.rows, b)};
}

// Segments are centred on multiples of a step; scores beyond the last are clamped.
INLINE Spot spot_of(double score, int4 placing, double2 scaling) {
  double y = score * scaling.x;
  y = y < scaling.y ? y : scaling.y;
  y = y > -scaling.y ? y : -scaling.y;
  const double shifted = y + MAGIC;
  return {(int)bits_of(shifted) + placing.x, y - (shifted - MAGIC)};
}

ROW Lanes score_to_x(Lanes score, const Tables& tables, int table) {
  const int4 placing = __ldg((const int4*)tables.placing + 2 * table);
  const double2 scaling = __ldg((const double2*)tables.scaling + table);
  Spot a = spot_of(score.a, placing, scaling), b = spot_of(score.b, placing, scaling);
  if (placing.w) {
    const u64* kinks = kinks_of(tables, table);
    a.row += reached(kinks, placing.w, score.a);
    b.row += reached(kinks, placing.w, score.b);
  }
  return {polynomial(tables.rows, a), polynomial(tables.rows, b)};
}

// The last piece that begins at or below the word, by bisection; linear from there.
INLINE double piecewise(const Tables& tables, int first, int last, u64 word) {
  int span = 1, place = first;
#pragma unroll 1
  while (span < last - first) span <<= 1;
#pragma unroll 1
  for (span >>= 1; span; span >>= 1) {
    const int there = place + span;
    const bool inside = there < last;
    const bool taken = word >= __ldg(tables.piece_cuts + (inside ? there : first));
    place = inside & taken ? there : place;
  }
  const double beyond = (double)(word - __ldg(tables.piece_cuts + place));
  return fma(beyond, __ldg(tables.piece_slopes + place), __ldg(tables.piece_values + place));
}

ROW Lanes piecewise(Words w, const Tables& tables, int function) {
  const int first = __ldg(tables.piece_ends + 2 * function), last = __ldg(tables.piece_ends + 2 * function + 1);
  return {piecewise(tables, first, last, w.a), piecewise(tables, first, last, w.b)};
}

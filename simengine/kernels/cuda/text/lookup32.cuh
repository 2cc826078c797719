// Quantile tables in float32: which row a word or a score falls into, and the polynomial of that row.
//
// Numbers of a table, made by simengine/kernels/cuda/evaluate.py.  placing, eight a table: for words {row of the first
// segment of the lower half, of the upper half, shift to a segment, kinks}, for scores {row of score 0, -, -, kinks}, and
// then the place of the first kink; scaling, two a table: for words {middle of a segment, -}, for scores {segments per
// unit, the furthest segment}.  rows: eight coefficients each, of rising power; words use seven and scores five.

struct Tables {
  const float* rows;
  const int* placing;
  const float* scaling;
  const u32* kinks;
  const int* piece_ends;
  const u32* piece_cuts;
  const float* piece_values;
  const float* piece_slopes;
};

#define LARGEST_TAIL 2147483520.0f  // the largest float32 below 2**31

// How many of the sorted kinks of a table a word reaches, by bisection: all threads take the same number of steps.
INLINE int reached(const u32* kinks, int count, u32 word) {
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
INLINE int reached(const u32* kinks, int count, float score) {
  int low = 0;
#pragma unroll 1
  for (int span = 1 << (31 - __clz(count)); span; span >>= 1) {
    const int next = low + span;
    const bool inside = next <= count;
    const bool taken = float_of(__ldg(kinks + (inside ? next : count) - 1)) <= score;
    low = inside & taken ? next : low;
  }
  return low;
}

INLINE const u32* kinks_of(const Tables& tables, int table) {
  return tables.kinks + __ldg(tables.placing + 8 * table + 4);
}

// A row and where in its segment.
struct Spot {
  int row;
  float t;
};

// The polynomial of six powers that words use, and that of four that scores use.
INLINE float sixth_order(const float* rows, Spot spot) {
  const float4* terms = (const float4*)(rows + (i64)spot.row * 8);
  const float4 low = __ldg(terms), high = __ldg(terms + 1);
  const float x = fma(fma(fma(high.z, spot.t, high.y), spot.t, high.x), spot.t, low.w);
  return fma(fma(fma(x, spot.t, low.z), spot.t, low.y), spot.t, low.x);
}

INLINE float fourth_order(const float* rows, Spot spot) {
  const float* terms = rows + (i64)spot.row * 8;
  const float4 low = __ldg((const float4*)terms);
  return fma(fma(fma(fma(__ldg(terms + 4), spot.t, low.w), spot.t, low.z), spot.t, low.y), spot.t, low.x);
}

// The exponent and the first bits of the tail of a word are its segment, in either half; the rest of the bits is where
// it lies in it.
INLINE Spot spot_of(u32 word, int4 placing, float centre) {
  const int upper = (int)word >> 31;  // all ones in the upper half
  const float rounded = (float)((int)word ^ upper) + 0.5f;
  const u32 b = bits_of(rounded < LARGEST_TAIL ? rounded : LARGEST_TAIL);
  const int segment = (int)(b >> placing.z);
  const float t = float_of((b & ((1u << placing.z) - 1)) | 0x3F800000u) - centre;
  return {upper ? placing.y - segment : placing.x + segment, t};
}

ROW Lanes word_to_x(Words w, const Tables& tables, int table) {
  const int4 placing = __ldg((const int4*)tables.placing + 2 * table);
  const float centre = __ldg(tables.scaling + 2 * table);
  Spot a = spot_of(w.a, placing, centre), b = spot_of(w.b, placing, centre);
  Spot c = spot_of(w.c, placing, centre), d = spot_of(w.d, placing, centre);
  if (placing.w) {
    const u32* kinks = kinks_of(tables, table);
    a.row += reached(kinks, placing.w, w.a);
    b.row += reached(kinks, placing.w, w.b);
    c.row += reached(kinks, placing.w, w.c);
    d.row += reached(kinks, placing.w, w.d);
  }
  return {sixth_order(tables.rows, a), sixth_order(tables.rows, b), sixth_order(tables.rows, c),
          sixth_order(tables.rows, d)};
}

// Segments are centred on multiples of a step; scores beyond the last are clamped.
INLINE Spot spot_of(float score, int4 placing, float2 scaling) {
  float y = score * scaling.x;
  y = y < scaling.y ? y : scaling.y;
  y = y > -scaling.y ? y : -scaling.y;
  const float shifted = y + MAGIC;
  return {(int)(bits_of(shifted) - MAGIC_BITS) + placing.x, y - (shifted - MAGIC)};
}

ROW Lanes score_to_x(Lanes score, const Tables& tables, int table) {
  const int4 placing = __ldg((const int4*)tables.placing + 2 * table);
  const float2 scaling = __ldg((const float2*)tables.scaling + table);
  Spot a = spot_of(score.a, placing, scaling), b = spot_of(score.b, placing, scaling);
  Spot c = spot_of(score.c, placing, scaling), d = spot_of(score.d, placing, scaling);
  if (placing.w) {
    const u32* kinks = kinks_of(tables, table);
    a.row += reached(kinks, placing.w, score.a);
    b.row += reached(kinks, placing.w, score.b);
    c.row += reached(kinks, placing.w, score.c);
    d.row += reached(kinks, placing.w, score.d);
  }
  return {fourth_order(tables.rows, a), fourth_order(tables.rows, b), fourth_order(tables.rows, c),
          fourth_order(tables.rows, d)};
}

// The last piece that begins at or below the word, by bisection; linear from there.
INLINE float piecewise(const Tables& tables, int first, int last, u32 word) {
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
  const float beyond = (float)(word - __ldg(tables.piece_cuts + place));
  return fma(beyond, __ldg(tables.piece_slopes + place), __ldg(tables.piece_values + place));
}

ROW Lanes piecewise(Words w, const Tables& tables, int function) {
  const int first = __ldg(tables.piece_ends + 2 * function), last = __ldg(tables.piece_ends + 2 * function + 1);
  return {piecewise(tables, first, last, w.a), piecewise(tables, first, last, w.b),
          piecewise(tables, first, last, w.c), piecewise(tables, first, last, w.d)};
}

// Words of the trials of a thread, l and l + 256 of a group of 512, and what is decided on words alone.

INLINE Words draw_philox(const Draws& at, int draw) {
  const Pair drawn = independent_pair(at, draw, at.lane);
  return {drawn.a, drawn.b};
}

INLINE Words draw_antithetic(const Draws& at, int draw) {
  const Pair drawn = antithetic_pair(at, draw, at.lane);
  return {drawn.a, drawn.b};
}

INLINE Words draw_lhs(const Draws& at, int draw) {
  const Pair drawn = stratified_pair(at, draw, at.lane);
  return {drawn.a, drawn.b};
}

// The point of a trial is a start, which the replicate and the bits of the index beyond the lowest nine give, XOR a point
// of the lowest bits, which is the same in all groups of a replicate.  points: (replicates, draws, STRIDE); starts: (groups,
// draws), for all trials of a thread.  Replicates shorter than a group have points (groups, draws, 512), one for every
// trial, and no starts.
INLINE Words draw_sobol(const Draws& at, int draw) {
  if (at.bits < 9) {
    const Point* own = at.points + draw * 512;
    return {__ldg(own), __ldg(own + 256)};
  }
  const Point point = __ldg(at.points + draw * STRIDE);
  const Start start = __ldg(at.starts + draw);
  return {start.x ^ point, start.y ^ point};
}

// The points and the starts of draw 0 that a thread reads, of all that sobol.cu prepared for a chunk of trials.
INLINE const Point* points_of(const Draws& at, const Point* points, i64 first_group, i64 first_replicate) {
  if (at.bits < 9) return points + (at.group - first_group) * at.draws * 512 + at.lane;
  return points + (replicate_of(at, at.group * 512) - first_replicate) * at.draws * STRIDE + at.lane;
}
INLINE const Start* starts_of(const Draws& at, const Start* starts, i64 first_group) {
  return starts + (at.group - first_group) * at.draws;
}

// 1 where the word is at least cut.
INLINE Lanes step(Words w, u64 cut) { return {truth(w.a >= cut), truth(w.b >= cut)}; }

// The word whose probability is x: 53 bits, at the top.
INLINE u64 unit_to_word(double x) {
  double y = x * 9007199254740992.0;
  y = y > 0.0 ? y : 0.0;
  y = y < 9007199254740991.0 ? y : 9007199254740991.0;
  return (u64)(i64)y << 11;
}
INLINE Words unit_to_word(Lanes x) { return {unit_to_word(x.a), unit_to_word(x.b)}; }

// The starts of the trials of a thread, from that of the first of them.
INLINE Start start_of(u64 word, const u64* columns) { return {word, word ^ columns[1 + 8]}; }

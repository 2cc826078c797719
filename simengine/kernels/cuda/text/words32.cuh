// Words of the trials of a thread, l, l + 128, l + 256 and l + 384 of a group of 512, and what is decided on them alone.
// Independent draws are the four numbers of one Philox call; other samplers take the upper halves of 64-bit words.

INLINE u32 top(u64 word) { return (u32)(word >> 32); }

INLINE Words draw_philox(const Draws& at, int draw) {
  const Four drawn = philox((u64)at.group * 128 + at.lane, __ldg(at.streams + draw), at.key0, at.key1);
  return {drawn.a, drawn.b, drawn.c, drawn.d};
}

INLINE Words tops(Pair first, Pair second) { return {top(first.a), top(second.a), top(first.b), top(second.b)}; }

INLINE Words draw_antithetic(const Draws& at, int draw) {
  return tops(antithetic_pair(at, draw, at.lane), antithetic_pair(at, draw, at.lane + 128));
}

INLINE Words draw_lhs(const Draws& at, int draw) {
  return tops(stratified_pair(at, draw, at.lane), stratified_pair(at, draw, at.lane + 128));
}

// The point of a trial is a start, which the replicate and the bits of the index beyond the lowest nine give, XOR a point
// of the lowest bits, which is the same in all groups of a replicate.  points: (replicates, draws, STRIDE); starts: (groups,
// draws), for all trials of a thread.  Replicates shorter than a group have points (groups, draws, 512), one for every
// trial, and no starts.
INLINE Words draw_sobol(const Draws& at, int draw) {
  if (at.bits < 9) {
    const Point* own = at.points + draw * 512;
    return {__ldg(own), __ldg(own + 128), __ldg(own + 256), __ldg(own + 384)};
  }
  const Point point = __ldg(at.points + draw * STRIDE);
  const Start start = __ldg(at.starts + draw);
  return {start.x ^ point, start.y ^ point, start.z ^ point, start.w ^ point};
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
INLINE Lanes step(Words w, u64 cut) {
  const u32 least = (u32)cut;
  return {truth(w.a >= least), truth(w.b >= least), truth(w.c >= least), truth(w.d >= least)};
}

// The word whose probability is x.
INLINE u32 unit_to_word(float x) {
  float y = x * 4294967296.0f;
  y = y > 0.0f ? y : 0.0f;
  return (u32)(y < 4294967040.0f ? y : 4294967040.0f);
}
INLINE Words unit_to_word(Lanes x) {
  return {unit_to_word(x.a), unit_to_word(x.b), unit_to_word(x.c), unit_to_word(x.d)};
}

// The starts of the trials of a thread, from that of the first of them.
INLINE Start start_of(u64 word, const u64* columns) {
  const u64 seventh = columns[1 + 7], eighth = columns[1 + 8];
  return {top(word), top(word ^ seventh), top(word ^ eighth), top(word ^ seventh ^ eighth)};
}

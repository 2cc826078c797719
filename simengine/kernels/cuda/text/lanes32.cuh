// Four trials that one thread computes side by side, in float32: l, l + 128, l + 256 and l + 384 of a group of 512.
//
// Every operator does the same to each trial.  Comparisons give 1 or 0, and minimum, maximum and select choose as the
// CPU's kernel does, so that a NaN goes where it goes there.

typedef float real;

struct Lanes {
  float a, b, c, d;
};

struct Words {
  u32 a, b, c, d;
};

#define INFINITE __int_as_float(0x7F800000)
#define NOT_A_NUMBER __int_as_float(0x7FC00000)

INLINE u32 bits_of(float x) { return __float_as_uint(x); }
INLINE float float_of(u32 bits) { return __uint_as_float(bits); }

// One number for all trials.
INLINE Lanes every(float x) { return {x, x, x, x}; }

INLINE Lanes operator+(Lanes x, Lanes y) { return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d}; }
INLINE Lanes operator-(Lanes x, Lanes y) { return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d}; }
INLINE Lanes operator*(Lanes x, Lanes y) { return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d}; }
ROW Lanes operator/(Lanes x, Lanes y) { return {x.a / y.a, x.b / y.b, x.c / y.c, x.d / y.d}; }
INLINE Lanes operator-(Lanes x) { return {-x.a, -x.b, -x.c, -x.d}; }
INLINE Lanes fma(Lanes x, Lanes y, Lanes z) {
  return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b), fma(x.c, y.c, z.c), fma(x.d, y.d, z.d)};
}
INLINE Lanes sqrt(Lanes x) { return {sqrt(x.a), sqrt(x.b), sqrt(x.c), sqrt(x.d)}; }

INLINE float absolute(float x) { return float_of(bits_of(x) & 0x7FFFFFFFu); }
INLINE Lanes absolute(Lanes x) { return {absolute(x.a), absolute(x.b), absolute(x.c), absolute(x.d)}; }

// A NaN in either operand stays one.
INLINE float minimum(float x, float y) { return x < y || x != x ? x : y; }
INLINE float maximum(float x, float y) { return x > y || x != x ? x : y; }
INLINE Lanes minimum(Lanes x, Lanes y) {
  return {minimum(x.a, y.a), minimum(x.b, y.b), minimum(x.c, y.c), minimum(x.d, y.d)};
}
INLINE Lanes maximum(Lanes x, Lanes y) {
  return {maximum(x.a, y.a), maximum(x.b, y.b), maximum(x.c, y.c), maximum(x.d, y.d)};
}

INLINE float truth(bool holds) { return holds ? 1.0f : 0.0f; }
INLINE Lanes less(Lanes x, Lanes y) {
  return {truth(x.a < y.a), truth(x.b < y.b), truth(x.c < y.c), truth(x.d < y.d)};
}
INLINE Lanes less_equal(Lanes x, Lanes y) {
  return {truth(x.a <= y.a), truth(x.b <= y.b), truth(x.c <= y.c), truth(x.d <= y.d)};
}
INLINE Lanes equal(Lanes x, Lanes y) {
  return {truth(x.a == y.a), truth(x.b == y.b), truth(x.c == y.c), truth(x.d == y.d)};
}
INLINE Lanes not_equal(Lanes x, Lanes y) {
  return {truth(x.a != y.a), truth(x.b != y.b), truth(x.c != y.c), truth(x.d != y.d)};
}

// y where x is not 0, else z.
INLINE float choose(float x, float y, float z) { return x != 0.0f ? y : z; }
INLINE Lanes select(Lanes x, Lanes y, Lanes z) {
  return {choose(x.a, y.a, z.a), choose(x.b, y.b, z.b), choose(x.c, y.c, z.c), choose(x.d, y.d, z.d)};
}

// An outcome of the trials that this thread computes, which stand 128 apart from place on; -0.0 becomes 0.0, so that
// equal values have equal bits.  Trials from count on were not asked for.
INLINE void store(float* out, Lanes x, i64 place, i64 count) {
  if (place < count) out[place] = x.a + 0.0f;
  if (place + 128 < count) out[place + 128] = x.b + 0.0f;
  if (place + 256 < count) out[place + 256] = x.c + 0.0f;
  if (place + 384 < count) out[place + 384] = x.d + 0.0f;
}

// Two trials that one thread computes side by side, in float64: l and l + 256 of a group of 512.
//
// Every operator does the same to either trial.  Comparisons give 1 or 0, and minimum, maximum and select choose as the
// CPU's kernel does, so that a NaN goes where it goes there.

typedef double real;

struct Lanes {
  double a, b;
};

struct Words {
  u64 a, b;
};

#define INFINITE __longlong_as_double(0x7FF0000000000000LL)
#define NOT_A_NUMBER __longlong_as_double(0x7FF8000000000000LL)

INLINE i64 bits_of(double x) { return __double_as_longlong(x); }
INLINE double float_of(i64 bits) { return __longlong_as_double(bits); }

// One number for all trials.
INLINE Lanes every(double x) { return {x, x}; }

INLINE Lanes operator+(Lanes x, Lanes y) { return {x.a + y.a, x.b + y.b}; }
INLINE Lanes operator-(Lanes x, Lanes y) { return {x.a - y.a, x.b - y.b}; }
INLINE Lanes operator*(Lanes x, Lanes y) { return {x.a * y.a, x.b * y.b}; }
ROW Lanes operator/(Lanes x, Lanes y) { return {x.a / y.a, x.b / y.b}; }
INLINE Lanes operator-(Lanes x) { return {-x.a, -x.b}; }
INLINE Lanes fma(Lanes x, Lanes y, Lanes z) { return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b)}; }
INLINE Lanes sqrt(Lanes x) { return {sqrt(x.a), sqrt(x.b)}; }

INLINE double absolute(double x) { return float_of(bits_of(x) & 0x7FFFFFFFFFFFFFFFLL); }
INLINE Lanes absolute(Lanes x) { return {absolute(x.a), absolute(x.b)}; }

// A NaN in either operand stays one.
INLINE double minimum(double x, double y) { return x < y || x != x ? x : y; }
INLINE double maximum(double x, double y) { return x > y || x != x ? x : y; }
INLINE Lanes minimum(Lanes x, Lanes y) { return {minimum(x.a, y.a), minimum(x.b, y.b)}; }
INLINE Lanes maximum(Lanes x, Lanes y) { return {maximum(x.a, y.a), maximum(x.b, y.b)}; }

INLINE double truth(bool holds) { return holds ? 1.0 : 0.0; }
INLINE Lanes less(Lanes x, Lanes y) { return {truth(x.a < y.a), truth(x.b < y.b)}; }
INLINE Lanes less_equal(Lanes x, Lanes y) { return {truth(x.a <= y.a), truth(x.b <= y.b)}; }
INLINE Lanes equal(Lanes x, Lanes y) { return {truth(x.a == y.a), truth(x.b == y.b)}; }
INLINE Lanes not_equal(Lanes x, Lanes y) { return {truth(x.a != y.a), truth(x.b != y.b)}; }

// y where x is not 0, else z.
INLINE Lanes select(Lanes x, Lanes y, Lanes z) { return {x.a != 0.0 ? y.a : z.a, x.b != 0.0 ? y.b : z.b}; }

// An outcome of the trials that this thread computes, which stand 256 apart from place on; -0.0 becomes 0.0, so that
// equal values have equal bits.  Trials from count on were not asked for.
INLINE void store(double* out, Lanes x, i64 place, i64 count) {
  if (place < count) out[place] = x.a + 0.0;
  if (place + 256 < count) out[place + 256] = x.b + 0.0;
}

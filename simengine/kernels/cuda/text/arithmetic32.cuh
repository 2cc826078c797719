// exp, log and pow in float32: the operations of simengine/kernels/arithmetic32.py in their order, so the same bits.
// exp and log are within 1 unit in the last place; pow goes through float64 and is within 0.51.

#define MAGIC 12582912.0f  // 1.5 * 2**23: adding it rounds to an integer, found in the low bits
#define MAGIC_BITS 0x4B400000u
#define LOG2_E 1.44269504f
#define LN2_HIGH 6.9313812256e-01f
#define LN2_LOW 9.0580006145e-06f
#define TINY 1.17549435e-38f
#define LIFT 33554432.0f
#define WIDE_MAGIC 6755399441055744.0
#define WIDE_MAGIC_BITS 0x4338000000000000LL
#define WIDE_LN2 6.93147180559945286227e-01

INLINE float power_of_two(int exponent) { return float_of((u32)(exponent + 127) << 23); }

// Saturates to 0 and inf, and a NaN stays one.
INLINE float exp_of(float x) {
  float y = x > 89.0f ? 89.0f : x;
  y = y < -104.0f ? -104.0f : y;
  const float shifted = fma(y, LOG2_E, MAGIC);
  const float k = shifted - MAGIC;
  const float r = fma(k, -LN2_LOW, fma(k, -LN2_HIGH, y));
  float p = 1.9841270e-04f;
  p = fma(p, r, 1.3888889e-03f);
  p = fma(p, r, 8.3333333e-03f);
  p = fma(p, r, 4.1666667e-02f);
  p = fma(p, r, 1.6666667e-01f);
  p = fma(p, r, 0.5f);
  const float out = 1.0f + fma(p, r * r, r);
  const int n = (int)(bits_of(shifted) - MAGIC_BITS);
  const int half = n >> 1;
  const float scaled = out * power_of_two(half) * power_of_two(n - half);
  return x != x ? x : scaled;
}

// y, except where the logarithm of x is infinite or undefined.
INLINE float log_edges(float x, float y) {
  y = x == INFINITE ? x : y;
  y = x == 0.0f ? -INFINITE : y;
  return x < 0.0f || x != x ? NOT_A_NUMBER : y;
}

// -inf at 0, NaN below.
INLINE float log_of(float x) {
  const bool small = x < TINY;
  const u32 b = bits_of(small ? x * LIFT : x);
  const int k = (int)(b - 0x3F3504F3u) >> 23;
  const float m = float_of(b - ((u32)k << 23));
  float k_float = float_of((u32)k + MAGIC_BITS) - MAGIC;
  k_float = small ? k_float - 25.0f : k_float;
  const float f = m - 1.0f;
  const float s = f / (2.0f + f);
  const float z = s * s;
  float p = fma(0.24279078841f, z, 0.28498786688f);
  p = fma(p, z, 0.40000972152f);
  p = fma(p, z, 0.66666662693f) * z;
  const float square = 0.5f * f * f;
  const float y = k_float * LN2_HIGH - ((square - fma(s, square + p, k_float * LN2_LOW)) - f);
  return log_edges(x, y);
}

// x**y for finite x > 0 in float64, to about 1e-13 times the size of y log x; saturates like float32.
INLINE double wide_power(double x, double y) {
  const i64 b = __double_as_longlong(x);
  const i64 k = (b - 0x3FE6A09E667F3BCDLL) >> 52;
  const double m = __longlong_as_double(b - (i64)((u64)k << 52));
  const double k_float = __longlong_as_double(k + WIDE_MAGIC_BITS) - WIDE_MAGIC;
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 2 / 19.0;
  p = fma(p, z, 2 / 17.0);
  p = fma(p, z, 2 / 15.0);
  p = fma(p, z, 2 / 13.0);
  p = fma(p, z, 2 / 11.0);
  p = fma(p, z, 2 / 9.0);
  p = fma(p, z, 2 / 7.0);
  p = fma(p, z, 2 / 5.0);
  p = fma(p, z, 2 / 3.0);
  const double logarithm = fma(k_float, WIDE_LN2, fma(s * z, p, 2.0 * s));
  double t = logarithm * y;
  t = t > 110.0 ? 110.0 : t;
  t = t < -110.0 ? -110.0 : t;
  const double shifted = fma(t, 1.4426950408889634, WIDE_MAGIC);
  const double n = shifted - WIDE_MAGIC;
  const double r = fma(n, -WIDE_LN2, t);
  double e = 1 / 3628800.0;
  e = fma(e, r, 1 / 362880.0);
  e = fma(e, r, 1 / 40320.0);
  e = fma(e, r, 1 / 5040.0);
  e = fma(e, r, 1 / 720.0);
  e = fma(e, r, 1 / 120.0);
  e = fma(e, r, 1 / 24.0);
  e = fma(e, r, 1 / 6.0);
  e = fma(e, r, 0.5);
  e = fma(e, r, 1.0);
  e = fma(e, r, 1.0);
  const i64 exponent = __double_as_longlong(shifted) - WIDE_MAGIC_BITS + 1023;
  return e * __longlong_as_double((i64)((u64)exponent << 52));
}

// x**y as IEEE 754 pow gives it: negative x is accepted for integer y, and x**0 is 1.
INLINE float power(float x, float y) {
  const float size = absolute(x);
  const bool rising = y == INFINITE, falling = y == -INFINITE;  // y itself is infinite
  float out = (float)wide_power((double)size, (double)y);
  const bool vanishing = (size == 0.0f && y > 0.0f) || (size == INFINITE && y < 0.0f) || (rising && size < 1.0f) ||
                         (falling && size > 1.0f);
  const bool growing = (size == 0.0f && y < 0.0f) || (size == INFINITE && y > 0.0f) || (rising && size > 1.0f) ||
                       (falling && size < 1.0f);
  out = vanishing ? 0.0f : growing ? INFINITE : out;
  out = x != x ? x : y != y ? y : out;
  const float whole = floor(y);
  const bool odd = whole == y && floor(y * 0.5f) * 2.0f != y;
  const bool finite = absolute(y) < INFINITE;
  out = (int)bits_of(x) < 0 && odd && finite ? -out : out;
  out = x < 0.0f && size < INFINITE && whole != y && finite ? NOT_A_NUMBER : out;
  out = y == 0.0f || x == 1.0f ? 1.0f : out;
  return x == -1.0f && (rising || falling) ? 1.0f : out;
}

ROW Lanes exp_of(Lanes x) { return {exp_of(x.a), exp_of(x.b), exp_of(x.c), exp_of(x.d)}; }
ROW Lanes log_of(Lanes x) { return {log_of(x.a), log_of(x.b), log_of(x.c), log_of(x.d)}; }
ROW Lanes power(Lanes x, Lanes y) {
  return {power(x.a, y.a), power(x.b, y.b), power(x.c, y.c), power(x.d, y.d)};
}

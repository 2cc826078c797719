// exp, log and pow in float64: the operations of simengine/kernels/arithmetic.py in their order, so the same bits.
// Only +, -, *, /, fused multiply-add and integer operations are used; exp and log are within 0.8 and 0.9 units in the
// last place, pow within 0.9.

#define MAGIC 6755399441055744.0  // 1.5 * 2**52: adding it rounds to an integer, found in the low bits
#define MAGIC_BITS 0x4338000000000000LL
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define TWO_THIRDS (2.0 / 3.0)
#define TWO_THIRDS_LOW 3.700743415417188e-17

INLINE double power_of_two(i64 exponent) { return float_of((exponent + 1023) << 52); }

// exp(x + tail) with a tiny tail; saturates to 0 and inf, and a NaN stays one.
INLINE double exp_of_sum(double x, double tail) {
  const double given = x;
  x = x > 746.0 ? 746.0 : x;
  x = x < -746.0 ? -746.0 : x;
  const double shifted = fma(x, 1.4426950408889634, MAGIC);
  const double k = shifted - MAGIC;
  const double near = fma(k, -LN2_HIGH, x);
  const double r = fma(k, -LN2_LOW, near);
  double r_low = (near - r) - k * LN2_LOW + tail;
  double p = 1.6059043836821613e-10;
  p = fma(p, r, 2.08767569878681e-09);
  p = fma(p, r, 2.505210838544172e-08);
  p = fma(p, r, 2.755731922398589e-07);
  p = fma(p, r, 2.7557319223985893e-06);
  p = fma(p, r, 2.48015873015873e-05);
  p = fma(p, r, 1.984126984126984e-04);
  p = fma(p, r, 1.388888888888889e-03);
  p = fma(p, r, 8.333333333333333e-03);
  p = fma(p, r, 4.1666666666666664e-02);
  p = fma(p, r, 1.6666666666666666e-01);
  p = fma(p, r, 0.5);
  const double square = r * r;
  r_low = r_low * (1.0 + fma(p, square, r));
  const double y = 1.0 + (r + fma(p, square, r_low));
  const i64 n = bits_of(shifted) - MAGIC_BITS;
  const i64 half = n >> 1;
  const double scaled = y * power_of_two(half) * power_of_two(n - half);
  return given == given ? scaled : given;
}

INLINE double exp_of(double x) { return exp_of_sum(x, 0.0); }

// x = 2**k m with m in [sqrt(1/2), sqrt(2)), for x > 0.
struct Split {
  double k, m;
};

INLINE Split log_split(double x) {
  const bool small = x < 2.2250738585072014e-308;
  const i64 b = bits_of(small ? x * 18014398509481984.0 : x);
  const i64 k = (b - 0x3FE6A09E667F3BCDLL) >> 52;
  const double k_float = float_of(k + MAGIC_BITS) - MAGIC;
  return {small ? k_float - 54.0 : k_float, float_of(b - (i64)((u64)k << 52))};
}

// y, except where the logarithm of x is infinite or undefined.
INLINE double log_edges(double x, double y) {
  y = x == INFINITE ? x : y;
  y = x == 0.0 ? -INFINITE : y;
  return x < 0.0 || x != x ? NOT_A_NUMBER : y;
}

// -inf at 0, NaN below.
INLINE double log_of(double x) {
  const Split split = log_split(x);
  const double f = split.m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 1.479819860511658591e-01;
  p = fma(p, z, 1.531383769920937332e-01);
  p = fma(p, z, 1.818357216161805012e-01);
  p = fma(p, z, 2.222219843214978396e-01);
  p = fma(p, z, 2.857142874366239149e-01);
  p = fma(p, z, 3.999999999940941908e-01);
  p = fma(p, z, 6.666666666666735130e-01) * z;
  const double square = 0.5 * f * f;
  const double y = split.k * LN2_HIGH - ((square - fma(s, square + p, split.k * LN2_LOW)) - f);
  return log_edges(x, y);
}

// A number as a sum of two.
struct Two {
  double high, low;
};

// log x for finite x > 0; the first two terms of the series carry their rounding.
INLINE Two log_in_two(double x) {
  const Split split = log_split(x);
  const double k = split.k;
  const double f = split.m - 1.0;
  const double d = 2.0 + f;
  const double s = f / d;
  const double s_low = (fma(-s, d, f) - s * (f - (d - 2.0))) / d;
  const double z = s * s;
  const double z_low = fma(s, s, -z) + 2.0 * s * s_low;
  const double cube = s * z;
  const double cube_low = fma(s, z, -cube) + s * z_low + s_low * z;
  const double third = cube * TWO_THIRDS;
  const double third_low = fma(cube, TWO_THIRDS, -third) + cube * TWO_THIRDS_LOW + cube_low * TWO_THIRDS;
  double p = 2 / 25.0;
  p = fma(p, z, 2 / 23.0);
  p = fma(p, z, 2 / 21.0);
  p = fma(p, z, 2 / 19.0);
  p = fma(p, z, 2 / 17.0);
  p = fma(p, z, 2 / 15.0);
  p = fma(p, z, 2 / 13.0);
  p = fma(p, z, 2 / 11.0);
  p = fma(p, z, 2 / 9.0);
  p = fma(p, z, 2 / 7.0);
  p = fma(p, z, 2 / 5.0);
  const double main = k * LN2_HIGH;
  const double first = main + 2.0 * s;
  const double high = first + third;
  double low = ((main - first) + 2.0 * s) + ((first - high) + third);
  low = low + (fma(cube * z, p, fma(k, LN2_LOW, 2.0 * s_low)) + third_low);
  const double total = high + low;
  return {total, (high - total) + low};
}

// x**y as IEEE 754 pow gives it: negative x is accepted for integer y, and x**0 is 1.
INLINE double power(double x, double y) {
  const double size = absolute(x);
  const Two sum = log_in_two(size);
  const double total = log_edges(size, sum.high);
  const double low = size > 0.0 && size < INFINITE ? sum.low : 0.0;
  const double product = y * total;
  const double product_low = fma(y, total, -product) + y * low;
  double out = exp_of_sum(product, absolute(product) < 800.0 ? product_low : 0.0);
  const double whole = floor(y);
  const bool odd = whole == y && floor(y * 0.5) * 2.0 != y;
  out = bits_of(x) < 0 && odd ? -out : out;
  out = x < 0.0 && x > -INFINITE && whole != y && y > -INFINITE && y < INFINITE ? NOT_A_NUMBER : out;
  out = y == 0.0 || x == 1.0 ? 1.0 : out;
  return x == -1.0 && (y == INFINITE || y == -INFINITE) ? 1.0 : out;
}

ROW Lanes exp_of(Lanes x) { return {exp_of(x.a), exp_of(x.b)}; }
ROW Lanes log_of(Lanes x) { return {log_of(x.a), log_of(x.b)}; }
ROW Lanes power(Lanes x, Lanes y) { return {power(x.a, y.a), power(x.b, y.b)}; }

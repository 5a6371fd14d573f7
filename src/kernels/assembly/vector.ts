// Four-lane building blocks: multiply-add in the flavour of the build, exp, lane sums, and loads that stop at an edge.
// AssemblyScript, not TypeScript. No statics and no tables: the module shares tfjs's memory and may own none of it.

/** a * b + c: one rounding in the relaxed SIMD build (FMA = 1), two in the plain one. */
export function fma(a: v128, b: v128, c: v128): v128 {
  return FMA ? v128.relaxed_madd<f32>(a, b, c) : v128.add<f32>(v128.mul<f32>(a, b), c)
}

/** c - a * b, rounded as in `fma`. */
export function fnma(a: v128, b: v128, c: v128): v128 {
  return FMA ? v128.relaxed_nmadd<f32>(a, b, c) : v128.sub<f32>(c, v128.mul<f32>(a, b))
}

/** Lane sum in one fixed order: (0 + 2) + (1 + 3). */
export function sumLanes(x: v128): f32 {
  const pairs = v128.add<f32>(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1))
  return v128.extract_lane<f32>(pairs, 0) + v128.extract_lane<f32>(pairs, 1)
}

/** Largest lane; a NaN lane may be passed over (the exponentials that follow bring it back). */
export function maxLanes(x: v128): f32 {
  let m = v128.pmax<f32>(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1))
  m = v128.pmax<f32>(m, v128.shuffle<f32>(m, m, 1, 0, 3, 2))
  return v128.extract_lane<f32>(m, 0)
}

/** The first `count` lanes at `p` (1 to 3), the others filled with `rest`; reads nothing beyond them. */
export function loadPart(p: usize, count: i32, rest: f32): v128 {
  let x = v128.splat<f32>(rest)
  x = v128.replace_lane<f32>(x, 0, load<f32>(p))
  if (count > 1) x = v128.replace_lane<f32>(x, 1, load<f32>(p, 4))
  if (count > 2) x = v128.replace_lane<f32>(x, 2, load<f32>(p, 8))
  return x
}

/** Stores the first `count` lanes (1 to 3) and nothing beyond them. */
export function storePart(p: usize, x: v128, count: i32): void {
  store<f32>(p, v128.extract_lane<f32>(x, 0))
  if (count > 1) store<f32>(p, v128.extract_lane<f32>(x, 1), 4)
  if (count > 2) store<f32>(p, v128.extract_lane<f32>(x, 2), 8)
}

/** Four lanes at `p`, or what is left of them. */
export function load4(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadPart(p, left, 0)
}

/** Stores four lanes, or what is left of them. */
export function store4(p: usize, x: v128, left: i32): void {
  if (left >= 4) v128.store(p, x)
  else storePart(p, x, left)
}

/**
 * e^x in four lanes, relative error below 2e-7; 0 below about -104, inf above about 88.7, NaN stays NaN.
 * x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its series up to r^7; 2^n as two factors, so that subnormal results and
 * the last binade before overflow come out right.
 */
export function exp4(x: v128): v128 {
  // pmin/pmax in this operand order keep a NaN that sits in x.
  x = v128.pmax<f32>(v128.pmin<f32>(x, v128.splat<f32>(89)), v128.splat<f32>(-104))
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  const magic = v128.splat<f32>(12582912)
  const shifted = fma(x, v128.splat<f32>(1.4426950408889634), magic)
  const n = v128.sub<f32>(shifted, magic)
  let r = fnma(n, v128.splat<f32>(0.693145751953125), x)
  r = fnma(n, v128.splat<f32>(1.4286068202862268e-6), r)
  let p = v128.splat<f32>(1.0 / 5040.0)
  p = fma(p, r, v128.splat<f32>(1.0 / 720.0))
  p = fma(p, r, v128.splat<f32>(1.0 / 120.0))
  p = fma(p, r, v128.splat<f32>(1.0 / 24.0))
  p = fma(p, r, v128.splat<f32>(1.0 / 6.0))
  p = fma(p, r, v128.splat<f32>(0.5))
  p = fma(p, r, v128.splat<f32>(1))
  p = fma(p, r, v128.splat<f32>(1))
  const whole = v128.sub<i32>(shifted, magic)
  const half = v128.shr<i32>(whole, 1)
  const rest = v128.sub<i32>(whole, half)
  const bias = v128.splat<i32>(127)
  p = v128.mul<f32>(p, v128.shl<i32>(v128.add<i32>(half, bias), 23))
  return v128.mul<f32>(p, v128.shl<i32>(v128.add<i32>(rest, bias), 23))
}

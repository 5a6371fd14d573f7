// The ops once more in plain double-precision loops: the oracle that fast kernels are tested against. Never used to train.
// Written from the definitions, on purpose without sharing a line with the kernels.

/** A row-major matrix. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

export function matrix(rows: number, columns: number, fill: (i: number) => number = () => 0): Matrix {
  return { rows, columns, data: Float64Array.from({ length: rows * columns }, (_, i) => fill(i)) }
}

function at(m: Matrix, row: number, column: number): number {
  return m.data[row * m.columns + column] ?? NaN
}

/** x [N, C], weight [O, C], bias [O] -> [N, O] */
export function linear(x: Matrix, weight: Matrix, bias: Float64Array | null): Matrix {
  return matrix(x.rows, weight.rows, (i) => {
    const [n, o] = [Math.floor(i / weight.rows), i % weight.rows]
    let sum = bias?.[o] ?? 0
    for (let c = 0; c < x.columns; c++) sum += at(x, n, c) * at(weight, o, c)
    return sum
  })
}

/** torch.nn.LayerNorm over columns. */
export function layerNorm(x: Matrix, weight: Float64Array, bias: Float64Array, epsilon: number): Matrix {
  const C = x.columns
  const out = matrix(x.rows, C)
  for (let n = 0; n < x.rows; n++) {
    const row = x.data.subarray(n * C, (n + 1) * C)
    const mean = row.reduce((sum, value) => sum + value, 0) / C
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / C
    for (let c = 0; c < C; c++) {
      out.data[n * C + c] = (((row[c] ?? 0) - mean) / Math.sqrt(variance + epsilon)) * (weight[c] ?? 0) + (bias[c] ?? 0)
    }
  }
  return out
}

/** 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
export function geluNew(x: Float64Array): Float64Array {
  return x.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))))
}

/**
 * GPT-Neo attention as the reference computes it, masks added in float32: causal and window by replacement with the
 * smallest float32, padding by adding it once more.
 * @param q,k,v [B*T, heads*d]
 */
export function causalAttention(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  heads: number,
  window: number | null,
  lengths: readonly number[],
): Matrix {
  const min = -3.4028234663852886e38
  const T = q.rows / lengths.length
  const d = q.columns / heads
  const out = matrix(q.rows, q.columns)
  for (const [b, length] of lengths.entries()) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < T; i++) {
        const scores = Array.from({ length: T }, (_, j) => {
          let score = min
          if (j <= i && (window === null || j > i - window)) {
            score = 0
            for (let e = 0; e < d; e++) score += at(q, b * T + i, h * d + e) * at(k, b * T + j, h * d + e)
          }
          return j < length ? score : Math.fround(score + min)
        })
        const top = Math.max(...scores)
        const exps = scores.map((score) => Math.exp(score - top))
        const total = exps.reduce((sum, e) => sum + e, 0)
        for (let e = 0; e < d; e++) {
          let sum = 0
          for (const [j, weight] of exps.entries()) sum += (weight / total) * at(v, b * T + j, h * d + e)
          out.data[(b * T + i) * out.columns + h * d + e] = sum
        }
      }
    }
  }
  return out
}

/** Sum over rows with a target >= 0 of log-sum-exp(logits) minus the target's logit. logits [N, V] */
export function crossEntropySum(logits: Matrix, targets: readonly number[]): number {
  let sum = 0
  for (const [n, target] of targets.entries()) {
    if (target < 0) continue
    const row = logits.data.subarray(n * logits.columns, (n + 1) * logits.columns)
    const top = row.reduce((a, b) => Math.max(a, b), -Infinity)
    sum += top + Math.log(row.reduce((total, value) => total + Math.exp(value - top), 0)) - (row[target] ?? NaN)
  }
  return sum
}

/** table[ids[n]] + places[positions[n]], row by row; without places the rows alone. */
export function embedding(
  table: Matrix,
  ids: readonly number[],
  places?: Matrix,
  positions?: readonly number[],
): Matrix {
  const C = table.columns
  return matrix(ids.length, C, (i) => {
    const [n, c] = [Math.floor(i / C), i % C]
    return at(table, ids[n] ?? -1, c) + (places ? at(places, positions?.[n] ?? -1, c) : 0)
  })
}

/** The gradient of a table of `rows` rows: the sum of x[n] over all n with ids[n] = row. */
export function scatterRows(x: Matrix, ids: readonly number[], rows: number): Matrix {
  return matrix(rows, x.columns, (i) => {
    const [row, c] = [Math.floor(i / x.columns), i % x.columns]
    return ids.reduce((sum, id, n) => (id === row ? sum + at(x, n, c) : sum), 0)
  })
}

/** One parameter's state under AdamW. */
export interface AdamWState {
  readonly p: number
  readonly m: number
  readonly v: number
}

export interface AdamWRule {
  readonly optim: 'adamw_hf' | 'adamw_torch'
  readonly lr: number
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  /** 0 where none applies. */
  readonly decay: number
}

/** Update number t (from 1) with gradient g: transformers.AdamW decays after the move, torch.optim.AdamW before. */
export function adamw({ p, m, v }: AdamWState, g: number, t: number, rule: AdamWRule): AdamWState {
  const { optim, lr, beta1, beta2, eps, decay } = rule
  const mean = beta1 * m + (1 - beta1) * g
  const square = beta2 * v + (1 - beta2) * g * g
  const [c1, c2] = [1 - beta1 ** t, 1 - beta2 ** t]
  if (optim === 'adamw_torch') {
    const decayed = p * (1 - lr * decay)
    return { p: decayed - ((lr / c1) * mean) / (Math.sqrt(square / c2) + eps), m: mean, v: square }
  }
  const moved = p - (((lr * Math.sqrt(c2)) / c1) * mean) / (Math.sqrt(square) + eps)
  return { p: moved - lr * decay * moved, m: mean, v: square }
}

/** Central differences of f at x: the gradient that every op's backward pass must match. */
export function numericGradient(f: (x: Float64Array) => number, x: Float64Array, step = 1e-4): Float64Array {
  return x.map((value, i) => {
    const moved = Float64Array.from(x)
    moved[i] = value + step
    const up = f(moved)
    moved[i] = value - step
    return (up - f(moved)) / (2 * step)
  })
}

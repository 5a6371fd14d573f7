// The matrix product in every flavour: all strides and modes at odd sizes against plain loops, untouched surroundings,
// the same bits however it is cut, and numbers that are no numbers.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KernelFlavour } from 'virtual:finetale-kernels'
import { bits, Harness, Noise, usableFlavours } from '../support/kernelHarness'

const flavours = await usableFlavours()

type Layout = 'rows' | 'columns' | 'spread'
const layouts: readonly Layout[] = ['rows', 'columns', 'spread']
const sizes = [
  [1, 1, 1],
  [5, 3, 7],
  [6, 256, 8],
  [7, 257, 9],
  [13, 300, 33],
  [200, 513, 30],
  [3, 0, 5],
  [0, 4, 4],
  [12, 64, 1100],
] as const

/** Strides of a rows x columns matrix, and how many numbers it spans. */
function strides(layout: Layout, rows: number, columns: number): { row: number; column: number; span: number } {
  if (layout === 'rows') return { row: columns, column: 1, span: rows * columns }
  if (layout === 'columns') return { row: 1, column: rows, span: rows * columns }
  return { row: 2 * columns + 1, column: 2, span: rows * (2 * columns + 1) }
}

describe.each(flavours)('%s', (flavour: KernelFlavour) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.create(flavour)
  })
  afterAll(() => harness.dispose())

  test.each(sizes)('%i x %i x %i', (m, k, n) => {
    for (const la of layouts) {
      for (const lb of layouts) {
        for (const mode of [0, 1, 2]) oneCase(harness, [m, k, n], la, lb, mode)
      }
    }
  })

  test('a NaN or an infinity reaches its own row only; 1e30 squared is infinite', () => {
    harness.reset()
    const [m, k, n] = [9, 5, 11]
    const noise = new Noise(5)
    const a = harness.floats(noise.floats(m * k))
    const b = harness.floats(noise.floats(k * n))
    const c = harness.floats(new Float32Array(m * n))
    a.view[2 * k + 1] = NaN
    a.view[4 * k] = Infinity
    a.view.fill(1e30, 7 * k, 8 * k)
    b.view.fill(1e30, 3, 4)
    const args = {
      a: a.at,
      rsa: k,
      csa: 1,
      b: b.at,
      rsb: n,
      csb: 1,
      c: c.at,
      ldc: n,
      m,
      k,
      n,
      mode: 0,
      bias: 0,
      axis: 0,
    }
    harness.pool.run('gemm', args, m)
    const rowOf = (i: number) => [...c.view.subarray(i * n, i * n + n)]
    expect(rowOf(2).every(Number.isNaN)).toBe(true)
    expect(rowOf(4).every((x) => !Number.isFinite(x))).toBe(true)
    expect(c.view[7 * n + 3]).toBe(Infinity)
    for (const i of [0, 1, 3, 5, 6, 8]) expect(rowOf(i).every(Number.isFinite)).toBe(true)
    expect(harness.guardsIntact()).toBe(true)
  })
})

function oneCase(harness: Harness, [m, k, n]: readonly [number, number, number], la: Layout, lb: Layout, mode: number) {
  harness.reset()
  const noise = new Noise(m * 31 + k * 7 + n + mode)
  const sa = strides(la, m, k)
  const sb = strides(lb, k, n)
  const ldc = n + 3
  const a = harness.floats(noise.floats(sa.span))
  const b = harness.floats(noise.floats(sb.span))
  const before = noise.floats(m * ldc)
  const c = harness.floats(before)
  const bias = harness.floats(noise.floats(n))
  const run = (axis: number, cut: number) => {
    c.view.set(before)
    const total = axis === 1 ? n : m
    harness.pool.run(
      'gemm',
      {
        ...{ a: a.at, rsa: sa.row, csa: sa.column, b: b.at, rsb: sb.row, csb: sb.column },
        ...{ c: c.at, ldc, m, k, n, mode, bias: bias.at, axis },
      },
      total,
      cut,
    )
    return c.copy()
  }
  const whole = run(0, Math.max(1, m))
  const [av, bv, biasV] = [a.view, b.view, bias.view]
  let worst = 0
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = mode === 1 ? before[i * ldc + j]! : mode === 2 ? biasV[j]! : 0
      for (let q = 0; q < k; q++) sum += av[i * sa.row + q * sa.column]! * bv[q * sb.row + j * sb.column]!
      worst = Math.max(worst, Math.abs(sum - whole[i * ldc + j]!))
    }
    for (let j = n; j < ldc; j++) if (whole[i * ldc + j] !== before[i * ldc + j]) throw new Error('wrote beside C')
  }
  expect(worst).toBeLessThan(2e-6 * Math.sqrt(k + 1))
  expect(harness.guardsIntact()).toBe(true)
  for (const [axis, cut] of [
    [0, 1],
    [0, 5],
    [1, 1],
    [1, 5],
    [1, 8],
  ] as const) {
    expect(bits(run(axis, cut)), `cut ${cut} along ${axis}`).toEqual(bits(whole))
  }
}

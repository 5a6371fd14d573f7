// Epoch orders against torch: the three rules, several epochs, with and without evaluations in between.

import { describe, expect, test } from 'vitest'
import { epochOrder, randperm } from '../../src/data/order'
import { MT19937 } from '../../src/data/random'
import type { OrderRule } from '../../src/recipe/recipe'
import { readOrderGolden, summary, type GoldenList } from '../support/goldenLists'

type OrderCase = GoldenList & { rule: OrderRule; seed: number; epoch: number; evaluations: number }

test.each(readOrderGolden<(GoldenList & { seed: number })[]>('torch_randperm.json'))(
  'torch.randperm, seed $seed, n $n',
  ({ seed, ...expected }) => {
    expect(summary(randperm(expected.n, new MT19937(seed)))).toEqual(expected)
  },
)

test('randperm refuses the sizes for which torch has another rule', () => {
  expect(() => randperm(214748364, new MT19937(0))).toThrow(RangeError)
})

describe('epochOrder', () => {
  test.each([
    ['transformers_4_30', [1346, 1285, 1600, 325, 850, 1387, 51, 250]],
    ['dataloader', [64, 646, 1393, 1372, 579, 1453, 1185, 1020]],
    ['seedable', [150, 244, 1518, 241, 1286, 1684, 79, 1281]],
  ] as const)('%s: the first rows of the notebook run', (rule, first) => {
    expect([...epochOrder(rule, 42, 0, 1857).subarray(0, 8)]).toEqual(first)
  })

  test.each(readOrderGolden<OrderCase[]>('epoch_order.json'))(
    '$rule, seed $seed, n $n, epoch $epoch, after $evaluations evaluations',
    ({ rule, seed, epoch, evaluations, ...expected }) => {
      expect(summary(epochOrder(rule, seed, epoch, expected.n, evaluations))).toEqual(expected)
    },
  )

  test('one row, and none', () => {
    for (const rule of ['transformers_4_30', 'dataloader', 'seedable'] as const) {
      expect([...epochOrder(rule, 1, 2, 1)]).toEqual([0])
      expect(epochOrder(rule, 1, 2, 0).length).toBe(0)
    }
  })
})

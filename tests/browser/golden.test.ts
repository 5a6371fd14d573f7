// GPT-Neo on every engine against transformers: logits, loss and every gradient of the golden cases.
// Gradients are compared per tensor: largest absolute difference over the reference tensor's largest absolute value.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { zeroGrad } from '../../src/kernels/param'
import { loadModel } from '../../src/model/load'
import type { GPTNeo } from '../../src/model/gptNeo'
import { onEveryEngine } from '../support/engines'
import { GOLDEN_CASES, loadGolden, maxDifference, relativeDifference, type Golden } from '../support/golden'

onEveryEngine(() =>
  describe.each(GOLDEN_CASES)('%s', (name) => {
    let golden: Golden
    let model: GPTNeo

    beforeAll(async () => {
      const loaded = await loadGolden(name)
      golden = loaded.golden
      model = await loadModel(loaded.files)
    })
    afterAll(() => model.dispose())

    test('logits of a padded batch', () => {
      const { ids, T, lengths } = golden.batch(0, true)
      expect(maxDifference(model.logits(ids, T, lengths), golden.array('logits'))).toBeLessThan(1e-5)
    })

    test.each(['pads', 'masked'] as const)('loss and every gradient, %s', (kind) => {
      const batch = golden.batch(0, kind === 'pads')
      const { count } = model.evaluateLoss(batch)
      zeroGrad(model.params)
      const { lossSum } = model.lossAndGradients(batch, 1 / count)
      expect(Math.abs(lossSum / count - golden.json.loss[kind])).toBeLessThan(1e-5)
      const differences = model.params.map((param) => ({
        name: param.name,
        difference: relativeDifference(
          param.grad?.dataSync() ?? new Float32Array(param.value.size),
          golden.array(`gradient/${kind}/${param.name}`),
        ),
      }))
      zeroGrad(model.params)
      expect(differences.filter(({ difference }) => !(difference < 1e-4))).toEqual([])
    })
  }),
)

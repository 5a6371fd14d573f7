// Ten optimizer steps and greedy text on every engine against transformers and torch: both AdamW variants, clipping, decay groups.

import { beforeAll, describe, expect, test } from 'vitest'
import * as tf from '../../src/kernels/tf'
import { generateTokens } from '../../src/model/generate'
import { loadModel } from '../../src/model/load'
import { AdamW } from '../../src/train/optimizer'
import { trainStep } from '../../src/train/step'
import { onEveryEngine } from '../support/engines'
import { GOLDEN_CASES, loadGolden, maxDifference, type Golden } from '../support/golden'

onEveryEngine(() =>
  describe.each(GOLDEN_CASES)('%s', (name) => {
    let golden: Golden
    let files: Record<string, Blob>

    beforeAll(async () => {
      ;({ golden, files } = await loadGolden(name))
    })

    test.each(['adamw_hf', 'adamw_torch'] as const)('ten steps of %s', async (optim) => {
      const before = tf.memory().numTensors
      const model = await loadModel(files)
      const record = golden.json.training[optim]
      const optimizer = new AdamW(model.params, {
        optim,
        adam_beta1: 0.9,
        adam_beta2: 0.999,
        adam_epsilon: 1e-8,
        weight_decay: record.weight_decay,
      })
      const counts: number[] = []
      for (const [k, rate] of record.learning_rates.entries()) {
        const options = { learningRate: rate, maxGradNorm: record.max_grad_norm }
        const { loss, gradNorm } = trainStep(model, optimizer, [golden.batch(k % 2, record.pads)], options)
        expect(Math.abs(loss - (record.losses[k] ?? NaN)), `loss of step ${k + 1}`).toBeLessThan(1e-4)
        const reference = record.grad_norms[k] ?? NaN
        expect(Math.abs(gradNorm - reference) / reference, `norm of step ${k + 1}`).toBeLessThan(1e-3)
        counts.push(tf.memory().numTensors)
      }
      expect(new Set(counts).size).toBe(1)
      // In units of the first step's rate, which is about what Adam moves a weight in one step.
      const differences = model.params.map((param) => {
        const reference = golden.array(`weights/${optim}/${param.name}`)
        const moved = maxDifference(param.value.dataSync(), reference) / (record.learning_rates[0] ?? NaN)
        return { name: param.name, moved }
      })
      expect(differences.filter(({ moved }) => !(moved < 0.01))).toEqual([])
      optimizer.dispose()
      model.dispose()
      expect(tf.memory().numTensors).toBe(before)
    })

    test('greedy tokens', async () => {
      const model = await loadModel(files)
      const settings = { do_sample: false, temperature: 1, top_k: 0, top_p: 1, max_new_tokens: 8, seed: 1 }
      for (const { prompt, tokens } of golden.json.greedy) {
        const made: number[] = []
        for await (const token of generateTokens(model, Int32Array.from(prompt), settings, model.config.eos_token_id)) {
          made.push(token)
        }
        expect(made).toEqual(tokens)
      }
      model.dispose()
    })
  }),
)

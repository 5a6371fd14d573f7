// The memory formula against heaps that were really measured, and the largest setting that fits.

import { expect, test } from 'vitest'
import { rowsPerChunk } from '../../src/kernels/lmHead'
import { SCRATCH_BYTES } from '../../src/kernels/jobs'
import { misfit } from '../../src/recipe/fit'
import { HEAP_LIMIT, heapNeeded, parameterCount, type ModelSize } from '../../src/recipe/memory'
import { courseNotebook, demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import { requireFit } from '../../src/train/refusals'
import type { TokenizedDataset } from '../../src/workers/protocol'
import { modelSizeOf } from '../support/modelSizes'

const course = modelSizeOf(50257, 768, 4, 2048)
const small = modelSizeOf(4096, 192, 6, 256)
const builtIn = modelSizeOf(4096, 256, 4, 256)

function full(B: number, T: number, more: Partial<Recipe> = {}): Recipe {
  return {
    ...demo(),
    ...{ padding: 'max_length', max_length: T, per_device_train_batch_size: B, eval_strategy: 'no', ...more },
  }
}

/**
 * `npm run bench -- step --rounds 1 --shape JSON` with two threads, Chromium 156: heapPeakBytes after two steps of full
 * rows, from a fresh heap.
 */
const measured: readonly [ModelSize, number, number, number][] = [
  [course, 8, 128, 1_432_223_744],
  [course, 4, 512, 1_776_222_208],
  [course, 16, 256, 2_235_564_032],
  [course, 16, 512, 3_392_143_360],
  [modelSizeOf(50257, 512, 8, 2048), 8, 256, 1_618_804_736],
  [modelSizeOf(50257, 256, 8, 2048), 16, 256, 1_127_415_808],
  [modelSizeOf(50257, 64, 8, 2048), 32, 256, 520_159_232],
  [small, 32, 256, 1_005_584_384],
  [small, 8, 192, 260_243_456],
  [builtIn, 8, 192, 260_243_456],
  // The largest batch that is not refused: the heap is at its end, and the steps are done.
  [small, 168, 256, 4_294_901_760],
]

/**
 * What is reported when `needed` bytes are in use: a heap grows by a fifth, and by at most 96 MiB, more than it is asked
 * for (emscripten_resize_heap).
 */
function grown(needed: number): number {
  return needed + Math.min(needed / 5, 96 * 2 ** 20)
}

test.each(measured)('%o with %i rows of %i tokens took %i bytes: counted to within 10 %%', (size, B, T, heap) => {
  const { total } = heapNeeded(size, full(B, T), { threads: 2 })
  // The heap may hold up to a fifth that nobody asked for, so what is needed lies between these.
  expect(heap).toBeLessThan(grown(total))
  expect(total).toBeLessThan(1.1 * heap)
  expect(total).toBeGreaterThan(heap / 1.11)
})

test('the sizes that the formula repeats are those of the kernels', () => {
  const { logits } = heapNeeded(course, full(8, 128))
  expect(logits).toBe(rowsPerChunk(50257) * 50257 * 4)
  expect(heapNeeded(builtIn, full(64, 256)).logits).toBe(rowsPerChunk(4096) * 4096 * 4)
  const scratch = (threads: number) => heapNeeded(course, full(8, 128), { threads }).scratch
  expect(scratch(3) - scratch(2)).toBe(SCRATCH_BYTES + 64)
  expect(parameterCount(course)).toBe(68_514_048)
  expect(parameterCount(builtIn)).toBe(4_270_592)
})

test('what is shipped fits, and so does the case that once ended the backend: batch 16, length 512, 50,257 words', () => {
  expect(misfit({ size: course, recipe: courseNotebook() })).toBeNull()
  expect(misfit({ size: builtIn, recipe: demo() })).toBeNull()
  expect(misfit({ size: course, recipe: full(16, 512) })).toBeNull()
})

test('a batch that is too large is refused with the largest batch and the largest length that fit', () => {
  const recipe = full(32, 512)
  const found = misfit({ size: course, recipe, threads: 2 })
  expect(found?.field).toBe('per_device_train_batch_size')
  expect(found?.message).toMatch(/needs about [45]\d{3} MB of memory, and a page has 4295 MB: batch size 32 /)
  const [, rows = 0, tokens = 0] =
    /batch size (\d+) .* maximum length (\d+) /.exec(found?.action ?? '')?.map(Number) ?? []
  expect(found?.change).toEqual({ per_device_train_batch_size: rows })
  const bytes = (B: number, T: number) => heapNeeded(course, full(B, T), { threads: 2 }).total
  expect([bytes(rows, 512) <= HEAP_LIMIT, bytes(rows + 1, 512) <= HEAP_LIMIT]).toEqual([true, false])
  expect([bytes(32, tokens) <= HEAP_LIMIT, bytes(32, tokens + 1) <= HEAP_LIMIT]).toEqual([true, false])
  expect(misfit({ size: course, recipe: { ...recipe, ...found?.change }, threads: 2 })).toBeNull()
})

test('short rows fit where rows of the maximum length would not, unless all are padded to it', () => {
  const recipe = full(32, 512, { padding: 'longest' })
  const rows = { rows: 1000, longest: 100 }
  expect(misfit({ size: course, recipe, train: rows, held: rows })).toBeNull()
  expect(misfit({ size: course, recipe: full(32, 512), train: rows, held: rows })).not.toBeNull()
  // Nor can a batch hold more rows than there are.
  const few = { rows: 8, longest: 512 }
  expect(misfit({ size: course, recipe: full(512, 512), train: few, held: few })).toBeNull()
})

test('an evaluation batch that is too large is named as such', () => {
  const recipe = full(4, 512, { eval_strategy: 'steps', per_device_eval_batch_size: 512 })
  const found = misfit({ size: course, recipe })
  expect(found?.field).toBe('per_device_eval_batch_size')
  expect(found?.change?.per_device_eval_batch_size).toBeGreaterThan(4)
  expect(misfit({ size: course, recipe: { ...recipe, ...found?.change } })).toBeNull()
})

test('where not even one row fits, a length does; and a model too large for anything is said to be', () => {
  const long = modelSizeOf(50257, 1024, 12, 2048)
  const found = misfit({ size: long, recipe: full(8, 2048) })
  expect(found?.field).toBe('max_length')
  expect(found?.change).toMatchObject({ per_device_train_batch_size: 1 })
  expect(misfit({ size: long, recipe: { ...full(8, 2048), ...found?.change } })).toBeNull()
  const huge = misfit({ size: modelSizeOf(50257, 2048, 24, 2048), recipe: full(1, 8) })
  expect([huge?.change, huge?.action]).toEqual([null, expect.stringContaining('smaller model')])
})

test('rows longer than the model has positions for are refused with the length it knows', () => {
  const recipe = { ...demo(), max_length: 400 }
  const rows = { rows: 50, longest: 300 }
  expect(misfit({ size: builtIn, recipe, train: rows })).toMatchObject({ change: { max_length: 256 } })
  expect(misfit({ size: builtIn, recipe, train: { rows: 50, longest: 200 }, held: { rows: 0, longest: 0 } })).toBeNull()
})

test('the trainer refuses by the rows there really are, and its error carries the change', () => {
  const side = (rows: number, length: number) => ({
    ...{ ids: new Int32Array(0), lengths: new Int32Array(rows).fill(length), rows, length },
  })
  const dataset = { train: side(400, 200), eval: side(10, 200) } as unknown as TokenizedDataset
  const recipe = { ...demo(), max_length: 256, per_device_train_batch_size: 300 }
  const refusal = (() => {
    try {
      requireFit(builtIn, recipe, dataset, 2)
    } catch (thrown) {
      return thrown
    }
  })()
  expect(refusal).toMatchObject({ name: 'FinetaleError', message: expect.stringContaining('batch size 300') as string })
  const { change } = (refusal as { details: { change: Partial<Recipe> } }).details
  expect(change.per_device_train_batch_size).toBeGreaterThan(100)
  expect(() => requireFit(builtIn, { ...recipe, ...change }, dataset, 2)).not.toThrow()
})

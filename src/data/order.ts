// The order in which an epoch visits the training rows, by the three rules that Trainer has had. Row numbers only.
// Rule of each: reference 'Batches and seeds' in ARCHITECTURE.md; all three end in torch.randperm on the CPU.

import type { OrderRule } from '../recipe/recipe'
import { MT19937 } from './random'

/** From this size on torch.randperm draws 64 bits a row by another rule; no data set of a page comes near it. */
const RANDPERM_LIMIT = Math.floor(0xffffffff / 20)

/**
 * torch.randperm(n) on the CPU: at each place i swap in one of the n - i rows left, chosen by a 32-bit draw mod n - i.
 * @throws RangeError from 214,748,364 rows on
 */
export function randperm(n: number, generator: MT19937): Int32Array {
  if (n >= RANDPERM_LIMIT) throw new RangeError(`randperm is defined here below ${RANDPERM_LIMIT} rows, not for ${n}`)
  const order = Int32Array.from({ length: n }, (_, i) => i)
  for (let i = 0; i < n - 1; i++) {
    const j = i + (generator.next32() % (n - i))
    const held = order[i]!
    order[i] = order[j]!
    order[j] = held
  }
  return order
}

/**
 * Row order of an epoch.
 *
 * - `transformers_4_30`: set_seed(seed), then one int64 draw seeds a generator that lives as long as the run. torch's
 *   RandomSampler draws a second, unused permutation when it runs dry, so an epoch advances it by two.
 * - `dataloader`: each epoch takes two int64 draws of the global generator, the loader's base seed and the sampler's
 *   seed; the latter seeds the permutation. An evaluation's loader takes one draw as well.
 * - `seedable`: manual_seed(seed + epoch), as accelerate's SeedableRandomSampler.
 *
 * @param epoch 0-based
 * @param n training rows
 * @param evaluationsBefore evaluations run before this epoch began; only the `dataloader` rule depends on them
 * @returns a permutation of 0..n-1
 */
export function epochOrder(rule: OrderRule, seed: number, epoch: number, n: number, evaluationsBefore = 0): Int32Array {
  if (rule === 'seedable') return randperm(n, new MT19937(seed + epoch))
  const global = new MT19937(seed)
  if (rule === 'dataloader') {
    const drawsBefore = 2 * epoch + evaluationsBefore + 1
    for (let i = 0; i < drawsBefore; i++) global.nextInt64()
    return randperm(n, new MT19937(global.nextInt64()))
  }
  const own = new MT19937(global.nextInt64())
  for (let i = 0; i < 2 * epoch * Math.max(0, n - 1); i++) own.next32()
  return randperm(n, own)
}

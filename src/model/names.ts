// Which tensor of a file is which parameter: strips what training code puts before names. Names only, no numbers.

import type { WeightsFile } from '../formats/weightsFile'
import { FinetaleError } from '../recipe/error'

export const HEAD = 'lm_head.weight'
export const EMBEDDING = 'transformer.wte.weight'
/** Constants that old files keep beside the weights; masks are built from the config instead. */
const MASK_BUFFER = /\.attn\.attention\.(bias|masked_bias)$/
/** Tensors that every GPT-Neo has once; the first that is there tells what stands before all names. */
const ANCHORS = ['wpe.weight', 'wte.weight', 'ln_f.weight']

export interface TensorNames {
  /** Names of the parameter table, and HEAD, to the file's names. */
  readonly sources: Map<string, string>
  /** Names in the file that are none of the model's. */
  readonly extras: readonly string[]
}

/** What stands before the names of the model, without `transformer`; empty where two models lie in the file. */
function commonPrefix(names: readonly (readonly string[])[]): readonly string[] {
  for (const anchor of ANCHORS) {
    const found = names.filter((parts) => parts.slice(-2).join('.') === anchor)
    if (found.length === 0) continue
    const prefix = found.length === 1 ? found[0]!.slice(0, -2) : []
    return prefix.at(-1) === 'transformer' ? prefix.slice(0, -1) : prefix
  }
  return []
}

/**
 * Maps table names to the file's names: `module.` and `_orig_mod.` go wherever they stand, and so does what else stands
 * before the model's names, such as `model.`; `transformer.` is added where it is missing, mask buffers are left out. A
 * file that holds only the head of a tied model, as safetensors' save_model writes it, has its embedding there.
 * @throws FinetaleError when two tensors end up under one name.
 */
export function canonicalNames(weights: WeightsFile, tied: boolean): TensorNames {
  const sources = new Map<string, string>()
  const extras: string[] = []
  const split = [...weights.entries.keys()].map((source) => ({
    source,
    parts: source.split('.').filter((part) => part !== 'module' && part !== '_orig_mod'),
  }))
  const prefix = commonPrefix(split.map(({ parts }) => parts))
  for (const { source, parts } of split) {
    const stripped = prefix.every((part, i) => parts[i] === part) ? parts.slice(prefix.length) : parts
    const bare = (stripped[0] === 'transformer' ? stripped.slice(1) : stripped).join('.')
    if (MASK_BUFFER.test(bare)) continue
    const name = bare === HEAD ? HEAD : `transformer.${bare}`
    const other = sources.get(name)
    if (other !== undefined) {
      throw new FinetaleError(
        `${weights.label} holds two tensors for ${name}: ${other} and ${source}.`,
        'Save the model again with one set of weights.',
      )
    }
    if (/^(wte|wpe|ln_f|h\.\d+)\./.test(bare) || bare === HEAD) sources.set(name, source)
    else extras.push(source)
  }
  const head = sources.get(HEAD)
  if (tied && head !== undefined && !sources.has(EMBEDDING)) sources.set(EMBEDDING, head)
  return { sources, extras }
}

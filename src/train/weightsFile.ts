// The weights in memory as a .safetensors file, for a model that is saved past the browser's storage. A stored checkpoint
// is exported by storage/checkpointFile.ts.

import { safetensorsHeader } from '../formats/safetensorsHeader'
import { floatsOf } from '../kernels/runtime'
import type { GPTNeo } from '../model/gptNeo'

/** Float32 weights under their Hugging Face names; the tied head is the embedding and not written twice. */
export function weightsAsSafetensors({ params }: GPTNeo): Blob {
  const header = safetensorsHeader(params.map(({ name, shape }) => ({ name, shape })))
  // A Blob takes no shared memory. One tensor at a time, so that only one copy lies in memory beside it.
  return new Blob([header, ...params.map(({ value }) => new Blob([floatsOf(value).slice()]))])
}

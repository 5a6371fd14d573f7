// Writes checkpoints beside the training: checksums, database and reading back cost the trainer's thread nothing here.
// It decides nothing; checkpointWriter.ts starts it, one for a trainer, and it ends with it.

import { holdForLife } from './alive'
import { toStoredError, type WriterAnswer, type WriterRequest } from './checkpointWriter'
import { writeSnapshot } from './checkpointWrite'
import { openFinetaleDB } from './db'

const answer = (message: WriterAnswer) => globalThis.postMessage(message)

globalThis.addEventListener('message', ({ data: { id, name, snapshot } }: MessageEvent<WriterRequest>) => {
  writeSnapshot(() => openFinetaleDB(name), snapshot).then(
    (manifest) => answer({ kind: 'saved', id, manifest }),
    (error: unknown) => answer({ kind: 'failed', id, error: toStoredError(error) }),
  )
})

const lock = `finetale-writer-${crypto.randomUUID()}`
// A browser that gives no locks watches nothing; the error events remain.
holdForLife(lock).then(
  () => answer('locks' in navigator ? { kind: 'ready', lock } : { kind: 'ready' }),
  () => answer({ kind: 'ready' }),
)

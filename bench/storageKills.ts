// The two halves of kills.mjs: saving one checkpoint after the other until the page is killed, and looking at what is left.

import { listCheckpoints, tidyCheckpoints } from '../src/storage/checkpointCare'
import { CheckpointWriter } from '../src/storage/checkpointWriter'
import { readCheckpoint, streamNames } from '../src/storage/checkpoints'
import { openFinetaleDB } from '../src/storage/db'
import { createRun, getRun } from '../src/storage/runs'
import { takeSnapshot } from '../src/storage/snapshot'
import { storedRun } from '../tests/support/storedRun'
import type { BenchContext } from './context'
import { COURSE_PARAMETERS, heapSource, valueAt } from './storage'

const NAME = 'finetale-kills'

/** Saves step after step; `params` as in the bench. Ends only with the page. */
export async function saveForEver({ params }: BenchContext): Promise<object[]> {
  const db = await openFinetaleDB(NAME)
  if ((await getRun(db, 'bench')) === undefined) await createRun(db, { ...storedRun('bench'), step: 0 })
  const { source, fill } = heapSource(params || COURSE_PARAMETERS)
  const writer = new CheckpointWriter(NAME)
  for (let step = ((await getRun(db, 'bench'))?.step ?? 0) + 1; ; step++) {
    fill(step)
    console.log(`saving ${step}`)
    const snapshot = takeSnapshot({ ...source, cursor: { ...source.cursor, step } })
    if (snapshot === null) throw new Error('no memory for a snapshot')
    await writer.save(snapshot)
  }
}

/** Tidies as the start of the page does, then reads every checkpoint whole and compares every number. */
export async function checkAfterKill(): Promise<object[]> {
  const db = await openFinetaleDB(NAME)
  const before = await db.count('parts')
  await tidyCheckpoints(db)
  const manifests = await listCheckpoints(db, 'bench')
  const current = (await getRun(db, 'bench'))?.currentCheckpoint
  let wrong = 0
  for (const manifest of manifests) {
    for await (const { stream, data } of readCheckpoint(db, manifest)) {
      const k = streamNames.indexOf(stream)
      for (let i = 0; i < data.length; i++) if (data[i] !== valueAt(manifest.cursor.step, k, i)) wrong++
    }
  }
  const kept = manifests.reduce((sum, { parts }) => sum + parts.length, 0)
  return [
    {
      currentStep: manifests.find(({ id }) => id === current)?.cursor.step ?? null,
      steps: manifests.map(({ cursor }) => cursor.step),
      wrongNumbers: wrong,
      partsFound: before,
      parts: await db.count('parts'),
      partsOfKeptSet: kept,
      usage: (await navigator.storage.estimate()).usage,
      keptBytes: manifests.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  ]
}

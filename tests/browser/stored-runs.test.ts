// What the page reads from a stored run and removes of it: its inputs come from storage even when the files it was started
// with are gone, and a run that was discarded is not remembered.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InputLoader } from '../../src/state/inputLoader'
import { knownRuns, rememberRuns } from '../../src/state/knownRuns'
import { discardStoredRun } from '../../src/state/storedRuns'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { createRun, putFiles } from '../../src/storage/runs'
import type { WorkerClient } from '../../src/workers/clients'
import type { DataSource, ModelSource, TokenizerApi } from '../../src/workers/protocol'
import { storedRun } from '../support/storedRun'

let names = 0
let name = ''
let db: Database

beforeEach(async () => {
  name = `finetale-test-stored-${Date.now()}-${names++}`
  db = await openFinetaleDB(name)
  await createRun(db, storedRun('r'))
})

afterEach(() => {
  db.close()
  return deleteDB(name)
})

describe('the inputs of a run', () => {
  const kept = {
    'config.json': new Blob(['{}']),
    'tokenizer.json': new Blob(['{}']),
    'data/rows.jsonl': new Blob(['stored']),
  }
  const started = {
    model: { kind: 'url', label: 'm', url: 'https://example.org/gone/' },
    data: { kind: 'files', label: 'd', files: { 'rows.jsonl': new Blob(['the user’s own']) } },
  } as const

  /** A loader before a tokenizer worker that only tells what it was asked to load. */
  function loader() {
    const loaded: (ModelSource | DataSource)[] = []
    const api = {
      loadTokenizer: async (model: ModelSource) => ({ vocabSize: loaded.push(model) }),
      loadDataset: async (data: DataSource) => ({ totalRows: loaded.push(data) }),
    }
    const call = (use: (api: TokenizerApi) => Promise<unknown>) => use(api as unknown as TokenizerApi)
    const tokenizer = { call } as unknown as WorkerClient<TokenizerApi>
    return { loaded, inputs: new InputLoader(tokenizer, () => openFinetaleDB(name)) }
  }

  test('are those kept with it, not the files it was started with', async () => {
    const { inputs } = loader()
    inputs.started('r', started)
    await putFiles(db, 'r', kept)
    const { model, data } = await inputs.ofRun('r')
    expect(model).toMatchObject({ kind: 'files', label: 'm' })
    expect(data.kind === 'files' && (await data.files['rows.jsonl']?.text())).toBe('stored')
    expect(await inputs.ofRun('r')).toEqual({ model, data })
  })

  test('are those it was started with until they are stored', async () => {
    const { inputs } = loader()
    await expect(inputs.ofRun('r')).rejects.toThrow(/lacks config\.json/)
    inputs.started('r', started)
    expect(await inputs.ofRun('r')).toBe(started)
    await putFiles(db, 'r', kept)
    expect((await inputs.ofRun('r')).model.kind).toBe('files')
  })

  test('are not loaded again while the worker holds what they are copies of', async () => {
    const { inputs, loaded } = loader()
    inputs.started('r', started)
    const nothing = () => Promise.resolve()
    await inputs.with(started.model, started.data, nothing)
    await putFiles(db, 'r', kept)
    const { model, data } = await inputs.ofRun('r')
    await inputs.with(model, data, nothing)
    expect(loaded).toEqual([started.model, started.data])
    inputs.forget()
    await inputs.with(model, data, nothing)
    await inputs.with(started.model, null, nothing)
    expect(loaded.slice(2)).toEqual([model, data])
  })
})

test('a run that is discarded is no longer remembered; one that a tab owns is', async () => {
  const known = ['r', 's'].map((id) => ({ id, name: id }))
  rememberRuns(known)
  await navigator.locks.request('finetale-run-r', async () => {
    expect(await discardStoredRun(db, 'r')).toBe(false)
  })
  expect(knownRuns()).toEqual(known)
  expect(await discardStoredRun(db, 'r')).toBe(true)
  expect(knownRuns()).toEqual([{ id: 's', name: 's' }])
  rememberRuns([])
})

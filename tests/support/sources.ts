// A controller of sources whose tokenizer worker and user are of cardboard: it records what is asked of them, and answers as
// it is told to. No test.

import type { ControllerParts } from '../../src/state/controllerParts'
import type { PickedFile } from '../../src/state/inputs'
import { presetChoices } from '../../src/state/presetSources'
import { RunStore } from '../../src/state/runStore'
import { SourceController } from '../../src/state/sourceController'
import type { DatasetPreview, DataSource, HubRef, ModelSource, TokenizerApi } from '../../src/workers/protocol'

export const course = presetChoices('courseNotebook', 'https://example.org/')
export const demoChoices = presetChoices('demo', 'https://example.org/')

type Files = readonly PickedFile[]

/** A controller of sources, and what was asked of its worker and of its user. */
export function setUp(
  answers: Partial<TokenizerApi> = {},
  refuses: (data: DataSource | null) => boolean = () => false,
  unpack: (files: Files) => Promise<PickedFile[]> = async (files) => [...files],
) {
  const store = new RunStore(() => undefined)
  const asked: string[] = []
  const source = (ref: HubRef) => ({ kind: 'files', label: ref.repo, files: {}, origin: ref }) as const
  const api = {
    fetchModel: async (ref, token) => {
      asked.push(`model ${ref.repo} ${token}`.trim())
      return { source: source(ref), notes: ['renamed'] }
    },
    fetchData: async (ref, token) => {
      asked.push(`data ${ref.repo} ${token}`.trim())
      return { source: source(ref), notes: [] }
    },
    cancelFetch: async () => void asked.push('cancel'),
    cachedBytes: async () => 0,
    removeCached: async () => 7,
    ...answers,
  } satisfies Partial<TokenizerApi>
  const tokenizer = { call: (work: (api: TokenizerApi) => Promise<unknown>) => work(api as unknown as TokenizerApi) }
  const parts = {
    store,
    tokenizer,
    say: (key: string, values?: object) => `${key} ${Object.values(values ?? {}).join()}`.trim(),
  } as unknown as ControllerParts
  const prepared: string[] = []
  const user = {
    prepare: async (model: ModelSource | null, data: DataSource | null) => {
      prepared.push(`${model?.label ?? '-'} ${data?.label ?? '-'}`)
      const refused = refuses(data)
      const error = refused ? { name: 'FinetaleError', message: 'refused', action: 'a' } : null
      const preview = refused || !data ? null : ({ totalRows: 3 } as DatasetPreview)
      store.update({ model, data, preview, error, ready: !refused && model !== null && data !== null })
      return !refused
    },
    inputsChanged: (model: boolean) => store.clearRun(model),
  }
  const sources = new SourceController(parts, user, unpack)
  return { store, sources, asked, prepared }
}

// Composition root: builds the parts, wires them, puts the app on the page, and starts loading. Nothing but wiring.
// The address may carry ?preset=, ?hub=, ?model=, ?data=, ?revision=, ?recipe=<JSON of the fields that differ from the
// preset's, URI-encoded> and ?generation=<the same for how words are picked>; and ?coi=0 to keep the service worker that allows threads away.

import { readAddress } from './state/addressChoice'
import { InputLoader } from './state/inputLoader'
import { settleIsolation } from './state/isolation'
import { LibraryController } from './state/libraryController'
import { followModelSize } from './state/modelSize'
import { guardPage } from './state/pageGuards'
import { RunController } from './state/runController'
import { RunLibrary } from './state/runLibrary'
import { RunStore } from './state/runStore'
import { SourceController } from './state/sourceController'
import { Tabs } from './state/tabs'
import { StorageWatch } from './state/storageWatch'
import { unpack } from './state/unpack'
import { databaseOpened, openFinetaleDB } from './storage/db'
import './ui/finetale-app'
import { say } from './ui/messages'
import { createBundleClient, createTokenizerClient, createTrainerClient, toErrorData } from './workers/clients'
import type { FinetaleErrorData } from './workers/protocol'

const store = new RunStore()
const initial = readAddress(location.search, document.baseURI)
initial.warnings.forEach((warning) => store.note(warning))
initial.refused.forEach((refusal) => store.note(say('warnAddress', refusal)))
initial.problems.forEach(({ field, message }) =>
  store.note(say('warnLinkRecipe', { label: say(`label_${field}`), message })),
)

const onCrash = (error: FinetaleErrorData) => controller.crashed(error)
const tokenizer = createTokenizerClient(onCrash)
const trainer = createTrainerClient({
  emit: (event) => controller.receive(event),
  decode: (ids) => tokenizer.call((api) => api.decode(ids, true)),
  onCrash,
})
const openDatabase = () => openFinetaleDB()
const inputs = new InputLoader(tokenizer, openDatabase)
const runsRemoved = () => library.refresh()
const parts = { store, tokenizer, trainer, inputs, openDatabase, runsRemoved, say }
const controller: RunController = new RunController(parts, initial)
const sources = new SourceController(parts, controller, unpack)
const library: LibraryController = new LibraryController({
  store,
  library: new RunLibrary(openDatabase, createBundleClient()),
  tabs: new Tabs(store),
  show: (runId) => controller.stored.show(runId),
  useModel: (model) => sources.choose({ model }),
  live: (runId) => controller.liveModel(runId),
  say,
})
const restore = () => controller.stored.restore().then(() => library.refresh())
const storage = new StorageWatch({ store, openDatabase, opened: () => databaseOpened(), restore, say })
controller.onEvent((event) => {
  library.receive(event)
  void storage.receive(event)
})

const app = document.createElement('finetale-app')
Object.assign(app, { store, controller, sources, library, initial })
document.body.append(app)

followModelSize(store)
guardPage(store, () => controller.saveSoon())

async function start() {
  // A page that is about to be loaded once more starts no work that would be thrown away.
  if (!(await settleIsolation(store))) return
  void restore()
  void storage.begin()
  await sources.open(initial.choices)
  await controller.warmUp()
}

start().catch((thrown: unknown) => store.update({ error: toErrorData(thrown) }))

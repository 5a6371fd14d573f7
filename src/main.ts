// Composition root: builds the parts, wires them, puts the app on the page, and starts loading. Nothing but wiring.
// The address may carry ?recipe=<JSON of the fields that differ from the built-in demo, URI-encoded>, and ?coi=0 to keep
// the service worker that allows threads away.

import { demo } from './recipe/presets'
import { parseRecipe } from './recipe/validate'
import { InputLoader } from './state/inputLoader'
import { builtInData, builtInModel } from './state/inputs'
import { settleIsolation } from './state/isolation'
import { guardPage } from './state/pageGuards'
import { RunController } from './state/runController'
import { RunStore } from './state/runStore'
import { openFinetaleDB } from './storage/db'
import { notebookGeneration } from './ui/finetale-generate-panel'
import './ui/finetale-app'
import { say } from './ui/messages'
import { createTokenizerClient, createTrainerClient, toErrorData } from './workers/clients'
import type { FinetaleErrorData } from './workers/protocol'

const store = new RunStore()

function recipeFromAddress() {
  const json = new URLSearchParams(location.search).get('recipe')
  if (json === null) return demo()
  try {
    const { recipe, warnings } = parseRecipe(json)
    warnings.forEach((warning) => store.note(warning))
    return recipe
  } catch (thrown) {
    store.note(say('warnRecipeLink', { reason: toErrorData(thrown).message }))
    return demo()
  }
}

const recipe = recipeFromAddress()
const onCrash = (error: FinetaleErrorData) => controller.crashed(error)
const tokenizer = createTokenizerClient(onCrash)
const trainer = createTrainerClient({
  emit: (event) => controller.receive(event),
  decode: (ids) => tokenizer.call((api) => api.decode(ids, true)),
  onCrash,
})
let database: ReturnType<typeof openFinetaleDB> | null = null
const openDatabase = () => (database ??= openFinetaleDB())
const controller: RunController = new RunController(
  { store, tokenizer, trainer, inputs: new InputLoader(tokenizer, openDatabase), openDatabase, say },
  { recipe, generation: notebookGeneration },
)

const app = document.createElement('finetale-app')
app.store = store
app.controller = controller
app.initialRecipe = recipe
document.body.append(app)

guardPage(store, () => controller.saveSoon())

async function start() {
  // A page that is about to be loaded once more starts no work that would be thrown away.
  if (!(await settleIsolation(store))) return
  void controller.restore()
  await controller.prepare(builtInModel(document.baseURI), builtInData(document.baseURI))
  await controller.warmUp()
}

void start()

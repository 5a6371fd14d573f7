// The trainer worker's entry: exposes a TrainerSession through Comlink. Nothing is decided here.

import { expose } from 'comlink'
import { toErrorData } from '../train/errors'
import { TrainerSession } from '../train/session'
import { holdForLife } from '../storage/alive'
import type { RunEvent, TrainerApi } from './protocol'

const session = new TrainerSession()
/** Settles when the page has heard the last event; events arrive in order, but by another port than results. */
let heard: Promise<unknown> = Promise.resolve()

/** Errors cross as FinetaleErrorData: an Error object would lose its `action` on the way. */
async function crossing<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (thrown) {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw toErrorData(thrown)
  }
}

const api: TrainerApi = {
  holdForLife,
  initialise: (options) => crossing(session.initialise(options)),
  connect(emit, decode) {
    const tell = (event: RunEvent) => {
      heard = Promise.resolve(emit(event)).catch(() => {})
    }
    return crossing(session.connect(tell, decode))
  },
  start: (request) => crossing(session.start(request)).finally(() => heard),
  resume: (request) => crossing(session.resume(request)).finally(() => heard),
  pause: () => crossing(session.pause()),
  continue: () => crossing(session.continue()),
  stepOnce: () => crossing(session.stepOnce()),
  stop: (mode) => crossing(session.stop(mode)),
  saveSoon: () => crossing(session.saveSoon()),
  generate: (request, onText) => crossing(session.generate(request, onText)),
  stopGenerating: () => crossing(session.stopGenerating()),
  weights: (runId) => crossing(session.weights(runId)),
  loadBase: (model) => crossing(session.loadBase(model)),
  selfCheck: (folder, onProgress) => crossing(session.selfCheck(folder, onProgress)),
  loadRun: (runId) => crossing(session.loadRun(runId)),
}

expose(api)

// bundle.worker: writes and reads run bundles beside a live run, so that hashing hundreds of megabytes stops no step.
// Wiring only; the work is in src/storage.

import { expose } from 'comlink'
import { tokenizerFileNames } from '../data/tokenizerFiles'
import { readFolder } from '../hub/hub'
import { exportModel, exportRun, runAsModel, zipModel } from '../storage/bundleExport'
import { importRun } from '../storage/bundleImport'
import { openFinetaleDB } from '../storage/db'
import { holdForLife } from '../storage/alive'
import { throwingData } from './errorData'
import type { BundleApi } from './protocol'

const api: BundleApi = {
  holdForLife,
  exportRun: throwingData(async (runId, extra, onProgress) =>
    exportRun(await openFinetaleDB(), runId, { extra, onProgress }),
  ),
  exportModel: throwingData(async (runId, extra, onProgress) =>
    exportModel(await openFinetaleDB(), runId, { extra, onProgress }),
  ),
  zipModel: throwingData(async (model, weights, onProgress) => {
    const files = await readFolder(model, ['config.json'], tokenizerFileNames)
    return zipModel({ ...files, 'model.safetensors': weights }, { onProgress })
  }),
  importRun: throwingData(async (bundle, label, onProgress) => {
    const { id } = await importRun(await openFinetaleDB(), bundle, label, onProgress)
    return id
  }),
  runAsModel: throwingData(async (runId) => runAsModel(await openFinetaleDB(), runId)),
}

expose(api)

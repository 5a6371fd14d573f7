// What the page asks of the bundle worker: types only, a part of protocol.ts.

import type { Living, ModelSource } from './protocol'

/** The model of a run's checkpoint. */
export type ForkedModel = Extract<ModelSource, { kind: 'files' }> & {
  readonly parent: { readonly runId: string; readonly name: string; readonly step: number }
}

/** A zip of a run or its model, and the step of the checkpoint in it; 0 where there is none. */
export interface Exported {
  readonly step: number
  readonly content: Blob
}

/** bundle.worker: carries stored runs in and out. Reads and writes storage only; a live run goes on beside it. */
export interface BundleApi extends Living {
  /** The run as a zip with everything it needs to go on elsewhere. `extra`: further text files by path. */
  exportRun(
    runId: string,
    extra: Readonly<Record<string, string>>,
    onProgress: (doneBytes: number, totalBytes: number) => void,
  ): Promise<Exported>
  /** The model of the run's current checkpoint as a zipped folder in Hugging Face layout. */
  exportModel(
    runId: string,
    extra: Readonly<Record<string, string>>,
    onProgress: (doneBytes: number, totalBytes: number) => void,
  ): Promise<Exported>
  /** A model whose weights are not stored, as a zipped folder: its config and tokenizer files are read from `model`. */
  zipModel(
    model: ModelSource,
    weights: Blob,
    onProgress: (doneBytes: number, totalBytes: number) => void,
  ): Promise<Blob>
  /** Stores the run of a bundle; returns its id, a new one where its own is taken. */
  importRun(bundle: Blob, label: string, onProgress: (doneBytes: number, totalBytes: number) => void): Promise<string>
  /** The model of the run's current checkpoint as a source for a new run. */
  runAsModel(runId: string): Promise<ForkedModel>
}

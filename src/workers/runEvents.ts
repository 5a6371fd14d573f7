// What a run reports to the page: metrics, texts, phases and errors. Types only. Every event carries runId, so that late
// ones can be dropped at the store.

import type { ErrorCode, ErrorDetails } from '../recipe/error'
import type { GenerationSettings } from '../recipe/recipe'

/** An error as data: what happened, in one plain sentence, and what the user can do. */
export interface FinetaleErrorData extends ErrorDetails {
  readonly name: string
  readonly message: string
  readonly action: string
}

/** Everything a chart or a readout can need about one optimizer step. Names as Trainer logs them to W&B, under train/. */
export interface StepMetrics {
  readonly step: number
  readonly epoch: number
  readonly loss: number
  readonly learning_rate: number
  readonly grad_norm: number
  /** Wall seconds of this step, evaluation and saving not included. */
  readonly seconds: number
  /** Tokens the step computed, padding included. */
  readonly tokens: number
  readonly heapBytes: number
  readonly tensors: number
  /** Unix time in ms. */
  readonly at: number
}

export interface EvalMetrics {
  readonly step: number
  readonly epoch: number
  readonly loss: number
  /** With packing: what the loss says of the held-out texts' characters, so that tokenizers can be compared. */
  readonly bits_per_character?: number
  readonly runtime: number
  readonly at: number
}

/** What a generation costs and how it reads; counted on the generated part only. */
export interface TextMetrics {
  readonly words: number
  readonly uniqueWords: number
  /** Distinct pairs of neighbouring words over all pairs, 0 to 1. */
  readonly distinct2: number
  /** The longest run of words (two or more) that occurs at least twice; '' when none does. */
  readonly longestRepeat: string
}

export interface GenerationRow {
  readonly id: string
  readonly runId: string
  readonly step: number
  readonly prompt: string
  readonly generation: string
  readonly settings: GenerationSettings
  readonly metrics: TextMetrics
  readonly milliseconds: number
  readonly tokens: number
  /** Why it ended: end-of-text, the token limit, or the user's Stop. */
  readonly ended: 'eos' | 'length' | 'stopped'
  /** What the user should know of this text, as sentences: a prompt that ends in a space, a start that was dropped. */
  readonly notes?: readonly string[]
  readonly at: number
}

export type RunPhase =
  | 'idle'
  | 'downloading'
  | 'loading'
  | 'tokenizing'
  | 'warming up'
  | 'training'
  | 'evaluating'
  | 'generating'
  | 'saving'
  | 'paused'
  | 'interrupted'
  | 'finished'
  | 'failed'

/** What the run computes on; recorded in every run. */
export interface EnvironmentInfo {
  readonly threads: number
  readonly isolated: boolean
  /** The kernel flavour, for example 'tfjs', 'simd' or 'relaxed-simd'. */
  readonly flavour: string
  readonly userAgent: string
}

/** A change made knowingly in mid-run: from `step` on the run is computed otherwise than it began. */
export interface RunChange {
  readonly step: number
  readonly what: 'learning_rate' | 'flavour'
  readonly from: number | string
  readonly to: number | string
  /** Unix time in ms. */
  readonly at: number
}

/** A run went on from its checkpoint of `step`; what it had logged after that was cut. */
export interface RunResume {
  readonly step: number
  /** Unix time in ms. */
  readonly at: number
}

/** What trainer_state.json counts with; the embeddings, and with them the tied head, are no part of the last. */
export interface CountedSize {
  readonly trainRows: number
  readonly evalRows: number
  readonly nonEmbeddingParameters: number
}

export type RunEvent =
  | { readonly kind: 'phase'; readonly runId: string; readonly phase: RunPhase; readonly detail: string }
  | {
      readonly kind: 'started'
      readonly runId: string
      readonly totalSteps: number
      readonly stepsPerEpoch: number
      readonly parameters: number
      readonly size?: CountedSize
      readonly environment: EnvironmentInfo
      /** Steps already done, 0 for a new run: history after it has been truncated. */
      readonly fromStep: number
      /** All knowing changes of the run so far; absent when there are none. */
      readonly changes?: readonly RunChange[]
      /** Where the run was resumed so far, this time included; absent when it never was. */
      readonly resumes?: readonly RunResume[]
    }
  | { readonly kind: 'step'; readonly runId: string; readonly metrics: StepMetrics }
  | { readonly kind: 'eval'; readonly runId: string; readonly metrics: EvalMetrics }
  | {
      readonly kind: 'checkpoint'
      readonly runId: string
      readonly step: number
      readonly bytes: number
      readonly seconds: number
      /** For how much of that training stood still. */
      readonly stallSeconds?: number
    }
  | { readonly kind: 'warning'; readonly runId: string; readonly message: string; readonly code?: ErrorCode }
  | { readonly kind: 'generation'; readonly runId: string; readonly row: GenerationRow }
  | { readonly kind: 'failed'; readonly runId: string; readonly error: FinetaleErrorData }

// The error meant for people: one plain sentence on what happened and one on what to do. Not for programming faults.

import type { Recipe } from './recipe'

/** Kinds of errors that the page answers with a button of their own. */
export type ErrorCode =
  | 'hub-missing'
  | 'hub-refused'
  | 'hub-rate'
  | 'hub-unreachable'
  | 'hub-mismatch'
  | 'cancelled'
  | 'quota'
  | 'no-storage'
  | 'blocked'
  | 'not-finite'
  | 'out-of-memory'

export interface ErrorDetails {
  readonly code?: ErrorCode
  /** Seconds after which the same request may be tried again, where the server said so. */
  readonly retryAfter?: number
  /** Fields of the recipe with which the same command would work. */
  readonly change?: Partial<Recipe>
}

export class FinetaleError extends Error {
  /** What the user can do about it, as a sentence. */
  readonly action: string
  readonly details: ErrorDetails

  constructor(message: string, action: string, details: ErrorDetails = {}) {
    super(message)
    this.name = 'FinetaleError'
    this.action = action
    this.details = details
  }
}

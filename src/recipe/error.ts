// The error meant for people: one plain sentence on what happened and one on what to do. Not for programming faults.

export class FinetaleError extends Error {
  /** What the user can do about it, as a sentence. */
  readonly action: string

  constructor(message: string, action: string) {
    super(message)
    this.name = 'FinetaleError'
    this.action = action
  }
}

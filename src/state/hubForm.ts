// What a user types about a repository, read into a reference. It asks for nothing.

import { checkRef, DEFAULT_HUB, parseBase, parseHubInput } from '../hub/address'
import { FinetaleError } from '../recipe/error'
import type { HubRef } from '../workers/protocol'
import { MAIN } from './presetSources'

export { DEFAULT_HUB } from '../hub/address'

export interface TypedRepository {
  /** An id, or the address of a repository's page. */
  readonly id: string
  /** '' takes what the id says, else main. */
  readonly revision: string
  /** The hub's or a mirror's address; '' takes the public hub. */
  readonly base: string
}

/**
 * A pasted address brings its own hub and revision; what is typed beside it in the other fields comes first.
 * @throws FinetaleError naming what cannot be used
 */
export function readTyped(kind: HubRef['kind'], typed: TypedRepository): HubRef {
  const base = typed.base.trim() === '' ? DEFAULT_HUB : parseBase(typed.base)
  const input = parseHubInput(typed.id, base)
  if (input.kind !== undefined && input.kind !== kind) {
    throw new FinetaleError(
      kind === 'model'
        ? `${input.repo} is the address of a data set; a model was expected.`
        : `${input.repo} is the address of a model; a data set was expected.`,
      'Give it as the other input, or choose another repository.',
    )
  }
  const revision = typed.revision.trim()
  const ref: HubRef = {
    kind,
    base: input.base ?? base,
    repo: input.repo,
    revision: revision === '' ? (input.revision ?? MAIN) : revision,
  }
  checkRef(ref)
  return ref
}

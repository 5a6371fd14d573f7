// What a run is changed by when it goes on: a smaller learning rate that was asked for, other kernels than before. Such a
// change is told, kept in the run's record and marked at its step; nothing else of a recipe changes in mid-run.

import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'
import type { RunRecord } from '../storage/schema'
import type { EnvironmentInfo, ResumeRequest, RunChange, RunResume } from '../workers/protocol'

export interface Continued {
  readonly recipe: Recipe
  /** All changes of the run so far. */
  readonly changes: readonly RunChange[]
  /** Where the run was resumed so far, this time included. */
  readonly resumes: readonly RunResume[]
  /** What the user should know of the new ones. */
  readonly sentences: readonly string[]
}

/**
 * How the run goes on after `step`.
 * @throws FinetaleError when the scale is not a positive number
 */
export function continued(
  record: RunRecord,
  { learningRateScale: scale = 1 }: Pick<ResumeRequest, 'learningRateScale'>,
  { flavour }: Pick<EnvironmentInfo, 'flavour'>,
  step: number,
): Continued {
  if (!Number.isFinite(scale) || scale <= 0) {
    throw new FinetaleError(
      `The learning rate cannot be multiplied by ${scale}.`,
      'Give a number above 0, such as 0.1.',
    )
  }
  const { recipe, environment } = record
  const at = Date.now()
  // History after the checkpoint is cut, and what was marked in it with it.
  const changes = (record.changes ?? []).filter((change) => change.step <= step)
  const resumes = [...(record.resumes ?? []).filter((resume) => resume.step <= step), { step, at }]
  const sentences: string[] = []
  const learning_rate = recipe.learning_rate * scale
  if (scale !== 1) {
    changes.push({ step, what: 'learning_rate', from: recipe.learning_rate, to: learning_rate, at })
    sentences.push(`From step ${step} on the learning rate is ${learning_rate} instead of ${recipe.learning_rate}.`)
  }
  if (flavour !== environment.flavour) {
    changes.push({ step, what: 'flavour', from: environment.flavour, to: flavour, at })
    sentences.push(
      `The run goes on exactly from step ${step}, but with ${flavour} kernels instead of ${environment.flavour}: from here ` +
        'on its numbers may differ in their last digits from those of an uninterrupted run.',
    )
  }
  return { recipe: { ...recipe, learning_rate }, changes, resumes, sentences }
}

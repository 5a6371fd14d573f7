// What a chart marks beside its curves: where a run went on from a checkpoint, and what was changed in it. Words and steps
// only; chartDrawing.ts draws the lines.

import type { StoreState } from '../state/runStore'
import { formatRate } from './format'
import { say } from './messages'

export interface ChartMark {
  readonly step: number
  readonly kind: 'resumed' | 'changed'
  /** What happened, with its step. */
  readonly text: string
}

/** In step order; a step that was gone on from several times is marked once. */
export function marksOf({ resumes, changes }: Pick<StoreState, 'resumes' | 'changes'>): ChartMark[] {
  const steps = [...new Set(resumes.map(({ step }) => step))]
  const marks: ChartMark[] = steps.map((step) => ({ step, kind: 'resumed', text: say('markResumed', { step }) }))
  for (const { step, what, from, to } of changes) {
    const values = { step, what: what === 'flavour' ? say('statFlavour') : what, from: value(from), to: value(to) }
    marks.push({ step, kind: 'changed', text: say('markChanged', values) })
  }
  return marks.sort((a, b) => a.step - b.step)
}

function value(of: number | string): string {
  return typeof of === 'number' ? formatRate(of) : of
}

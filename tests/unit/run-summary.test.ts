// The page's state in two or three words for the bar and screen readers: none of them says that something goes on which does
// not.

import { expect, test } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { builtInData, builtInModel } from '../../src/state/inputs'
import { newItem } from '../../src/state/sources'
import { emptyState, type StoreState } from '../../src/state/storeState'
import { RunStore } from '../../src/state/runStore'
import { phaseLabel, runSummary } from '../../src/ui/runSummary'
import type { DatasetPreview } from '../../src/workers/protocol'

const base = 'https://page.test/'
const error = { name: 'FinetaleError', message: 'No.', action: '' } as StoreState['error']
const opening: StoreState = { ...emptyState, model: builtInModel(base), data: builtInData(base) }
const unmapped: StoreState = { ...opening, preview: { totalRows: 0 } as DatasetPreview }
const ref = { kind: 'model', base, repo: 'a/b', revision: 'main' } as const

test.each<[string, StoreState, string]>([
  ['at the very start', emptyState, 'Opening'],
  ['while inputs are read', opening, 'Opening'],
  ['with something else amiss meanwhile', { ...opening, error }, 'Opening'],
  ['once they are there', { ...opening, ready: true }, 'Ready'],
  ['when they can be fetched', { ...opening, model: null, hub: { model: newItem(ref), data: null } }, 'Ready'],
  ['when no column is known', unmapped, 'Waiting for columns'],
  ['when they were refused', { ...opening, refused: true, error }, 'Waiting for another choice'],
  ['when that was dismissed', { ...opening, refused: true }, 'Waiting for another choice'],
  ['when a run was stopped', { ...opening, runId: 'a' }, 'Stopped'],
])('the phase %s', (_when, state, label) => {
  expect(phaseLabel(state)).toBe(label)
})

test('rows that nobody knows yet are not counted', () => {
  const { steps } = new RunStore()
  expect(runSummary({ state: unmapped, steps }, demo())).toBe('')
  const known = { ...unmapped, preview: { totalRows: 330 } as DatasetPreview }
  expect(runSummary({ state: known, steps }, demo())).toMatch(/330 rows/)
})

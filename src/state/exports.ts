// The files of a run's numbers, as text, from what the store holds: metrics.csv, metrics.jsonl, generations.jsonl under
// the names that Trainer logs to Weights & Biases. It saves nothing; trainer_state.json is in trainerState.ts.

import { wandbRow } from '../formats/history'
import type { GenerationRow } from '../workers/protocol'
import type { RunStore } from './runStore'
import { trainerStateOf } from './trainerState'

/** What a run's numbers can be taken away as. */
export const exportNames = ['trainer_state.json', 'metrics.csv', 'metrics.jsonl', 'generations.jsonl'] as const
export type ExportName = (typeof exportNames)[number]

/** Measured where texts are packed, and a column only there. */
const BITS = 'eval/bits_per_character'

/** Columns of metrics.csv after step, timestamp and epoch; the same keys name the values of metrics.jsonl. */
const keys = ['train/loss', 'train/learning_rate', 'train/grad_norm', 'eval/loss', BITS, 'eval/runtime'] as const
type Key = (typeof keys)[number]

interface LoggedRow {
  readonly step: number
  readonly epoch: number
  /** Unix time in ms. */
  readonly at: number
  readonly values: Readonly<Partial<Record<Key, number>>>
}

/** Rows in step order; an evaluation follows the step it came after. */
function loggedRows({ steps, evals }: Pick<RunStore, 'steps' | 'evals'>): LoggedRow[] {
  const rows: LoggedRow[] = Array.from(steps.step.view(), (step, i) => ({
    step,
    epoch: steps.column('epoch')[i] ?? NaN,
    at: steps.column('at')[i] ?? NaN,
    values: {
      'train/loss': steps.column('loss')[i] ?? NaN,
      'train/learning_rate': steps.column('learning_rate')[i] ?? NaN,
      'train/grad_norm': steps.column('grad_norm')[i] ?? NaN,
    },
  }))
  evals.step.view().forEach((step, i) => {
    const [epoch = NaN, at = NaN, loss = NaN, runtime = NaN, bits = NaN] = (
      ['epoch', 'at', 'loss', 'runtime', 'bits_per_character'] as const
    ).map((key) => evals.column(key)[i])
    const perCharacter = Number.isNaN(bits) ? {} : { [BITS]: bits }
    rows.push({ step, epoch, at, values: { 'eval/loss': loss, ...perCharacter, 'eval/runtime': runtime } })
  })
  return rows.sort((a, b) => a.step - b.step)
}

function time(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : ''
}

/** One row a logged step or evaluation; an empty cell was not logged. Full precision; lines end with CR LF (RFC 4180). */
export function metricsCsv(store: Pick<RunStore, 'steps' | 'evals'>): string {
  const rows = loggedRows(store)
  const used = keys.filter((key) => key !== BITS || rows.some(({ values }) => values[key] !== undefined))
  const lines = rows.map(({ step, epoch, at, values }) =>
    [step, time(at), epoch, ...used.map((key) => values[key] ?? '')].join(','),
  )
  return [['step', 'timestamp', 'epoch', ...used].join(','), ...lines, ''].join('\r\n')
}

/** JSON has no NaN and no infinity; they are written as strings, so that a reader sees them. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

/**
 * The same rows as JSON lines, with train/epoch and train/global_step as Trainer adds them, and its summary as the last
 * one when the run is finished.
 */
export function metricsJsonl(store: RunStore): string {
  const summary = trainerStateOf(store)?.log_history.at(-1)
  const rows = loggedRows(store)
    .map(({ step, epoch, at, values }) => {
      const logged = Object.entries(values).map(([key, value]) => [key, finite(value)] as const)
      const shared = { 'train/global_step': step, 'train/epoch': finite(epoch), timestamp: time(at) }
      return `${JSON.stringify({ step, ...Object.fromEntries(logged), ...shared })}\n`
    })
    .join('')
  if (summary?.total_flos === undefined) return rows
  return `${rows}${JSON.stringify({ step: summary.step, ...wandbRow(summary) })}\n`
}

/** The table of generations as JSON lines. */
function generationsJsonl(rows: readonly GenerationRow[]): string {
  return rows
    .map(({ step, prompt, generation, settings, ended, tokens, milliseconds, at, metrics }) => {
      const row = { step, prompt, generation, settings, ended, tokens, milliseconds, timestamp: time(at), metrics }
      return `${JSON.stringify(row)}\n`
    })
    .join('')
}

/** Everything there is to take away of the run shown, by file name. */
export function exportFiles(store: RunStore): Readonly<Record<ExportName, string>> {
  return {
    'trainer_state.json': `${JSON.stringify(trainerStateOf(store), null, 2)}\n`,
    'metrics.csv': metricsCsv(store),
    'metrics.jsonl': metricsJsonl(store),
    'generations.jsonl': generationsJsonl(store.state.generations),
  }
}

// What can be done about each kind of failed download, as buttons in the order of their use. A table; the card draws it.

import type { ErrorCode } from '../recipe/error'
import type { MessageKey } from './messages'

export type HubAction =
  'retry' | 'again' | 'continue' | 'edit' | 'token' | 'mirror' | 'local' | 'smaller' | 'free' | 'runs'

const table = {
  'hub-missing': ['edit', 'retry', 'local'],
  'hub-refused': ['token', 'edit', 'retry', 'local'],
  'hub-rate': ['retry', 'token', 'local'],
  'hub-unreachable': ['retry', 'mirror', 'local'],
  'hub-mismatch': ['again', 'mirror', 'local'],
  quota: ['free', 'runs', 'retry', 'smaller'],
  cancelled: ['continue', 'local', 'smaller'],
  'out-of-memory': ['smaller', 'retry'],
  other: ['retry', 'edit', 'local'],
} as const satisfies Readonly<Partial<Record<ErrorCode | 'other', readonly HubAction[]>>>

/** Codes that a download can end with; others are told as they come. */
function known(code: ErrorCode | undefined): keyof typeof table {
  return code !== undefined && Object.hasOwn(table, code) ? (code as keyof typeof table) : 'other'
}

export const actionLabels: Readonly<Record<HubAction, MessageKey>> = {
  retry: 'downloadRetry',
  again: 'downloadAgain',
  continue: 'downloadContinue',
  edit: 'downloadEdit',
  token: 'downloadToken',
  mirror: 'downloadMirror',
  local: 'downloadLocal',
  smaller: 'downloadSmaller',
  free: 'downloadFreeCache',
  runs: 'downloadRuns',
}

export function actionsFor(code: ErrorCode | undefined): readonly HubAction[] {
  return table[known(code)]
}

export function errorTitle(code: ErrorCode | undefined): MessageKey {
  return `error_${known(code)}`
}

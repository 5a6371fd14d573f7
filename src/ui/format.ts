// Numbers, durations and sizes the reader's way, by Intl. No sentences here.

const numbers = new Map<string, Intl.NumberFormat>()

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options)
  const known = numbers.get(key)
  if (known) return known
  const format = new Intl.NumberFormat(undefined, options)
  numbers.set(key, format)
  return format
}

/** Up to three decimals, grouped; '–' for what is no number. */
export function formatNumber(value: number, maximumFractionDigits = 3): string {
  return Number.isFinite(value) ? numberFormat({ maximumFractionDigits }).format(value) : '–'
}

/** A loss: always four decimals, as Trainer logs it. */
export function formatLoss(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  return numberFormat({ minimumFractionDigits: 4, maximumFractionDigits: 4 }).format(value)
}

/** A small positive number such as a learning rate: three significant digits, in powers of ten below a thousandth. */
export function formatRate(value: number): string {
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return String(value)
  return Math.abs(value) < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, 'e') : formatSignificant(value)
}

/** Three significant digits. */
export function formatSignificant(value: number): string {
  return Number.isFinite(value) ? numberFormat({ maximumSignificantDigits: 3 }).format(value) : '–'
}

export function formatPercent(share: number): string {
  return numberFormat({ style: 'percent' }).format(share)
}

/** Bytes in MB of 1,000,000 bytes, or in kB of 1,000 where they are less than a tenth of one. */
export function formatBytes(bytes: number): string {
  if (bytes > 0 && bytes < 1e5) {
    return numberFormat({ style: 'unit', unit: 'kilobyte', maximumFractionDigits: bytes < 1e4 ? 1 : 0 }).format(
      bytes / 1e3,
    )
  }
  return numberFormat({ style: 'unit', unit: 'megabyte', maximumFractionDigits: bytes < 1e7 ? 1 : 0 }).format(
    bytes / 1e6,
  )
}

/** A short time in seconds with one decimal: "1.4s". */
export function formatSeconds(seconds: number): string {
  const maximumFractionDigits = seconds < 10 ? 1 : 0
  return numberFormat({ style: 'unit', unit: 'second', unitDisplay: 'narrow', maximumFractionDigits }).format(seconds)
}

interface DurationFormat {
  format(duration: { hours?: number; minutes?: number; seconds?: number }): string
}

let durationFormat: DurationFormat | null | undefined

function intlDuration(): DurationFormat | null {
  // TypeScript's es2022 library does not know Intl.DurationFormat yet, and older browsers do not have it.
  const { DurationFormat } = Intl as {
    DurationFormat?: new (locale: undefined, options: { style: string }) => DurationFormat
  }
  durationFormat ??= DurationFormat ? new DurationFormat(undefined, { style: 'narrow' }) : null
  return durationFormat
}

/** Whole hours, minutes and seconds, largest two only: "1h 4m", "2m 5s", "9s". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–'
  const whole = Math.round(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  const parts = hours > 0 ? { hours, minutes } : minutes > 0 ? { minutes, seconds: whole % 60 } : { seconds: whole }
  if (whole === 0) return numberFormat({ style: 'unit', unit: 'second', unitDisplay: 'narrow' }).format(0)
  return intlDuration()?.format(parts) ?? plainDuration(parts)
}

function plainDuration(parts: { hours?: number; minutes?: number; seconds?: number }): string {
  const units = [
    ['hours', 'hour'],
    ['minutes', 'minute'],
    ['seconds', 'second'],
  ] as const
  return units
    .filter(([key]) => parts[key] !== undefined)
    .map(([key, unit]) => numberFormat({ style: 'unit', unit, unitDisplay: 'narrow' }).format(parts[key] ?? 0))
    .join(' ')
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** How long ago a Unix time in ms was: "3 minutes ago". */
export function formatAgo(at: number, now = Date.now()): string {
  const seconds = Math.round((at - now) / 1000)
  if (seconds > -60) return relative.format(Math.min(0, seconds), 'second')
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), 'minute')
  if (seconds > -86400) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86400), 'day')
}

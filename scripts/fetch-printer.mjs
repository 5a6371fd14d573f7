// Prints how far downloads are: JSON lines, one line that is written over on a terminal, or now and then a line of its own
// where output goes to a file. It measures nothing; the numbers are the page's.

/** @typedef {import('../src/workers/protocol').FetchProgress} FetchProgress */

/**
 * @typedef {FetchProgress & { readonly repo: string, readonly done: boolean }} FetchLine
 *   Where a repository's download is; `done` once its files are checked and in use.
 */

/** Without a terminal a line comes at most this often. */
const QUIET_MS = 5000

const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/**
 * @param {number} seconds
 * @returns {string} For example "9 s", "2 min 5 s".
 */
function duration(seconds) {
  const whole = Math.ceil(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/**
 * @param {FetchLine} line
 * @returns {string}
 */
export function describeFetch({ repo, file, receivedBytes, totalBytes, bytesPerSecond, secondsLeft, done }) {
  if (done) return `downloaded ${repo}: ${megabytes(receivedBytes)}`
  const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`
  const speed = bytesPerSecond > 0 ? `, ${megabytes(bytesPerSecond)}/s` : ''
  const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`
  return `downloading ${repo}: ${megabytes(receivedBytes)}${total}${speed}${left} (${file})`
}

/**
 * @param {{ write: (text: string) => unknown, isTTY?: boolean, columns?: number }} out Where lines go, as process.stdout.
 * @param {boolean} json
 * @param {() => number} [now] Milliseconds.
 * @returns {{ show: (line: FetchLine) => void, clear: () => void }} `clear` makes room for a line of somebody else.
 */
export function fetchPrinter(out, json, now = () => performance.now()) {
  let open = false
  let last = { repo: '', at: -Infinity }
  const clear = () => {
    if (open) out.write('\r\u001b[K')
    open = false
  }
  const show = (/** @type {FetchLine} */ line) => {
    if (json) return void out.write(`${JSON.stringify({ kind: 'fetch', ...line })}\n`)
    const text = describeFetch(line)
    if (out.isTTY && !line.done) {
      clear()
      // A line that wraps could not be written over.
      out.write(text.slice(0, (out.columns ?? 80) - 1))
      open = true
      return
    }
    if (!line.done && line.repo === last.repo && now() - last.at < QUIET_MS) return
    last = { repo: line.repo, at: now() }
    clear()
    out.write(`${text}\n`)
  }
  return { show, clear }
}

// Threads on hosts that send no isolation headers: the page's side of the service worker that supplies them, and what to
// say where it cannot. A document is isolated from its start or never, so the page has to be loaded once more.
//
// It reloads by itself at most once per tab, before any work has begun; what comes after is the user's click.

import { isActive } from './runStore'
import type { RunStore } from './runStore'

/** As many as the kernels ever use; the page must not import them to know. */
const MAX_THREADS = 16
/** An automatic attempt may keep the page waiting this long. */
const AUTOMATIC_MS = 3_000
/** A click may wait longer: the page is usable meanwhile. */
const CLICKED_MS = 10_000

const script = (): URL => new URL('isolation-sw.js', document.baseURI)
const folder = (): string => new URL('.', document.baseURI).href
const optedOut = (): boolean => new URLSearchParams(location.search).get('coi') === '0'

/**
 * Decides how the page runs; to be awaited before anything is loaded.
 * @returns false when the page is about to be loaded once more, so that nothing should start in this one
 */
export async function settleIsolation(store: RunStore): Promise<boolean> {
  if (optedOut()) await within(AUTOMATIC_MS, uninstall())
  if (globalThis.crossOriginIsolated) return true
  const automatic = !optedOut() && supported() && mayReload()
  if (automatic && (await within(AUTOMATIC_MS, install())) && rememberReload()) {
    location.reload()
    return false
  }
  tell(store, supported())
  return true
}

/** The button: installs the service worker and loads the page once more, unless a run or a text is under way. */
export async function turnOnThreads(store: RunStore): Promise<void> {
  const busy = () => isActive(store.state) || store.state.writing !== null
  if (busy()) return
  const installed = await within(CLICKED_MS, install())
  if (busy()) return
  if (!installed) return tell(store, false)
  // The click counts as this tab's reload: what follows must not add one of its own.
  rememberReload()
  const page = new URL(location.href)
  page.searchParams.delete('coi')
  if (page.search === location.search) location.reload()
  else location.replace(page)
}

function tell(store: RunStore, canTurnOn: boolean): void {
  const times = Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS)
  // With one core nothing is lost.
  if (times > 1) store.update({ singleThreaded: { times, canTurnOn } })
}

/** A page inside a frame is isolated only if the page around it is, which is not ours to change. */
function supported(): boolean {
  return isSecureContext && 'serviceWorker' in navigator && window.top === window
}

/** Installs the service worker; true once it is at work. */
async function install(): Promise<boolean> {
  const found = await navigator.serviceWorker.getRegistration(folder())
  // Somebody else's worker for this very folder would be replaced.
  if (found?.scope === folder() && !isOurs(found)) return false
  const registration = await navigator.serviceWorker.register(script(), { scope: folder() })
  const worker = registration.installing ?? registration.waiting ?? registration.active
  return worker !== null && activated(worker)
}

async function uninstall(): Promise<boolean> {
  if (!('serviceWorker' in navigator)) return false
  const found = await navigator.serviceWorker.getRegistration(folder())
  return found !== undefined && isOurs(found) && found.unregister()
}

function isOurs({ installing, waiting, active }: ServiceWorkerRegistration): boolean {
  return (installing ?? waiting ?? active)?.scriptURL === script().href
}

/** An activated worker has claimed the open pages; it also serves pages it does not control, from their next load on. */
function activated(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      if (worker.state === 'activated') resolve(true)
      if (worker.state === 'redundant') resolve(false)
    }
    worker.addEventListener('statechange', look)
    look()
  })
}

/** The work's answer; false when it fails or takes longer than `ms`. */
async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), ms))
  return Promise.race([work.catch(() => false), late])
}

/** One entry per tab and folder. */
const memory = (): string => `finetale-isolation ${folder()}`

/** False after this tab's reload, and where the tab remembers nothing: without a memory reloads could go on for ever. */
function mayReload(): boolean {
  try {
    return sessionStorage.getItem(memory()) === null
  } catch {
    return false
  }
}

/** Written before the reload; false where it cannot be written. */
function rememberReload(): boolean {
  try {
    sessionStorage.setItem(memory(), 'reloaded')
    return sessionStorage.getItem(memory()) !== null
  } catch {
    return false
  }
}

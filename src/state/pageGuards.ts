// What the page does so that a run survives the tab: asks before leaving, saves when hidden, keeps the screen awake.
// It decides nothing about the run; all three are best effort and never fail it.

import { isActive } from './runStore'
import type { RunStore } from './runStore'
import { isUnsaved } from './storeState'

/** Watches the page for as long as the store lives; returns the function that ends it. */
export function guardPage(store: RunStore, saveSoon: () => Promise<void>): () => void {
  const stop = new AbortController()
  const { signal } = stop
  const training = () => isActive(store.state) && store.state.phase !== 'paused'
  let wakeLock: WakeLockSentinel | null = null
  let asking = false
  let refused = false
  let guarded = false

  const confirmLeave = (event: BeforeUnloadEvent) => event.preventDefault()

  const keepAwake = async () => {
    if (asking || refused || wakeLock || document.hidden || !('wakeLock' in navigator)) return
    asking = true
    try {
      wakeLock = await navigator.wakeLock.request('screen')
      wakeLock.addEventListener('release', () => (wakeLock = null))
    } catch {
      // Refused on low battery or by policy: the screen may sleep, training goes on.
      refused = true
    } finally {
      asking = false
    }
    if (!training()) await wakeLock?.release()
  }

  const save = () => {
    // A paused run may have gone on by single steps, which do not save; with nothing new the trainer saves nothing.
    if (isActive(store.state)) saveSoon().catch(() => {})
  }

  const changed = () => {
    const active = training()
    const asks = active || isUnsaved(store.state)
    // The listener itself disables the back-forward cache, so it is there only while it is needed.
    if (asks && !guarded) window.addEventListener('beforeunload', confirmLeave, { signal })
    if (!asks && guarded) window.removeEventListener('beforeunload', confirmLeave)
    guarded = asks
    if (active) void keepAwake()
    else wakeLock?.release().catch(() => {})
  }

  const unsubscribe = store.subscribe(changed)
  document.addEventListener(
    'visibilitychange',
    () => {
      refused = false
      if (document.hidden) save()
      else changed()
    },
    { signal },
  )
  window.addEventListener('pagehide', save, { signal })
  document.addEventListener('freeze', save, { signal })
  return () => {
    unsubscribe()
    stop.abort()
    wakeLock?.release().catch(() => {})
  }
}

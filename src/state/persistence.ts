// Asks the browser not to clear what is stored here. Only the page may ask, workers may not.

/**
 * Asks the browser to keep this site's storage; some ask the user.
 * @returns its answer; null where it cannot be asked. Never throws.
 */
export async function askPersistence(): Promise<boolean | null> {
  if (!('storage' in navigator) || !('persist' in navigator.storage)) return null
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist())
  } catch {
    return null
  }
}

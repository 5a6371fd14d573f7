// The page killed at every request of a checkpoint's write, before and after the switch: what is left is the earlier or the
// new checkpoint, whole; a reload brings storage back to the kept set; and the run goes on.

import type { BrowserContext } from 'playwright'
import { expect, test } from 'vitest'
import { launch } from '../support/browser'
import { serveKillable } from '../support/killServer'
import { FinetalePage, shortRecipe } from '../support/page'

/** Small enough for several parts to each stream of the built-in model. */
const server = await serveKillable(7 * 2 ** 20)
const recipe = { ...shortRecipe, eval_strategy: 'no', max_steps: 400, save_steps: 3, save_minutes: 0 } as const

interface Stored {
  readonly current: number
  readonly steps: readonly number[]
  /** Parts of a checkpoint. */
  readonly parts: number
  /** Parts that are missing, or whose bytes have not the length or the checksum of their manifest. */
  readonly damaged: readonly string[]
  /** Parts that no checkpoint names. */
  readonly orphans: number
}

/** Reads all checkpoints as they lie in the database, without the app's code. */
async function look(context: BrowserContext): Promise<Stored> {
  const page = await context.newPage()
  await page.goto(new URL('icon.svg', server.url).href)
  const stored = await page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('failed'))
      })
    const table = Array.from({ length: 256 }, (_, n) => {
      for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1
      return n
    })
    const crc32 = (bytes: Uint8Array) => {
      let crc = -1
      for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8)
      return ~crc >>> 0
    }
    interface Manifest {
      id: string
      cursor: { step: number }
      parts: { key: string; byteLength: number; crc32: number }[]
    }
    const db = await settled(indexedDB.open('finetale'))
    const tx = db.transaction(['runs', 'checkpoints', 'parts'])
    const [run] = (await settled(tx.objectStore('runs').getAll())) as readonly { currentCheckpoint: string }[]
    const manifests = (await settled(tx.objectStore('checkpoints').getAll())) as Manifest[]
    const keys = (await settled(tx.objectStore('parts').getAllKeys())) as string[]
    const damaged: string[] = []
    for (const { parts } of manifests) {
      for (const part of parts) {
        const blob = (await settled(db.transaction('parts').objectStore('parts').get(part.key))) as Blob | undefined
        const bytes = new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0))
        if (bytes.length !== part.byteLength || crc32(bytes) !== part.crc32) damaged.push(part.key)
      }
    }
    db.close()
    const named = new Set(manifests.flatMap(({ parts }) => parts.map(({ key }) => key)))
    return {
      current: manifests.find(({ id }) => id === run?.currentCheckpoint)?.cursor.step ?? -1,
      steps: manifests.map(({ cursor }) => cursor.step).sort((a, b) => a - b),
      parts: Math.max(...manifests.map(({ parts }) => parts.length)),
      damaged,
      orphans: keys.filter((key) => !named.has(key)).length,
    }
  })
  await page.close()
  return stored
}

/** Parts in the database, however many checkpoints name them. */
async function countParts({ page }: FinetalePage): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const request = indexedDB.open('finetale')
        request.onerror = () => reject(request.error ?? new Error('not opened'))
        request.onsuccess = () => {
          const count = request.result.transaction('parts').objectStore('parts').count()
          count.onsuccess = () => {
            request.result.close()
            resolve(count.result)
          }
        }
      }),
  )
}

/** Opens a page of its own in the context, whatever became of the others. */
async function open(context: BrowserContext, withRecipe: boolean): Promise<FinetalePage> {
  const old = context.pages()
  await context.newPage()
  for (const page of old) await page.close()
  return FinetalePage.open(context, server.url, withRecipe ? recipe : undefined)
}

async function crash({ page }: FinetalePage): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // The answer never comes: the renderer is gone.
  session.send('Page.crash').catch(() => undefined)
  await crashed
}

test('killed at every request of a save', async () => {
  const context = await launch()
  let finetale = await open(context, true)
  await finetale.click('Train')
  await expect.poll(() => finetale.checkpoints().at(-1) ?? -1, { timeout: 120_000 }).toBeGreaterThanOrEqual(6)
  await finetale.click('Stop')
  await finetale.click('Save')
  await finetale.waitForPhase('idle')
  const { parts } = await look(context)
  expect(parts).toBeGreaterThanOrEqual(6)

  const places: string[] = []
  for (let n = 0; ; n++) {
    finetale = await open(context, false)
    await expect.poll(() => countParts(finetale), { timeout: 60_000 }).toBe(2 * parts)
    const before = await look(context)
    expect(before).toMatchObject({ damaged: [], orphans: 0 })
    expect(before.steps).toHaveLength(2)
    const held = server.holdAt(n)
    await finetale.click('Resume')
    const place = await held
    places.push(place)
    await crash(finetale)
    const after = await look(context)
    expect(after.damaged, place).toEqual([])
    expect(after.steps, place).toContain(after.current)
    // The switch is one transaction; what comes after it is the removal of the oldest.
    const switched = ['after-put-checkpoints', 'after-put-runs'].includes(place) || place.includes('delete')
    if (switched) expect(after.current, place).toBeGreaterThan(before.current)
    else expect(after.current, place).toBe(before.current)
    if (place === 'after-delete-parts') break
  }
  // Every part and both sides of the switch.
  expect(places.filter((at) => at === 'after-put-parts')).toHaveLength(parts)
  expect(places).toContain('before-put-checkpoints')
  expect(places).toContain('before-put-runs')

  finetale = await open(context, false)
  void server.holdAt(Infinity)
  await finetale.click('Resume')
  await expect.poll(() => finetale.checkpoints().length, { timeout: 120_000 }).toBeGreaterThan(0)
  await finetale.click('Stop')
  await finetale.click('Save')
  await finetale.waitForPhase('idle')
  const end = await look(context)
  expect(end).toMatchObject({ damaged: [], orphans: 0 })
  expect(end.steps.length).toBe(2)
})

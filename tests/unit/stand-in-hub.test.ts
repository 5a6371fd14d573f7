// The stand-in hub itself: a reader slower than it leaves no listeners behind, and a break keeps what was sent before it.

import { get } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { StandInHub } from '../support/standInHub'

const file = Buffer.alloc(16 * 2 ** 20, 'x')

async function startHub(): Promise<{ hub: StandInHub; address: string }> {
  const hub = await StandInHub.start()
  onTestFinished(() => hub.close())
  hub.add('owner/model', { 'model.bin': file })
  return { hub, address: `${hub.url}owner/model/resolve/main/model.bin` }
}

/** Reads with a pause after each piece, so that the sender's buffer fills; returns the bytes that came. */
function readSlowly(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(address, (response) => {
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        response.pause()
        setImmediate(() => response.resume())
      })
      response.on('end', () => resolve(bytes))
      response.on('error', () => resolve(bytes))
    }).on('error', reject)
  })
}

test('a slow reader gets everything, and Node has nothing to warn of', async () => {
  const { address } = await startHub()
  const warnings: string[] = []
  const hear = ({ name }: Error) => void warnings.push(name)
  process.on('warning', hear)
  onTestFinished(() => void process.off('warning', hear))
  expect(await readSlowly(address)).toBe(file.length)
  await new Promise(setImmediate)
  expect(warnings).toEqual([])
})

test('a connection that breaks brings exactly what was sent', async () => {
  const { hub, address } = await startHub()
  hub.behave({ on: 'model.bin', stopAfter: 300_000 })
  expect(await readSlowly(address)).toBe(300_000)
})

// Privacy: a whole built-in run, workers included, asks this origin and no other. A proxy stands where the rest of the world would be.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { launch } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

/** A proxy that lets nothing through; returns its address and what it was asked for. */
async function startProxy(): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(502).end()
  })
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, 'localhost', resolve))
  onTestFinished(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return { address: `http://localhost:${(proxy.address() as AddressInfo).port}`, asked }
}

test('no request leaves the origin as long as the user chooses no hub', async () => {
  const { address, asked } = await startProxy()
  const context = await launch({ proxy: address })
  const requests: string[] = []
  context.on('request', (request) => requests.push(request.url()))
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 2 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')

  expect(requests.length).toBeGreaterThan(3)
  const origin = new URL(url).origin
  expect(requests.filter((request) => !/^(blob:|data:)/.test(request) && !request.startsWith(origin))).toEqual([])
  // The browser's own services may ask too, whatever the page does.
  const own = /(?:google|googleapis|gstatic|gvt1|chromium|mozilla)\.(?:com|org)(?::\d+)?(?:\/|$)/
  expect(asked.filter((target) => !own.test(target))).toEqual([])

  // The control: the proxy does hear a request that leaves.
  const other = await context.newPage()
  await other.goto('http://elsewhere.example/').catch(() => undefined)
  expect(asked.some((target) => target.includes('elsewhere.example'))).toBe(true)
})

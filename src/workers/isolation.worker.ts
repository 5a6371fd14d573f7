// The service worker for hosts that send no isolation headers: it fetches what the page asks of its own host and hands it
// on with those headers, so that the browser allows memory that threads share. It stores nothing and answers nothing itself.
//
// The build puts it beside index.html as isolation-sw.js, so its scope is the folder of the page.

declare const self: ServiceWorkerGlobalScope

/** COOP and COEP make a document isolated, COEP also its workers; CORP lets what they load pass COEP. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** Other pages may live below the same folder; they were not written for isolation. `?coi=0` asks for the page without. */
function isIsolatedPage({ pathname, searchParams }: URL): boolean {
  const folder = new URL(self.registration.scope).pathname
  return [folder, `${folder}index.html`].includes(pathname) && searchParams.get('coi') !== '0'
}

async function withIsolation(request: Request): Promise<Response> {
  const response = await fetch(request)
  // Opaque answers, redirects of a navigation among them, cannot be rebuilt; the browser handles them as they are.
  if (response.status === 0) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(isolation)) headers.set(name, value)
  // The body comes unpacked, so the packed one's description would be wrong.
  if (headers.has('Content-Encoding')) {
    headers.delete('Content-Encoding')
    headers.delete('Content-Length')
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

self.addEventListener('install', () => void self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  // The Fetch standard allows only-if-cached in same-origin mode alone; developer tools send it otherwise, and fetch() throws.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return
  if (request.mode === 'navigate' && !isIsolatedPage(url)) return
  event.respondWith(withIsolation(request))
})

export {}

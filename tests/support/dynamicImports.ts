// Vitest rewrites every import() to a call on an object that it puts on the page but not into workers. Imported first in
// a worker, this gives it one that just imports.

Object.assign(globalThis, { __vitest_browser_runner__: { wrapDynamicImport: (load: () => unknown) => load() } })

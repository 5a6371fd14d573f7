// Vite plugin: `virtual:finetale-kernels` compiles the AssemblyScript kernels when first asked for and hands them out as
// four .wasm assets. It belongs in `plugins` and in `worker.plugins`, since workers are bundled apart.

import path from 'node:path'
import { buildKernels, sourceFolder } from './kernel-build.mjs'

const id = 'virtual:finetale-kernels'

/**
 * @param {{ cacheFolder?: string }} options where compiled modules are kept; node_modules/.cache by default
 * @returns {import('vite').Plugin}
 */
export function kernelPlugin({ cacheFolder } = {}) {
  return {
    name: 'finetale-kernels',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    async load(source) {
      if (source !== `\0${id}`) return null
      const paths = await buildKernels(cacheFolder)
      const names = Object.keys(paths)
      // Vite's own ?url import takes care of hashed names, relative bases and the dev server.
      const imports = names.map((name, i) => `import url${i} from ${JSON.stringify(`${paths[name]}?url&no-inline`)}`)
      const entries = names.map((name, i) => `  ${JSON.stringify(name)}: url${i},`)
      return `${imports.join('\n')}\nexport const kernelUrls = {\n${entries.join('\n')}\n}\n`
    },
    configureServer(server) {
      server.watcher.add(sourceFolder)
      server.watcher.on('change', (file) => {
        if (!path.resolve(file).startsWith(sourceFolder)) return
        const module = server.moduleGraph.getModuleById(`\0${id}`)
        if (module) server.moduleGraph.invalidateModule(module)
        server.hot.send({ type: 'full-reload' })
      })
    },
  }
}

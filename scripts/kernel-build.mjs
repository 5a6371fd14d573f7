// Compiles the AssemblyScript kernels into their four flavours. No Vite in here: the plugin and the tests both use it.

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** Where the sources lie. */
export const sourceFolder = path.join(root, 'src/kernels/assembly')

/** Fused multiply-add or not, times shared or plain memory. */
export const flavours = [
  { name: 'simd', fma: false, shared: false },
  { name: 'relaxed', fma: true, shared: false },
  { name: 'simd-shared', fma: false, shared: true },
  { name: 'relaxed-shared', fma: true, shared: true },
]

/** Names and contents of the sources, in order. */
async function readSources() {
  const names = (await readdir(sourceFolder)).filter((name) => name.endsWith('.ts')).sort()
  const texts = await Promise.all(names.map((name) => readFile(path.join(sourceFolder, name), 'utf8')))
  return new Map(names.map((name, i) => [name, texts[i] ?? '']))
}

/**
 * One flavour from sources in memory; throws with the compiler's own words.
 * @param {Map<string, string>} sources
 * @param {(typeof flavours)[number]} flavour
 */
async function compileFlavour(sources, flavour) {
  let binary
  const { error, stderr } = await asc.main(
    [
      'index.ts',
      '--outFile',
      'out.wasm',
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--noExportMemory',
      '--initialMemory',
      '1',
      '--enable',
      'simd,relaxed-simd',
      '--use',
      `FMA=${flavour.fma ? 1 : 0}`,
      // Shared memory must be declared with the bound that tfjs's threaded build has: 4 GiB.
      ...(flavour.shared ? ['--sharedMemory', '--maximumMemory', '65536', '--enable', 'threads'] : []),
    ],
    {
      readFile: (name) => sources.get(path.basename(name)) ?? null,
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents
      },
      listFiles: () => [],
    },
  )
  if (error || !binary)
    throw new Error(`The kernels (${flavour.name}) do not compile: ${error?.message}`, { cause: stderr })
  return binary
}

/**
 * Builds what is not cached yet. Returns flavour name -> path of the .wasm file, under a folder named by the hash of the
 * sources, this script and the compiler's version, so that a stale build cannot be served.
 */
export async function buildKernels(cacheFolder = path.join(root, 'node_modules/.cache/finetale-kernels')) {
  const sources = await readSources()
  const hash = createHash('sha256').update(asc.version ?? '')
  hash.update(await readFile(fileURLToPath(import.meta.url)))
  for (const [name, text] of sources) hash.update(`\0${name}\0${text}`)
  const folder = path.join(cacheFolder, hash.digest('hex').slice(0, 16))
  await mkdir(folder, { recursive: true })
  const present = new Set(await readdir(folder))
  /** @type {Record<string, string>} */
  const paths = {}
  for (const flavour of flavours) {
    const file = path.join(folder, `kernels-${flavour.name}.wasm`)
    paths[flavour.name] = file
    if (present.has(path.basename(file))) continue
    const binary = await compileFlavour(sources, flavour)
    // Two builds may run side by side; a rename shows either nothing or a whole file.
    const draft = `${file}.${process.pid}.tmp`
    await writeFile(draft, binary)
    await rename(draft, file)
  }
  return paths
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildKernels(process.argv[2]))

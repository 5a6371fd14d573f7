// The layer rule of ARCHITECTURE.md, read off the import statements: imports point down only, and the page never reaches tfjs.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const src = join(root, 'src')

interface Import {
  /** Repository path with forward slashes for our files, the specifier for packages. */
  readonly target: string
  readonly typeOnly: boolean
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('assembly'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

function resolveImport(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  const path = resolve(root, dirname(file), specifier.replace(/\?.*$/, ''))
  const found = [path, `${path}.ts`, join(path, 'index.ts')].find((name) => existsSync(name) && /\.\w+$/.test(name))
  return relative(root, found ?? path).replaceAll('\\', '/')
}

/** Static and dynamic imports and re-exports; not `new URL()`, by which a client names its worker. */
function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true)
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      found.push({ target: resolveImport(file, node.moduleSpecifier.text), typeOnly })
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ target: resolveImport(file, node.moduleSpecifier.text), typeOnly: node.isTypeOnly })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0]
      if (argument && ts.isStringLiteral(argument)) {
        found.push({ target: resolveImport(file, argument.text), typeOnly: false })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** What protocol.ts passes on. */
const parts = ['src/workers/bundleApi.ts', 'src/workers/runEvents.ts']

/** The layer of a file under src/. */
function layerOf(file: string): string {
  if (parts.includes(file)) return 'protocol'
  if (file.startsWith('src/workers/')) return file.endsWith('.worker.ts') ? 'worker' : posix.basename(file, '.ts')
  const [, folder = ''] = file.split('/')
  return folder.replace(/\.ts$/, '')
}

/** What each layer may import beside itself. `protocol` holds types only, so any layer but the leaves may name them. */
const below: Record<string, readonly string[]> = {
  recipe: [],
  protocol: ['recipe'],
  kernels: ['recipe'],
  errorData: ['recipe', 'protocol'],
  formats: ['recipe', 'protocol'],
  storage: ['recipe', 'protocol', 'formats'],
  hub: ['recipe', 'protocol', 'formats', 'storage'],
  data: ['recipe', 'protocol', 'formats', 'storage', 'hub'],
  model: ['recipe', 'protocol', 'kernels', 'formats'],
  train: ['recipe', 'protocol', 'kernels', 'formats', 'data', 'storage', 'hub', 'model'],
  worker: ['recipe', 'protocol', 'errorData', 'kernels', 'formats', 'data', 'storage', 'hub', 'model', 'train'],
  clients: ['recipe', 'protocol'],
  state: ['recipe', 'protocol', 'clients', 'formats', 'data', 'storage', 'hub'],
  ui: ['recipe', 'protocol', 'clients', 'state'],
  main: ['recipe', 'protocol', 'clients', 'storage', 'state', 'ui'],
}

const files = sourceFiles(src)
const graph = new Map(files.map((file) => [file, importsOf(file)]))

describe('imports', () => {
  test('every file lies in a known layer', () => {
    expect(files.filter((file) => !(layerOf(file) in below))).toEqual([])
  })

  test('point down only', () => {
    const wrong: string[] = []
    for (const [file, imports] of graph) {
      const layer = layerOf(file)
      for (const { target } of imports) {
        if (!target.startsWith('src/')) continue
        // Styles and other assets lie beside the file that uses them.
        const other = target.endsWith('.ts') ? layerOf(target) : layerOf(`${posix.dirname(target)}/x.ts`)
        if (other !== layer && !below[layer]?.includes(other)) wrong.push(`${file} -> ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('the protocol and schema.ts are types only', () => {
    for (const file of ['src/workers/protocol.ts', ...parts, 'src/storage/schema.ts']) {
      expect(graph.get(file)?.every(({ typeOnly }) => typeOnly)).toBe(true)
    }
  })

  test('only src/kernels/ names tfjs', () => {
    const users = [...graph].filter(([, imports]) => imports.some(({ target }) => target.startsWith('@tensorflow/')))
    expect(users.map(([file]) => file).filter((file) => !file.startsWith('src/kernels/'))).toEqual([])
  })

  test('from main.ts nothing heavy is reached', () => {
    const reached = new Map<string, string>()
    const queue = files.filter((file) => file === 'src/main.ts' || ['ui', 'state'].includes(layerOf(file)))
    for (const file of queue) reached.set(file, 'the page')
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      for (const { target, typeOnly } of graph.get(file) ?? []) {
        if (typeOnly || reached.has(target)) continue
        reached.set(target, file)
        if (graph.has(target)) queue.push(target)
      }
    }
    const heavy = [...reached].filter(
      ([target]) =>
        /^src\/(train|model|kernels)\/|\.worker\.ts$/.test(target) ||
        target.startsWith('@tensorflow/') ||
        target.startsWith('@xenova/'),
    )
    expect(heavy.map(([target, from]) => `${from} -> ${target}`)).toEqual([])
  })
})

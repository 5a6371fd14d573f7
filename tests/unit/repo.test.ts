// Rules about the repository itself: file lengths, the list of packages, and nothing that only one machine knows.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

function filesUnder(folder: string, pattern: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

const codeFolders = ['src', 'scripts', 'bench', 'tests']
const code = codeFolders.flatMap((folder) => filesUnder(folder, /\.(ts|js|mjs|css|html|py)$/))
const topLevel = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(ts|js|json|md|html)$/.test(entry.name))
  .map((entry) => entry.name)

describe('files', () => {
  test('none is over 300 lines', () => {
    const long = code.filter((file) => read(file).trimEnd().split('\n').length > 300)
    expect(long).toEqual([])
  })

  test('each starts by saying what it is', () => {
    const silent = code.filter((file) => /\.(ts|js|mjs)$/.test(file) && !/^(#!.*\n)?\/[/*]/.test(read(file)))
    expect(silent).toEqual([])
  })

  test('none animates without end, which takes cores from training where there is no GPU', () => {
    const endless = filesUnder('src', /\.(ts|css)$/).filter((file) => /animation[^;]*\binfinite\b/.test(read(file)))
    expect(endless).toEqual([])
  })

  test('none names a path or a host of one machine', () => {
    const patterns = [
      /(?<![\w.])\/(?:home|Users|root|work|mnt|tmp)\/\w+/, // absolute paths into somebody's folders
      /\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?:\.\d{1,3})?\b(?=[:/])/, // private addresses
      /\bhttps?:\/\/[\w.-]+\.(?:internal|local|lan|corp)\b/,
    ]
    const tools = filesUnder('tools', /\.(py|md|txt|json)$/)
    const self = 'tests/unit/repo.test.ts'
    const checked = [...code, ...topLevel, ...tools, '.ci/run'].filter((file) => file !== self)
    const wrong = checked.flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, at) =>
          patterns.some((pattern) => pattern.test(line)) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
        ),
    )
    expect(wrong).toEqual([])
  })
})

describe('packages', () => {
  const manifest = JSON.parse(read('package.json')) as {
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }

  test('are the ones that ARCHITECTURE.md gives a reason for', () => {
    const section = /## Packages\n([\s\S]*?)\n## /.exec(read('ARCHITECTURE.md'))?.[1] ?? ''
    const listed = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
    const used = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)]
    expect([...listed].sort()).toEqual([...used].sort())
  })

  test('have exact versions, and the lock file names no host', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => !/^(npm:[\w-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> }
    const elsewhere = Object.values(lock.packages)
      .map((entry) => entry.resolved ?? '')
      .filter((url) => url !== '')
    expect(elsewhere).toEqual([])
  })
})

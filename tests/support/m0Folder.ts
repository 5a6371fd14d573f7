// M0 as a model folder on disk, for tests that upload it: M0's own config and weights beside the built-in tokenizer, whose
// ids all have a row in M0's larger embedding.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { m0Files } from './m0'

const builtIn = fileURLToPath(new URL('../../public/models/finetale-4m', import.meta.url))

/** Writes the folder and returns its path; it is removed when the test ends. */
export async function writeM0Folder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'finetale-m0-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, blob] of Object.entries(m0Files())) {
    writeFileSync(join(folder, name), Buffer.from(await blob.arrayBuffer()))
  }
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(builtIn, name), join(folder, name))
  return folder
}

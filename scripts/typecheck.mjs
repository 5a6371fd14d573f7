// Type-checks the three worlds of this repository: the page, the workers and Node. Emits nothing.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './build.mjs'

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const configs = ['tsconfig.json', 'tsconfig.worker.json', 'tsconfig.node.json']
const failed = configs.filter(
  (config) =>
    spawnSync(process.execPath, [tsc, '-p', config, '--noEmit'], { cwd: root, stdio: 'inherit' }).status !== 0,
)
if (failed.length > 0) {
  console.error(`Type errors under ${failed.join(', ')}`)
  process.exit(1)
}

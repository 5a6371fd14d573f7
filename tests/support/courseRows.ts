// 2,322 rows in the layout of the course's data set, from the built-in backstories: heads and sentences dealt anew. As in
// the real one, most targets take a few hundred characters, some take one, and a few take thousands.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parquetWriteBuffer } from 'hyparquet-writer'

export const COURSE_ROWS = 2322

export interface CourseRow {
  readonly text: string
  readonly target: string
}

const LONG_EVERY = 97
const ONE_EVERY = 389

function shipped(): CourseRow[] {
  const path = fileURLToPath(new URL('../../public/data/backstories/backstories.jsonl', import.meta.url))
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CourseRow)
}

const field = (text: string, name: string) => new RegExp(`^Character ${name}: (.*)$`, 'm').exec(text)?.[1] ?? 'Nobody'

/** The rows, the same for the same seed. */
export function courseRows(seed: number): CourseRow[] {
  const rows = shipped()
  const sentences = rows.flatMap(({ target }) => target.match(/[^.!?]+[.!?]+["”’]?\s*/g) ?? [target])
  let state = (seed * 2654435761) >>> 0
  const below = (count: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
  const any = () => rows[below(rows.length)]!.text
  return Array.from({ length: COURSE_ROWS }, (_, index) => {
    const head = ['Name', 'Race', 'Class'].map((name) => `Character ${name}: ${field(any(), name)}`)
    const text = `Generate Backstory based on following information\n${head.join('\n')}\n\nOutput:\n`
    if (index % ONE_EVERY === 5) return { text, target: '.' }
    const count = index % LONG_EVERY === 7 ? 60 + below(160) : 2 + below(14)
    const target = Array.from({ length: count }, () => sentences[below(sentences.length)]!.trim()).join(' ')
    return { text, target }
  })
}

/** The rows as a Parquet file, packed with Snappy. */
export function courseParquet(seed: number): Buffer {
  const rows = courseRows(seed)
  const column = (name: keyof CourseRow) => ({ name, data: rows.map((row) => row[name]), type: 'STRING' as const })
  return Buffer.from(parquetWriteBuffer({ columnData: [column('text'), column('target')] }))
}

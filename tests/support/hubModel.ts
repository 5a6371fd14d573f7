// The built-in model and data set as repositories of the stand-in hub, under the names that the course's preset asks for.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { onTestFinished } from 'vitest'
import { StandInHub, type RepoFiles, type StandInOptions } from './standInHub'

export const COURSE_MODEL = 'roneneldan/TinyStories-33M'
export const COURSE_DATA = 'MohamedRashad/characters_backstories'

const shipped = (path: string): string => fileURLToPath(new URL(`../../public/${path}`, import.meta.url))

/** The files of the built-in model's folder. */
export function shippedModel(): RepoFiles {
  const folder = shipped('models/finetale-4m/')
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(folder + name)]))
}

/** The first rows of the built-in data set. */
export function shippedRows(count = 80): { text: string; target: string }[] {
  const lines = readFileSync(shipped('data/backstories/backstories.jsonl'), 'utf8').trimEnd().split('\n')
  return lines.slice(0, count).map((line) => JSON.parse(line) as { text: string; target: string })
}

/** The same rows as the hub keeps a data set: Parquet below data/. */
function shippedData(): RepoFiles {
  const rows = shippedRows()
  const column = (name: 'text' | 'target') => ({ name, data: rows.map((row) => row[name]), type: 'STRING' as const })
  const parquet = parquetWriteBuffer({ columnData: [column('text'), column('target')] })
  return { 'README.md': Buffer.from('# Backstories\n'), 'data/train-00000-of-00001.parquet': Buffer.from(parquet) }
}

/** A hub that has both; it ends with the test. */
export async function startCourseHub(options: StandInOptions = {}): Promise<StandInHub> {
  const hub = await StandInHub.start(options)
  onTestFinished(() => hub.close())
  return hub.add(COURSE_MODEL, shippedModel()).add(`datasets/${COURSE_DATA}`, shippedData())
}

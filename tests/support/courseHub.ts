// The course's repositories at full size, made from a seed: random weights of TinyStories-33M's shape as pytorch_model.bin
// (291 MB, with the masks that old files carry), a GPT-2-sized tokenizer, 2,322 rows in Parquet. Nothing is downloaded, and
// nothing is the real model: losses begin at ln 50257.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { courseParquet } from './courseRows'
import { courseTokenizer } from './courseTokenizer'
import type { Content } from './hubContent'
import { StandInHub, type RepoFiles, type StandInOptions } from './standInHub'
import { writeTorchZip, type TorchZipTensor } from './torchZip'

export const COURSE_MODEL = 'roneneldan/TinyStories-33M'
export const COURSE_DATA = 'MohamedRashad/characters_backstories'

const VOCAB = 50_257
const HIDDEN = 768
const POSITIONS = 2048
const LAYERS = ['global', 'local', 'global', 'local'] as const
const WINDOW = 256
/** GPT-Neo's initializer_range. */
const STD = 0.02
const PIECE = 2 ** 18

const config = {
  architectures: ['GPTNeoForCausalLM'],
  model_type: 'gpt_neo',
  activation_function: 'gelu_new',
  attention_dropout: 0,
  attention_layers: LAYERS,
  attention_types: [[['global', 'local'], 2]],
  bos_token_id: 50256,
  classifier_dropout: 0.1,
  embed_dropout: 0,
  eos_token_id: 50256,
  hidden_size: HIDDEN,
  initializer_range: STD,
  intermediate_size: null,
  layer_norm_epsilon: 1e-5,
  max_position_embeddings: POSITIONS,
  num_heads: 16,
  num_layers: LAYERS.length,
  resid_dropout: 0,
  torch_dtype: 'float32',
  use_cache: true,
  vocab_size: VOCAB,
  window_size: WINDOW,
}

/** Normal numbers from a seed: mulberry32 into Box and Muller's transform. */
function* normals(count: number, seed: number): Generator<Uint8Array> {
  let state = seed >>> 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  for (let done = 0; done < count; done += PIECE) {
    const piece = new Float32Array(Math.min(PIECE, count - done))
    for (let i = 0; i < piece.length; i += 2) {
      const radius = STD * Math.sqrt(-2 * Math.log(1 - uniform()))
      const angle = 2 * Math.PI * uniform()
      piece[i] = radius * Math.cos(angle)
      // The last piece may have an odd length; a typed array ignores what lies beyond it.
      piece[i + 1] = radius * Math.sin(angle)
    }
    yield new Uint8Array(piece.buffer)
  }
}

function constant(count: number, value: number): Uint8Array {
  return new Uint8Array(new Float32Array(count).fill(value).buffer)
}

/** The causal mask as GPT-Neo stores it; in local layers it reaches back WINDOW positions. */
function* mask(local: boolean): Generator<Uint8Array> {
  for (let row = 0; row < POSITIONS; row++) {
    yield new Uint8Array(POSITIONS).fill(1, local ? Math.max(0, row - WINDOW + 1) : 0, row + 1)
  }
}

/** The state dict in torch's order; the head is tied and left out. */
export function courseTensors(seed: number): TorchZipTensor[] {
  const tensors: TorchZipTensor[] = []
  const add = (name: string, shape: readonly number[], bytes: TorchZipTensor['bytes']) =>
    tensors.push({ name: `transformer.${name}`, shape, dtype: 'F32', bytes })
  const matrix = (name: string, ...shape: [number, number]) => {
    const own = seed * 1000 + tensors.length
    add(name, shape, () => normals(shape[0] * shape[1], own))
  }
  const vector = (name: string, size: number, value: number) => add(name, [size], () => constant(size, value))
  const norm = (name: string) => {
    vector(`${name}.weight`, HIDDEN, 1)
    vector(`${name}.bias`, HIDDEN, 0)
  }
  matrix('wte.weight', VOCAB, HIDDEN)
  matrix('wpe.weight', POSITIONS, HIDDEN)
  for (const [layer, kind] of LAYERS.entries()) {
    const h = `h.${layer}`
    norm(`${h}.ln_1`)
    const name = `transformer.${h}.attn.attention.bias`
    tensors.push({ name, shape: [1, 1, POSITIONS, POSITIONS], dtype: 'BOOL', bytes: () => mask(kind === 'local') })
    add(`${h}.attn.attention.masked_bias`, [], () => constant(1, -1e9))
    for (const projection of ['k', 'v', 'q', 'out']) {
      matrix(`${h}.attn.attention.${projection}_proj.weight`, HIDDEN, HIDDEN)
    }
    vector(`${h}.attn.attention.out_proj.bias`, HIDDEN, 0)
    norm(`${h}.ln_2`)
    matrix(`${h}.mlp.c_fc.weight`, 4 * HIDDEN, HIDDEN)
    vector(`${h}.mlp.c_fc.bias`, 4 * HIDDEN, 0)
    matrix(`${h}.mlp.c_proj.weight`, HIDDEN, 4 * HIDDEN)
    vector(`${h}.mlp.c_proj.bias`, HIDDEN, 0)
  }
  norm('ln_f')
  return tensors
}

/** Writes the weights in a stream, unless they lie there whole already. */
async function weightsFile(folder: string, seed: number): Promise<Content> {
  const path = join(folder, 'pytorch_model.bin')
  const note = join(folder, `pytorch_model.seed-${seed}.json`)
  const open = () => createReadStream(path, { highWaterMark: 2 ** 20 })
  if (existsSync(path) && existsSync(note)) {
    const known = JSON.parse(readFileSync(note, 'utf8')) as { size: number; sha256: string }
    return { ...known, open }
  }
  const hash = createHash('sha256')
  const file = createWriteStream(path)
  let size = 0
  for (const piece of writeTorchZip(courseTensors(seed), 'pytorch_model')) {
    size += piece.length
    hash.update(piece)
    if (!file.write(piece)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
  const known = { size, sha256: hash.digest('hex') }
  writeFileSync(note, JSON.stringify(known))
  return { ...known, open }
}

export interface CourseOptions {
  /** Where the files are written; Python can load the model and the data from here. */
  readonly folder: string
  readonly seed?: number
  /** A folder with GPT-2's own vocab.json and merges.txt, or encoder.json and vocab.bpe. */
  readonly gpt2?: string
}

/** Both repositories. The small files are written to the folder too. */
export async function courseFiles({
  folder,
  seed = 1,
  gpt2,
}: CourseOptions): Promise<{ model: RepoFiles; data: RepoFiles }> {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value, null, 1))
  const small: Record<string, Buffer> = {
    'config.json': json(config),
    'generation_config.json': json({ bos_token_id: 50256, eos_token_id: 50256 }),
    ...courseTokenizer(gpt2),
  }
  const parquet = courseParquet(seed)
  for (const [name, content] of Object.entries({ ...small, 'train.parquet': parquet })) {
    writeFileSync(join(folder, name), content)
  }
  const model = { ...small, 'pytorch_model.bin': await weightsFile(folder, seed) }
  const readme = Buffer.from('---\ndataset_info:\n  splits:\n  - name: train\n    num_examples: 2322\n---\n')
  return { model, data: { 'README.md': readme, 'data/train-00000-of-00001.parquet': parquet } }
}

/** A hub that has both repositories. */
export async function startFullCourseHub(options: CourseOptions & StandInOptions): Promise<StandInHub> {
  const { model, data } = await courseFiles(options)
  const hub = await StandInHub.start(options)
  const converted = { 'default/train/0000.parquet': data['data/train-00000-of-00001.parquet']! }
  return hub
    .add(COURSE_MODEL, model)
    .add(`datasets/${COURSE_DATA}`, data)
    .add(`datasets/${COURSE_DATA}`, converted, 'refs/convert/parquet')
}

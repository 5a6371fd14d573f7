// A byte-level BPE tokenizer with GPT-2's 50,257 entries: the built-in model's merges, filled up with made-up ones. It cuts
// text as GPT-2's does in kind, not in its ids. With GPT-2's own two files at hand it is GPT-2's.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const END = '<|endoftext|>'
const SIZE = 50_257

interface Bpe {
  readonly vocab: Record<string, number>
  readonly merges: readonly string[]
}

function builtIn(): Bpe {
  const path = fileURLToPath(new URL('../../public/models/finetale-4m/tokenizer.json', import.meta.url))
  const { model } = JSON.parse(readFileSync(path, 'utf8')) as { model: Bpe }
  return model
}

/** Adds merges of two known pieces into a new one, in a fixed order, until the vocabulary is full. */
function filledUp({ vocab, merges }: Bpe): Bpe {
  const pieces = Object.keys(vocab)
    .filter((piece) => piece !== END)
    .sort((a, b) => vocab[a]! - vocab[b]!)
  const known = new Set(pieces)
  const added: string[] = []
  const words = pieces.filter((piece) => /^Ġ[A-Za-z]+$/.test(piece))
  const endings = pieces.filter((piece) => /^[a-z]{2,}$/.test(piece))
  for (const ending of endings) {
    for (const word of words) {
      if (known.size === SIZE - 1) break
      const piece = word + ending
      if (known.has(piece)) continue
      known.add(piece)
      added.push(`${word} ${ending}`)
    }
  }
  const filled = Object.fromEntries([...known].map((piece, id) => [piece, id]))
  return { vocab: { ...filled, [END]: SIZE - 1 }, merges: [...merges, ...added] }
}

function gpt2Files(folder: string): Bpe {
  const read = (...names: string[]) => {
    const path = names.map((name) => join(folder, name)).find((candidate) => existsSync(candidate))
    if (path === undefined) throw new Error(`${folder} has no ${names.join(' or ')}.`)
    return readFileSync(path, 'utf8')
  }
  const lines = read('merges.txt', 'vocab.bpe').split('\n')
  return {
    vocab: JSON.parse(read('vocab.json', 'encoder.json')) as Record<string, number>,
    merges: lines.filter((line) => line !== '' && !line.startsWith('#version')),
  }
}

/**
 * The tokenizer's files by name.
 * @param gpt2 a folder with GPT-2's vocab.json and merges.txt, or encoder.json and vocab.bpe
 */
export function courseTokenizer(gpt2?: string): Record<string, Buffer> {
  const { vocab, merges } = gpt2 === undefined ? filledUp(builtIn()) : gpt2Files(gpt2)
  const count = Object.keys(vocab).length
  if (count !== SIZE || vocab[END] !== SIZE - 1) throw new Error(`The vocabulary has ${count} entries, not ${SIZE}.`)
  const added = {
    id: SIZE - 1,
    content: END,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: true,
    special: true,
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [added],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab,
      merges,
    },
  }
  const ends = { bos_token: END, eos_token: END, unk_token: END }
  const settings = { add_prefix_space: false, ...ends, model_max_length: 2048, tokenizer_class: 'GPT2Tokenizer' }
  return {
    'tokenizer.json': Buffer.from(JSON.stringify(tokenizer)),
    'tokenizer_config.json': Buffer.from(JSON.stringify(settings)),
    'special_tokens_map.json': Buffer.from(JSON.stringify(ends)),
    'vocab.json': Buffer.from(JSON.stringify(vocab)),
    'merges.txt': Buffer.from(`#version: 0.2\n${merges.join('\n')}\n`),
  }
}

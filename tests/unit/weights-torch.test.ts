// Weight files as torch and safetensors wrote them: every number, and every refusal. Then damage of all kinds.

import { expect, test } from 'vitest'
import { openWeights } from '../../src/formats/weights'
import type { WeightsFile } from '../../src/formats/weightsFile'
import { FinetaleError } from '../../src/recipe/error'
import { expectedWeights, refusal, weightFile, weightFolder } from '../support/weightFiles'

const cases = Object.entries(expectedWeights)
const readable = cases.flatMap(([name, { tensors }]) => (tensors ? [[name, tensors] as const] : []))
const refused = cases.flatMap(([name, { refused: words }]) => (words ? [[name, words] as const] : []))

test('the list of files is not empty', () => {
  expect([readable.length, refused.length]).toEqual([21, 15])
})

test.each(readable)('reads %s', async (name, tensors) => {
  const weights = await openWeights(weightFolder(name))
  expect([...weights.entries.keys()].sort()).toEqual(Object.keys(tensors).sort())
  for (const [tensor, { dtype, shape, values }] of Object.entries(tensors)) {
    expect(weights.entries.get(tensor)).toMatchObject({ dtype, shape })
    if (!values) {
      expect((await refusal(weights.read(tensor))).message).toContain(`tensor ${tensor} is of type ${dtype}`)
      continue
    }
    const read = await weights.read(tensor)
    expect([...read]).toEqual(values.map(Math.fround))
    const [begin, end] = [Math.floor(values.length / 3), Math.ceil(values.length / 2)]
    expect([...(await weights.read(tensor, begin, end))]).toEqual([...read.slice(begin, end)])
  }
})

test('wrappers and what is no tensor are told', async () => {
  const notes = async (name: string) => (await openWeights(weightFolder(name))).notes.join(' ')
  expect(await notes('protocol2.bin')).toBe('')
  expect(await notes('wrapped_model.bin')).toContain('taken from model in the file')
  expect(await notes('wrapped_net.bin')).toContain('taken from net in the file')
  expect(await notes('wrapped_deep.bin')).toContain('taken from checkpoint / module / ema in the file')
  expect(await notes('wrapped_state_dict.bin')).toContain('taken from state_dict in the file')
})

test.each(refused)('refuses %s', async (name, words) => {
  const { message, action } = await refusal(openWeights(weightFolder(name)))
  expect(message).toContain('pytorch_model.bin')
  for (const word of words) expect(`${message} ${action}`).toContain(word)
})

/** All tensors that can be read, or the refusal; anything else is thrown. */
async function outcome(bytes: BlobPart): Promise<string> {
  try {
    const weights = await openWeights({ 'pytorch_model.bin': new Blob([bytes]) })
    return JSON.stringify(await everything(weights))
  } catch (error) {
    if (error instanceof FinetaleError && error.message !== '' && error.action !== '') return 'refused'
    throw error
  }
}

async function everything(weights: WeightsFile): Promise<unknown[]> {
  const all: unknown[] = []
  for (const [name, { shape }] of weights.entries) all.push([name, shape, [...(await weights.read(name))]])
  return all
}

test.each(['protocol2.bin', 'protocol4.bin', 'deflated.bin'])('%s cut anywhere is refused', async (name) => {
  const bytes = new Uint8Array(await weightFile(name).arrayBuffer())
  for (let length = 0; length < bytes.length; length += 7) expect(await outcome(bytes.slice(0, length))).toBe('refused')
  expect(await outcome(bytes)).not.toBe('refused')
})

test.each(['protocol2.bin', 'protocol5.bin', 'deflated.bin'])(
  'a changed byte of %s never gives other numbers',
  async (name) => {
    const bytes = new Uint8Array(await weightFile(name).arrayBuffer())
    const whole = await outcome(bytes)
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 + ((at * 37) % 255))
      expect(['refused', whole]).toContain(await outcome(changed))
    }
  },
)

test('without checksums, changed bytes give a refusal or tensors, never a fault', async () => {
  const bytes = new Uint8Array(await weightFile('no_crc.bin').arrayBuffer())
  // The pickle lies first.
  for (let at = 60; at < 560; at++) {
    for (const mask of [1, 0x80, 0xff]) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ mask
      expect(await outcome(changed)).not.toBe('')
    }
  }
})

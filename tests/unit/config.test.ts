// config.json of GPT-Neo: what is accepted, how layers are spelled out, and how refusals read.

import { expect, test } from 'vitest'
import { parseConfig } from '../../src/model/config'
import { paramTable } from '../../src/model/params'
import { FinetaleError } from '../../src/recipe/error'
import { M0_CONFIG } from '../support/m0'

const parse = (changes: Record<string, unknown> = {}) => parseConfig(JSON.stringify({ ...M0_CONFIG, ...changes }))

test('reads M0, with the MLP four times as wide', () => {
  const config = parse()
  expect(config).toMatchObject({ hidden_size: 8, intermediate_size: 32, window_size: 4, layer_norm_epsilon: 1e-5 })
  expect(config.attention_layers).toEqual(['global', 'local'])
  expect([config.eos_token_id, config.eos_token_ids, config.dropout]).toEqual([50256, [50256], 0])
})

test('attention layers come from attention_types, attention_layers, or alternate', () => {
  const layers = (changes: Record<string, unknown>) =>
    parse({ attention_layers: undefined, ...changes }).attention_layers
  const types = [
    [['local'], 1],
    [['global', 'local'], 2],
  ]
  expect(layers({ num_layers: 5, attention_types: types })).toEqual(['local', 'global', 'local', 'global', 'local'])
  const spelled = { attention_types: undefined, attention_layers: ['local', 'local'] }
  expect(layers(spelled)).toEqual(['local', 'local'])
  expect(layers({ num_layers: 3, attention_types: undefined })).toEqual(['global', 'local', 'global'])
})

test("takes transformers' other names and defaults", () => {
  const config = parse({
    num_layers: undefined,
    num_hidden_layers: 2,
    num_heads: undefined,
    num_attention_heads: 4,
    max_position_embeddings: undefined,
    window_size: undefined,
    eos_token_id: [7, 9],
    resid_dropout: 0.1,
  })
  expect(config).toMatchObject({ num_layers: 2, num_heads: 4, max_position_embeddings: 2048, window_size: 256 })
  expect([config.eos_token_ids, config.dropout, parse({ eos_token_id: null }).eos_token_id]).toEqual([[7, 9], 0.1, -1])
})

test.each([
  [{ model_type: 'llama' }, /config\.json .*"llama".*gpt_neo/],
  [{ hidden_size: undefined }, /"hidden_size".*missing/],
  [{ hidden_size: 9 }, /hidden_size 9.*2 heads/],
  [{ hidden_size: '8' }, /"hidden_size".*"8"/],
  [{ activation_function: 'gelu' }, /"gelu".*"gelu_new"/],
  [{ attention_types: [[['global', 'local'], 2]] }, /4 attention layers.*num_layers is 2|count of 2/],
  [{ attention_types: [[['sparse', 'local'], 1]] }, /"sparse"/],
  [{ attention_types: 'global', attention_layers: undefined }, /attention_types/],
  [{ attention_types: [[['global'], 1e12]] }, /count of 1000000000000/],
  [{ intermediate_size: 0 }, /"intermediate_size".*0/],
  [{ layer_norm_epsilon: 0 }, /layer_norm_epsilon/],
  [{ eos_token_id: 'end' }, /eos_token_id/],
])('refuses %j by name', (changes, message) => {
  expect(() => parse(changes)).toThrow(message)
  expect(() => parse(changes)).toThrow(FinetaleError)
})

test('refuses what is not JSON and says so', () => {
  expect(() => parseConfig('<!doctype html>')).toThrow(/web page/)
  expect(() => parseConfig('{"a":')).toThrow(/not valid JSON/)
  expect(() => parseConfig('[1]')).toThrow(/JSON object/)
})

test('the table counts the course model right: shapes, order and decay groups', () => {
  const course = { vocab_size: 50257, hidden_size: 768, num_layers: 4, num_heads: 16, max_position_embeddings: 2048 }
  const table = paramTable(parse({ ...course, attention_types: [[['global', 'local'], 2]] }))
  expect(table.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(68_514_048)
  expect([table.filter(({ decay }) => decay).length, table.filter(({ decay }) => !decay).length]).toEqual([26, 30])
  expect(table[4]?.name).toBe('transformer.h.0.attn.attention.k_proj.weight')
})

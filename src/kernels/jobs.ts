// The kernels by name, each with its argument block in order. The order of names is also how a thread is told which one
// to run, so both sides of the pool import this list. What an argument means stands beside the kernel, in assembly/.

/** Arguments are i32 (pointers, sizes, flags) unless marked ':f32'. */
const KERNELS = {
  gemm: ['a', 'rsa', 'csa', 'b', 'rsb', 'csb', 'c', 'ldc', 'm', 'k', 'n', 'mode', 'bias', 'axis'],
  layerNorm: ['x', 'weight', 'bias', 'y', 'stats', 'n', 'eps:f32'],
  layerNormInput: ['x', 'weight', 'stats', 'dy', 'dx', 'n'],
  layerNormWeights: ['x', 'stats', 'dy', 'dweight', 'dbias', 'rows', 'n'],
  sumRows: ['x', 'out', 'rows', 'n'],
  gelu: ['x', 'y'],
  geluInput: ['x', 'dy', 'dx'],
  attention: ['q', 'k', 'v', 'out', 'starts', 'lengths', 'C', 'heads', 'window', 'packing'],
  attentionInput: ['q', 'k', 'v', 'dout', 'starts', 'lengths', 'C', 'heads', 'window', 'packing', 'dq', 'dk', 'dv'],
  attentionCached: ['q', 'keys', 'values', 'out', 'position', 'C', 'heads', 'window', 'packing'],
  gather: ['tokens', 'ids', 'positions', 'places', 'out', 'n'],
  scatterAdd: ['x', 'ids', 'table', 'rows', 'n'],
  crossEntropy: ['logits', 'targets', 'stats', 'n', 'scale:f32', 'backward'],
  sumSquares: ['x', 'out', 'n'],
  adamw: [
    'p',
    'g',
    'm',
    'v',
    'scale:f32',
    'beta1:f32',
    'rest1:f32',
    'beta2:f32',
    'rest2:f32',
    'eps:f32',
    'rate:f32',
    'root:f32',
    'before:f32',
    'after:f32',
  ],
  zero: ['x'],
  addScaled: ['x', 'out', 'scale:f32'],
  add: ['x', 'y', 'out'],
  gemv: ['W', 'x', 'y', 'bias', 'k'],
  fmaBound: [],
  copy: ['x', 'out'],
  readAll: ['x'],
} as const

export type KernelName = keyof typeof KERNELS

type Plain<S> = S extends `${infer Name}:f32` ? Name : S

/** The arguments of one kernel by name; all of them, all numbers. */
export type KernelArguments<K extends KernelName> = Record<Plain<(typeof KERNELS)[K][number]> & string, number>

/** What every kernel is to JavaScript. */
export type Kernel = (from: number, to: number, args: number, scratch: number) => void

export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[]

/** Bytes of scratch that the product packs into; what needs scratch beside a product lies behind it. */
export const PACKING_BYTES = 1_556_736
/** Scratch of one thread: the product's, and two blocks of 48 rows of attention scores. */
export const SCRATCH_BYTES = 2_752_512
/** Longest sequence whose score blocks fit there. */
export const MAX_POSITIONS = Math.floor((SCRATCH_BYTES - PACKING_BYTES) / (2 * 48 * 4))
/** Elements of one partial sum of sumSquares. */
export const SQUARES_CHUNK = 65_536

interface Field {
  readonly name: string
  readonly float: boolean
}

const FIELDS = new Map<KernelName, readonly Field[]>(
  KERNEL_NAMES.map((kernel) => [
    kernel,
    KERNELS[kernel].map((field) => ({ name: field.replace(':f32', ''), float: field.endsWith(':f32') })),
  ]),
)

/** Writes an argument block. @param at index of its first word in both views, which show the same memory */
export function writeArguments<K extends KernelName>(
  kernel: K,
  args: KernelArguments<K>,
  words: Int32Array,
  floats: Float32Array,
  at: number,
): void {
  const values: Readonly<Record<string, number>> = args
  for (const { name, float } of FIELDS.get(kernel) ?? []) {
    const value = values[name] ?? 0
    if (float) floats[at] = value
    else words[at] = value
    at++
  }
}

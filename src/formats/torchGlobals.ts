// The only names a file of torch.save may refer to, and what they stand for here: shapes of tensors over storages. Nothing
// of Python runs; a name that is not listed is refused with its name. No bytes of tensors are read.

import { FinetaleError } from '../recipe/error'
import { firstFew, plainName } from './blobBytes'
import { DTYPE_BYTES } from './floats'
import type { PickleHost } from './pickle'
import { PickleDict, PickleSet, PickleTuple, type Fail } from './pickleValues'

/** A run of elements in a record of the archive; several tensors may look into one. */
export interface TorchStorage {
  /** Name of the record under data/. */
  readonly key: string
  /** Bytes it holds. */
  readonly bytes: number
  /** Null for storages without a type; the tensor then says. */
  readonly dtype: string | null
}

/** A tensor as it lies in its storage; offset and strides in elements. */
export class TorchTensor {
  readonly storage: TorchStorage
  readonly dtype: string
  readonly offset: number
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  /** The storage holds the values with the other sign: torch leaves the turning to whoever reads. */
  readonly negative: boolean

  constructor(
    storage: TorchStorage,
    dtype: string,
    offset: number,
    shape: readonly number[],
    stride: readonly number[],
    negative: boolean,
  ) {
    this.storage = storage
    this.dtype = dtype
    this.offset = offset
    this.shape = shape
    this.stride = stride
    this.negative = negative
  }
}

type GlobalKind = 'dict' | 'set' | 'size' | 'device' | 'dtype' | 'storage' | 'class' | 'typed' | Rebuild
type Rebuild = 'tensor' | 'tensor-v2' | 'tensor-v3' | 'parameter'

interface TorchGlobal {
  readonly kind: GlobalKind
  readonly dtype: string | null
}

const STORAGES = {
  FloatStorage: 'F32', HalfStorage: 'F16', BFloat16Storage: 'BF16', DoubleStorage: 'F64', LongStorage: 'I64',
  IntStorage: 'I32', ShortStorage: 'I16', CharStorage: 'I8', ByteStorage: 'U8', BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64', ComplexDoubleStorage: 'C128',
} // prettier-ignore
const DTYPES = {
  float32: 'F32', float16: 'F16', bfloat16: 'BF16', float64: 'F64', int64: 'I64', int32: 'I32', int16: 'I16', int8: 'I8',
  uint8: 'U8', uint16: 'U16', uint32: 'U32', uint64: 'U64', bool: 'BOOL', complex64: 'C64', complex128: 'C128',
  float8_e4m3fn: 'F8_E4M3', float8_e5m2: 'F8_E5M2', float8_e8m0fnu: 'F8_E8M0', float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
} // prettier-ignore

const of = (kind: GlobalKind, dtype: string | null = null): TorchGlobal => ({ kind, dtype })
const GLOBALS = new Map<string, TorchGlobal>([
  ['collections.OrderedDict', of('dict')],
  ['builtins.set', of('set')],
  ['__builtin__.set', of('set')],
  ['builtins.frozenset', of('set')],
  ['__builtin__.frozenset', of('set')],
  ['torch.Size', of('size')],
  ['torch.device', of('device')],
  ['torch.Tensor', of('class')],
  ['torch._tensor.Tensor', of('class')],
  ['torch.nn.parameter.Parameter', of('class')],
  ['torch._utils._rebuild_tensor', of('tensor')],
  ['torch._utils._rebuild_tensor_v2', of('tensor-v2')],
  ['torch._utils._rebuild_tensor_v3', of('tensor-v3')],
  ['torch._utils._rebuild_parameter', of('parameter')],
  ['torch._utils._rebuild_parameter_with_state', of('parameter')],
  ['torch._tensor._rebuild_from_type_v2', of('typed')],
  ...['UntypedStorage', '_UntypedStorage'].map((name) => [`torch.storage.${name}`, of('storage')] as const),
  ...Object.entries(STORAGES).map(([name, dtype]) => [`torch.${name}`, of('storage', dtype)] as const),
  ...Object.entries(DTYPES).map(([name, dtype]) => [`torch.${name}`, of('dtype', dtype)] as const),
])
const KNOWN: ReadonlySet<unknown> = new Set(GLOBALS.values())

const COMPLEX: ReadonlySet<string> = new Set(['C64', 'C128'])

const MAX_DIMENSIONS = 64
const MAX_ELEMENTS = 2 ** 31

/**
 * @param label how errors call the file
 * @param recordSize bytes of the record under data/, or undefined when the archive has none
 */
export function torchHost(label: string, recordSize: (key: string) => number | undefined, fail: Fail): PickleHost {
  const isGlobal = (value: unknown): value is TorchGlobal => KNOWN.has(value)

  /** The marks of a view whose numbers are not those in its storage; @returns whether their sign is turned. */
  const isNegative = (marks: unknown, dtype: string | null): boolean => {
    if (marks === undefined || marks === null) return false
    if (!(marks instanceof PickleDict)) return fail('the marks of a tensor in it are no dict')
    for (const [mark, value] of marks.entries) {
      // A conjugate is of complex numbers, and those are refused when they are asked for.
      const known = mark === 'neg' || (mark === 'conj' && dtype !== null && COMPLEX.has(dtype))
      if (typeof value !== 'boolean' || (value && !known)) {
        const name = typeof mark === 'string' ? plainName(mark) : 'that is no text'
        fail(`a tensor in it has the mark ${name}, which Finetale does not know for its type`)
      }
    }
    return marks.entries.get('neg') === true
  }

  const build = (
    storage: unknown,
    dtype: string | null,
    [offset, size, stride]: readonly unknown[],
    marks: unknown,
  ): TorchTensor => {
    if (!isStorage(storage)) return fail('a tensor in it has no storage')
    const shape = wholes(size)
    const steps = wholes(stride)
    if (dtype === null || shape === null || steps?.length !== shape.length || !isWhole(offset)) {
      return fail('a tensor in it has a shape, strides or a type that make no sense')
    }
    const elements = shape.reduce((product, n) => product * n, 1)
    if (elements > MAX_ELEMENTS) fail(`a tensor in it would have ${elements} elements ([${shape.join(', ')}])`)
    const last = shape.reduce((sum, n, i) => sum + (n - 1) * (steps[i] ?? 0), offset)
    const held = storage.bytes / (DTYPE_BYTES[dtype] ?? 1)
    if (elements > 0 && last >= held) {
      const where = `element ${last} of storage ${plainName(storage.key)}, which has ${held}`
      fail(`a tensor [${shape.join(', ')}] with strides [${steps.join(', ')}] reaches ${where}`)
    }
    return new TorchTensor(storage, dtype, offset, shape, steps, isNegative(marks, dtype))
  }

  const call = (callable: unknown, args: readonly unknown[]): unknown => {
    if (!isGlobal(callable)) return fail('it calls what is no function')
    const [first] = args
    switch (callable.kind) {
      case 'dict':
        return args.length === 0 ? new PickleDict() : fail('it makes an OrderedDict from arguments')
      case 'set':
        return new PickleSet()
      case 'size':
        return first instanceof PickleTuple ? first : fail('it makes a torch.Size of no tuple')
      case 'device':
        return 'device'
      case 'tensor':
      case 'tensor-v2':
        // The seventh is the dict of marks; only tensor-v3 has the type before it.
        return build(first, isStorage(first) ? first.dtype : null, args.slice(1), args[6])
      case 'tensor-v3': {
        const type = args[6]
        return build(first, isGlobal(type) && type.kind === 'dtype' ? type.dtype : null, args.slice(1), args[7])
      }
      case 'parameter':
        return first instanceof TorchTensor ? first : fail('a parameter in it is no tensor')
      case 'typed': {
        // (function, class, its arguments, attributes): a tensor that Python code had hung notes on.
        const [, type, inner] = args
        const simple = isGlobal(first) && first.kind !== 'typed' && isGlobal(type) && type.kind === 'class'
        return simple && inner instanceof PickleTuple ? call(first, inner.items) : fail('it rebuilds an unknown type')
      }
      default:
        return fail('it calls what is no function')
    }
  }

  return {
    find(module, name) {
      const known = GLOBALS.get(`${module}.${name}`)
      if (known !== undefined) return known
      throw new FinetaleError(
        `${label} refers to ${plainName(`${module}.${name}`)}, which is no part of plain weights; it was not run.`,
        'Use weights alone: torch.save(model.state_dict(), "pytorch_model.bin") writes them, or a safetensors file.',
      )
    },
    call,
    persistent(id) {
      const [kind, type, key, , count] = id instanceof PickleTuple ? id.items : []
      if (
        kind !== 'storage' ||
        !isGlobal(type) ||
        type.kind !== 'storage' ||
        typeof key !== 'string' ||
        !isWhole(count)
      ) {
        return fail('it refers to something outside that is no storage')
      }
      const bytes = recordSize(key)
      const expected = count * (type.dtype === null ? 1 : (DTYPE_BYTES[type.dtype] ?? 1))
      if (bytes === undefined) return fail(`the record data/${plainName(key)} is missing`)
      if (bytes !== expected) fail(`the record data/${plainName(key)} should have ${expected} bytes, but has ${bytes}`)
      return { key, bytes, dtype: type.dtype } satisfies TorchStorage
    },
  }
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === 'object' && value !== null && 'key' in value && 'bytes' in value
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function wholes(value: unknown): readonly number[] | null {
  const items: readonly unknown[] | null = value instanceof PickleTuple ? value.items : null
  return items !== null && items.length <= MAX_DIMENSIONS && items.every(isWhole) ? items : null
}

/** Under which of a training script's keys the weights may lie. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module']

export interface StateDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>
  /** The keys that led to it. */
  readonly wrapper: readonly string[]
  /** Names whose values are no tensors. */
  readonly others: readonly string[]
}

function holdsTensor({ entries }: PickleDict): boolean {
  for (const [key, item] of entries) if (typeof key === 'string' && item instanceof TorchTensor) return true
  return false
}

/** The one dict in a dict without tensors that holds tensors, or dicts of them; undefined when there are several. */
function onlyDict(entries: PickleDict['entries']): string | undefined {
  // One dict may stand under any number of keys, so each is looked into once.
  const known = new Map<PickleDict, boolean>()
  const holds = (dict: PickleDict): boolean => {
    const held = known.get(dict) ?? holdsTensor(dict)
    known.set(dict, held)
    return held
  }
  const dicts = [...entries].filter(
    (entry): entry is [string, PickleDict] => typeof entry[0] === 'string' && entry[1] instanceof PickleDict,
  )
  const full = dicts.filter(([, dict]) => holds(dict))
  const [only, other] = full.length > 0 ? full : dicts
  return other === undefined ? only?.[0] : undefined
}

/**
 * Finds the weights in what a file holds: the dict itself, or one within it under a usual name, or the only one in it.
 */
export function findStateDict(value: unknown, fail: Fail): StateDict {
  const wrapper: string[] = []
  let dict = value
  for (;;) {
    if (!(dict instanceof PickleDict)) return fail(`it holds ${kindOf(dict)}, not a dict of tensors`)
    const { entries } = dict
    const tensors = new Map<string, TorchTensor>()
    const others: string[] = []
    for (const [key, item] of entries) {
      if (typeof key === 'string' && item instanceof TorchTensor) tensors.set(key, item)
      else others.push(String(key instanceof PickleTuple ? 'a tuple' : key))
    }
    // A wrapper may hold tensors of its own beside the weights, such as a random state.
    const usual = WRAPPERS.find((key) => entries.get(key) instanceof PickleDict)
    const inner = usual ?? (tensors.size === 0 ? onlyDict(entries) : undefined)
    if (inner === undefined || wrapper.length > WRAPPERS.length) {
      if (tensors.size > 0) return { tensors, wrapper, others }
      return fail(`it holds no tensor${others.length > 0 ? `, only ${firstFew(others)}` : ''}`)
    }
    wrapper.push(inner)
    dict = entries.get(inner)
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'None'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof TorchTensor) return 'one tensor'
  if (value instanceof PickleTuple) return 'a tuple'
  return typeof value === 'string' ? 'a text' : 'something else'
}

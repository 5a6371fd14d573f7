// A small reader of Python pickles, protocols 2 to 5: it builds plain values and runs nothing. Which names may be resolved,
// and what calling them means, is for the host; see torchGlobals.ts. The opcodes are those of Python's pickletools.

import { plainName } from './blobBytes'
import { isKey, PickleCursor, PickleDict, PickleSet, PickleTuple, type Fail } from './pickleValues'

/** What a pickle may reach beyond plain values. Each of these refuses by throwing. */
export interface PickleHost {
  /** The object that stands for a global; compared and called, never run. */
  find(module: string, name: string): unknown
  call(callable: unknown, args: readonly unknown[]): unknown
  persistent(id: unknown): unknown
}

/** Opcodes that are known but not accepted. */
const REFUSED: Readonly<Record<number, string>> = {
  0x46: 'FLOAT', 0x49: 'INT', 0x4c: 'LONG', 0x50: 'PERSID', 0x53: 'STRING', 0x56: 'UNICODE', 0x67: 'GET',
  0x69: 'INST', 0x6f: 'OBJ', 0x70: 'PUT', 0x82: 'EXT1', 0x83: 'EXT2', 0x84: 'EXT4', 0x96: 'BYTEARRAY8',
  0x97: 'NEXT_BUFFER', 0x98: 'READONLY_BUFFER',
} // prettier-ignore
const NEWEST = 5
/** A tensor takes about forty. A step of one byte may make a dict of hundreds, so the bytes alone bound no memory. */
const MAX_STEPS = 2 ** 22

/**
 * The value of one pickle. Time and memory grow with the bytes, whatever they say: nesting takes no stack, and sharing
 * copies nothing. The value may be cyclic.
 * @param fail must throw; it gets what is wrong, as part of a sentence
 */
export function readPickle(bytes: Uint8Array, host: PickleHost, fail: Fail): unknown {
  const cursor = new PickleCursor(bytes, fail)
  if (cursor.u8() !== 0x80) fail('it does not begin with its protocol; expected 2 to 5')
  const protocol = cursor.u8()
  if (protocol < 2 || protocol > NEWEST) fail(`it is of protocol ${protocol}; expected 2 to 5`)

  const memo = new Map<number, unknown>()
  // A mark puts the current stack aside; what takes "all since the mark" takes the new one.
  const outer: unknown[][] = []
  let stack: unknown[] = []
  const pop = (): unknown => {
    if (stack.length === 0) fail(`it takes a value where there is none, before byte ${cursor.at}`)
    return stack.pop()
  }
  const top = (): unknown => {
    if (stack.length === 0) fail(`it uses a value where there is none, before byte ${cursor.at}`)
    return stack.at(-1)
  }
  const sinceMark = (): unknown[] => {
    const items = stack
    stack = outer.pop() ?? fail(`it goes back to a mark where there is none, before byte ${cursor.at}`)
    return items
  }
  const get = (index: number): unknown => {
    if (!memo.has(index)) fail(`it recalls value ${index}, which it never kept`)
    return memo.get(index)
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : fail('a name in it is no text'))
  const argumentsOf = (value: unknown): readonly unknown[] =>
    value instanceof PickleTuple ? value.items : fail('the arguments of a call in it are no tuple')
  const append = (items: readonly unknown[]): void => {
    const list = top()
    if (!Array.isArray(list)) fail('it appends to what is no list')
    for (const item of items) (list as unknown[]).push(item)
  }
  const setItems = (target: unknown, items: readonly unknown[]): void => {
    if (!(target instanceof PickleDict)) return fail('it sets items of what is no dict')
    if (items.length % 2 !== 0) fail('it sets a key without a value')
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]
      target.entries.set(isKey(key) ? key : fail('a key of a dict in it is of a kind that cannot be one'), items[i + 1])
    }
  }
  const tuple = (count: number): void => {
    const items: unknown[] = []
    for (let i = 0; i < count; i++) items.unshift(pop())
    stack.push(new PickleTuple(items))
  }

  for (let steps = 0; ; steps++) {
    if (steps === MAX_STEPS) fail(`it has more than ${MAX_STEPS} steps; expected about forty for each tensor`)
    const opcode = cursor.u8()
    switch (opcode) {
      case 0x2e: // STOP
        return pop()
      case 0x80: // PROTO
        if (cursor.u8() > NEWEST) fail('it is of a protocol above 5')
        break
      case 0x95: // FRAME
        cursor.checkAhead(cursor.length(8))
        break
      case 0x28: // MARK
        outer.push(stack)
        stack = []
        break
      case 0x30: // POP
        if (stack.length > 0) stack.pop()
        else sinceMark()
        break
      case 0x31: // POP_MARK
        sinceMark()
        break
      case 0x32: // DUP
        stack.push(top())
        break

      case 0x4e: // NONE
        stack.push(null)
        break
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(opcode === 0x88)
        break
      case 0x4a: // BININT
        stack.push(cursor.i32())
        break
      case 0x4b: // BININT1
        stack.push(cursor.u8())
        break
      case 0x4d: // BININT2
        stack.push(cursor.length(2))
        break
      case 0x8a: // LONG1
        stack.push(cursor.long(cursor.u8()))
        break
      case 0x8b: // LONG4
        stack.push(cursor.long(cursor.length(4)))
        break
      case 0x47: // BINFLOAT
        stack.push(cursor.f64())
        break
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        stack.push(cursor.text(cursor.u8()))
        break
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        stack.push(cursor.text(cursor.length(4)))
        break
      case 0x8d: // BINUNICODE8
        stack.push(cursor.text(cursor.length(8)))
        break
      case 0x43: // SHORT_BINBYTES
        stack.push(cursor.bytes(cursor.u8()))
        break
      case 0x42: // BINBYTES
        stack.push(cursor.bytes(cursor.length(4)))
        break
      case 0x8e: // BINBYTES8
        stack.push(cursor.bytes(cursor.length(8)))
        break

      case 0x5d: // EMPTY_LIST
        stack.push([])
        break
      case 0x61: // APPEND
        append([pop()])
        break
      case 0x65: // APPENDS
        append(sinceMark())
        break
      case 0x6c: { // LIST
        const items = sinceMark()
        stack.push(items)
        break
      } // prettier-ignore
      case 0x29: // EMPTY_TUPLE
        tuple(0)
        break
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        tuple(opcode - 0x84)
        break
      case 0x74: { // TUPLE
        const items = sinceMark()
        stack.push(new PickleTuple(items))
        break
      } // prettier-ignore
      case 0x7d: // EMPTY_DICT
        stack.push(new PickleDict())
        break
      case 0x64: { // DICT
        const items = sinceMark()
        const dict = new PickleDict()
        setItems(dict, items)
        stack.push(dict)
        break
      } // prettier-ignore
      case 0x73: { // SETITEM
        const value = pop()
        const key = pop()
        setItems(top(), [key, value])
        break
      } // prettier-ignore
      case 0x75: { // SETITEMS
        const items = sinceMark()
        setItems(top(), items)
        break
      } // prettier-ignore
      case 0x8f: // EMPTY_SET
        stack.push(new PickleSet())
        break
      case 0x90: // ADDITEMS
        sinceMark()
        if (!(top() instanceof PickleSet)) fail('it adds to what is no set')
        break
      case 0x91: // FROZENSET
        sinceMark()
        stack.push(new PickleSet())
        break

      case 0x68: // BINGET
        stack.push(get(cursor.u8()))
        break
      case 0x6a: // LONG_BINGET
        stack.push(get(cursor.length(4)))
        break
      case 0x71: // BINPUT
        memo.set(cursor.u8(), top())
        break
      case 0x72: // LONG_BINPUT
        memo.set(cursor.length(4), top())
        break
      case 0x94: // MEMOIZE
        memo.set(memo.size, top())
        break

      case 0x63: { // GLOBAL
        const module = cursor.line()
        stack.push(host.find(module, cursor.line()))
        break
      } // prettier-ignore
      case 0x93: { // STACK_GLOBAL
        const name = text(pop())
        stack.push(host.find(text(pop()), name))
        break
      } // prettier-ignore
      case 0x52: // REDUCE
      case 0x81: { // NEWOBJ
        const args = argumentsOf(pop())
        stack.push(host.call(pop(), args))
        break
      } // prettier-ignore
      case 0x92: { // NEWOBJ_EX
        const named = pop()
        if (!(named instanceof PickleDict) || named.entries.size > 0) fail('it makes an object with named arguments')
        const args = argumentsOf(pop())
        stack.push(host.call(pop(), args))
        break
      } // prettier-ignore
      case 0x62: // BUILD
        // The state of a dict is metadata such as versions; the items came before.
        pop()
        if (!(top() instanceof PickleDict)) fail('it sets the state of an object that is no dict')
        break
      case 0x51: // BINPERSID
        stack.push(host.persistent(pop()))
        break

      default: {
        const name = REFUSED[opcode]
        const code = `0x${opcode.toString(16).padStart(2, '0')}`
        fail(
          name === undefined
            ? `byte ${cursor.at - 1} is ${code}, which no opcode has`
            : `it uses the opcode ${plainName(name)} at byte ${cursor.at - 1}, which Finetale does not accept`,
        )
      }
    }
  }
}

// What a bench is asked for, and what it is given. Types only.

export interface BenchRequest {
  readonly bench: string
  /** 'course', 'built-in', or sizes as JSON over the course's. */
  readonly shape: string
  readonly threads: number
  readonly arithmetic?: 'simd' | 'relaxed'
  /** Repetitions; each bench has its own when 0. */
  readonly rounds: number
  /** Parameters of the checkpoint that is saved; the course model's when 0. */
  readonly params: number
}

export interface BenchContext extends BenchRequest {
  readonly flavour: string
  readonly heapBytes: () => number
}

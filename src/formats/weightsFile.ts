// What an opened file of weights offers, whichever form it has. A type only.

export interface WeightsFile {
  /** How errors call it. */
  readonly label: string
  /** Tensors by the names in the file; types as safetensors spells them. */
  readonly entries: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>
  /** What the user should know about the file. */
  readonly notes: readonly string[]
  /**
   * A tensor as float32, row-major, or its elements [begin, end).
   * @throws FinetaleError for a name that is not there, a type other than F32/F16/BF16/F64, or damaged bytes
   */
  read(name: string, begin?: number, end?: number): Promise<Float32Array>
}

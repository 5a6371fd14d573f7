// How a product meets what C holds. AssemblyScript.

/** C = A B, replacing what is there. */
export const OVERWRITE: i32 = 0
/** C += A B. */
export const ACCUMULATE: i32 = 1
/** C = A B + bias, the bias along the columns. */
export const BIAS: i32 = 2

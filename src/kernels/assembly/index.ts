// The kernel module: every export is a job with one signature, (from, to, args, scratch), so that a thread can run any of
// them by its place in the list. AssemblyScript. The argument block is described beside each kernel and in ../jobs.ts.

export { gemm } from './gemm'
export { layerNorm, layerNormInput, layerNormWeights, sumRows } from './layerNorm'
export { gelu, geluInput } from './gelu'
export { attention, attentionInput, attentionCached } from './attention'
export { gather, scatterAdd } from './embedding'
export { crossEntropy } from './crossEntropy'
export { sumSquares, adamw, zero, addScaled, add } from './adamw'
export { gemv } from './gemv'
export { fmaBound, copy, readAll } from './bound'

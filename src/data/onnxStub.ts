// Stands where transformers.js imports onnxruntime: enough for its modules to load. Not an engine; nothing here computes.
// The build aliases 'onnxruntime-web' and 'onnxruntime-node' to this file, because only the tokenizers are used.

class Absent {
  constructor() {
    throw new Error('onnxruntime is not part of this build: transformers.js serves as tokenizer only')
  }
}

export const env = { wasm: {} }
export const Tensor = Absent
export const InferenceSession = Absent

export default { env, Tensor, InferenceSession }

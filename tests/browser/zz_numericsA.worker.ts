import * as tf from '../../src/kernels/tf'
import { heapBytes, initBackend } from '../../src/kernels/backend'
import { loadModel } from '../../src/model/load'
import { AdamW } from '../../src/train/optimizer'
import { trainStep } from '../../src/train/step'
import { causalAttention } from '../../src/kernels/attention'
import { lmHeadCrossEntropy } from '../../src/kernels/lmHead'
import { linear } from '../../src/kernels/linear'
import { geluNew } from '../../src/kernels/geluNew'
import { layerNorm } from '../../src/kernels/layerNorm'
import { zeroGrad } from '../../src/kernels/param'
self.onmessage = async (e: MessageEvent<number>) => {
  const log = (...a: unknown[]) => self.postMessage(a.join(' '))
  const t0 = performance.now()
  log('info', JSON.stringify(await initBackend({ threads: e.data })), (performance.now() - t0).toFixed(0))
  const files: Record<string, Blob> = {}
  for (const f of ['config.json', 'model.safetensors']) files[f] = await (await fetch(`/models/finetale-3m/${f}`)).blob()
  const model = await loadModel(files)
  const o = new AdamW(model.params, { optim: 'adamw_hf', adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, weight_decay: 0.01 })
  const [B, T] = [8, 160]
  const batch = { ids: Int32Array.from({ length: B * T }, (_, i) => (i * 7919) % 4096), lengths: new Int32Array(B).fill(T), B, T, padInLoss: true }
  for (let i = 0; i < 3; i++) {
    const t = performance.now()
    const r = trainStep(model, o, [batch], { learningRate: 1e-4, maxGradNorm: 1 })
    log('step', (performance.now() - t).toFixed(0), r.loss.toFixed(4), r.gradNorm.toFixed(3), tf.memory().numTensors, (heapBytes() / 1e6).toFixed(0))
  }
  const t1 = performance.now(); model.lossAndGradients(batch, 1 / 1272); const t2 = performance.now(); model.evaluateLoss(batch); log('fwdbwd', (t2 - t1).toFixed(0), 'fwd', (performance.now() - t2).toFixed(0))
  zeroGrad(model.params)
  const block = model.blocks[0]!
  const x = tf.randomNormal([B * T, 192]) as tf.Tensor2D
  const hh = tf.randomNormal([B * T, 768]) as tf.Tensor2D
  const both = (name: string, f: (x: tf.Tensor2D) => tf.Tensor, x: tf.Tensor2D) => {
    let [f1, f2] = [1e9, 1e9]
    for (let i = 0; i < 3; i++) {
      const a = performance.now(); const y = tf.tidy(() => f(x)); const b = performance.now()
      tf.tidy(() => tf.valueAndGrad((z: tf.Tensor) => f(z as tf.Tensor2D))(x, tf.onesLike(y))); const c = performance.now()
      f1 = Math.min(f1, b - a); f2 = Math.min(f2, c - b)
      y.dispose(); zeroGrad(model.params)
    }
    log(name, 'fwd', f1.toFixed(1), 'fwd+bwd', f2.toFixed(1))
  }
  both('linear q', (z) => linear(z, block.q_proj, null), x)
  both('linear fc', (z) => linear(z, block.c_fc.weight, block.c_fc.bias), x)
  both('linear proj', (z) => linear(z, block.c_proj.weight, block.c_proj.bias), hh)
  both('ln', (z) => layerNorm(z, block.ln_1.weight, block.ln_1.bias, 1e-5), x)
  both('gelu', (z) => geluNew(z), hh)
  both('attn', (z) => causalAttention(z, z, z, 6, null, batch.lengths), x)
  const targets = new Int32Array(B * T).fill(5)
  for (let i = 0; i < 2; i++) { const b = performance.now(); const r2 = lmHeadCrossEntropy(x, model.wte, targets, 1); const c = performance.now(); r2.dHidden?.dispose(); zeroGrad(model.params); log('head', (c - b).toFixed(1)) }
  log('done')
}

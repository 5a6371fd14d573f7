// Chooses and compiles the flavour of the kernel module that this browser and this memory can run.

import { relaxedSimd } from 'wasm-feature-detect'
import { kernelUrls, type KernelFlavour } from 'virtual:finetale-kernels'
import { FinetaleError } from '../recipe/error'
import { isShared } from './pool'

/**
 * @param memory tfjs's memory, shared or not
 * @param flavour for tests: instead of what detection says
 * @returns the compiled module and the flavour's name, which runs record: bits are equal within a flavour only
 * @throws FinetaleError when the file cannot be had
 */
export async function loadKernels(
  memory: WebAssembly.Memory,
  flavour?: 'simd' | 'relaxed',
): Promise<{ module: WebAssembly.Module; flavour: KernelFlavour }> {
  const arithmetic = flavour ?? ((await relaxedSimd()) ? 'relaxed' : 'simd')
  const name: KernelFlavour = isShared(memory) ? `${arithmetic}-shared` : arithmetic
  try {
    const response = await fetch(kernelUrls[name])
    if (!response.ok) throw new Error(`status ${response.status}`)
    // Not compileStreaming: static hosts often serve .wasm under a wrong type.
    return { module: await WebAssembly.compile(await response.arrayBuffer()), flavour: name }
  } catch (error) {
    throw new FinetaleError(
      `The kernels (${name}) could not be loaded: ${error instanceof Error ? error.message : String(error)}.`,
      'Reload the page; if it happens again, the copy on this host is incomplete.',
    )
  }
}

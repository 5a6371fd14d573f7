// The module that scripts/kernel-plugin.mjs makes.

declare module 'virtual:finetale-kernels' {
  export type KernelFlavour = 'simd' | 'relaxed' | 'simd-shared' | 'relaxed-shared'
  /** Where each compiled flavour lies. */
  export const kernelUrls: Readonly<Record<KernelFlavour, string>>
}

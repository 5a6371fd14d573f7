// Vite plugin: lets tfjs's threaded wasm build survive minification. tfjs sends the text of its module function to its
// threads, where a renamed variable from outside that function does not exist; then no thread starts and shared memory is
// lost. The two places that use such a variable (_scriptDir, for Node and for a plain script tag) are not needed here.

const file = 'tfjs-backend-wasm-threaded-simd.js'

/** It belongs in `plugins` and in `worker.plugins`. @returns {import('vite').Plugin} */
export function tfjsPlugin() {
  return {
    name: 'finetale-tfjs',
    transform(code, id) {
      if (!id.replace(/\?.*$/, '').endsWith(`/${file}`)) return null
      const patched = code
        .replace('typeof _scriptDir !== "undefined" && _scriptDir', 'false')
        .replace('scriptDirectory=_scriptDir', 'scriptDirectory=""')
        .replace('Module["mainScriptUrlOrBlob"]||_scriptDir', 'Module["mainScriptUrlOrBlob"]')
      // The lines before the function may keep it.
      if (patched.slice(patched.indexOf('return (')).includes('_scriptDir')) {
        this.error(`${file} has changed: look for _scriptDir inside its function again`)
      }
      return { code: patched, map: null }
    },
  }
}

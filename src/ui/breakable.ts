// Lets a long name break where its parts end, and not in the middle of a word. The text stays the same.

import { html, nothing } from 'lit'

/** A name such as owner/some_model, which may go on in the next line after '/', '_' and '-'. */
export function breakable(name: string) {
  return name.split(/(?<=[/_-])/).map((part, index) => html`${index > 0 ? html`<wbr />` : nothing}${part}`)
}

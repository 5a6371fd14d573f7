// The mark: an open book over which a curve falls. The same drawing as public/icon.svg, in the page's colours.

import { svg } from 'lit'

export const logo = svg`<svg viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
  <path d="M24 40c-4-3.4-9-5-17-5V15c2.4 0 4.6.2 6.6.6" />
  <path d="M24 40c4-3.4 9-5 17-5V15c-7 0-12.600 1.400-17 5v20" />
  <path d="M7 6c2.500 9 6 9.500 10 11.500S24 26 31 26.500" stroke="var(--eval)" />
</svg>`

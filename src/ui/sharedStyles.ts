// Styles that several elements share: buttons, inputs, panels, text for screen readers. Colours come from theme.css.

import { css } from 'lit'

export const controls = css`
  :host {
    display: block;
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h2,
  h3,
  p {
    margin: 0;
  }
  h3 {
    font-size: 15px;
    font-weight: 600;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 36px;
    padding: 6px 14px;
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-size: 14px;
    font-weight: 550;
    line-height: 1.3;
    cursor: pointer;
    transition:
      background 0.15s,
      border-color 0.15s;
  }
  button:hover:not(:disabled),
  .button:hover {
    border-color: var(--line-strong);
    background: var(--surface-2);
  }
  button:disabled {
    opacity: 0.5;
    cursor: not-allowed;
  }
  button.primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--accent-ink);
  }
  button.primary:hover:not(:disabled) {
    background: var(--accent-hover);
  }
  button.danger {
    color: var(--danger);
  }
  button.quiet {
    min-height: 28px;
    padding: 2px 8px;
    border-color: transparent;
    background: transparent;
    color: var(--ink-2);
    font-size: 13px;
  }
  button.quiet:hover:not(:disabled) {
    background: var(--surface-2);
    color: var(--ink);
  }
  button.quiet[aria-pressed='true'] {
    background: var(--accent-soft);
    color: var(--accent);
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  input,
  select,
  textarea {
    width: 100%;
    min-height: 36px;
    padding: 6px 10px;
    border: 1px solid var(--line-strong);
    border-radius: 8px;
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-size: 14px;
  }
  input[type='checkbox'],
  input[type='radio'] {
    width: 18px;
    min-height: 18px;
    height: 18px;
    margin: 0;
    accent-color: var(--accent);
  }
  input[type='range'] {
    min-height: 24px;
    padding: 0;
    border: 0;
    background: none;
    accent-color: var(--accent);
  }
  label {
    font-size: 14px;
  }
  summary {
    min-height: 28px;
    cursor: pointer;
    font-size: 14px;
    font-weight: 550;
    color: var(--ink-2);
  }
  summary:hover {
    color: var(--ink);
  }
  .muted {
    color: var(--ink-2);
    font-size: 13px;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`

export const panel = css`
  .panel {
    padding: 20px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: var(--shadow);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 4px 12px;
    margin-bottom: 12px;
  }
  @media (max-width: 480px) {
    .panel {
      padding: 16px;
    }
  }
`

/** A text of the model's. */
export const written = css`
  .output {
    display: block;
    padding: 14px 16px;
    border-left: 3px solid var(--accent);
    border-radius: 8px;
    background: var(--surface-2);
    font: 16px/1.6 var(--font-text);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
`

// How the panel of step 3 looks: prompt fields, settings, and the text as it comes.

import { css } from 'lit'

export const generatePanelStyles = css`
  fieldset {
    display: grid;
    gap: 12px;
    min-width: 0;
    margin: 0;
    padding: 0;
    border: 0;
  }
  .kinds {
    display: inline-grid;
    grid-auto-flow: column;
    grid-auto-columns: 1fr;
    gap: 2px;
    padding: 3px;
    border-radius: 10px;
    background: var(--surface-2);
  }
  .kinds button {
    border-color: transparent;
    background: transparent;
  }
  .kinds button[aria-pressed='true'] {
    background: var(--accent-soft);
    color: var(--accent);
  }
  .pair {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 12px;
  }
  label > span {
    display: block;
    margin-bottom: 4px;
    font-weight: 550;
  }
  textarea {
    min-height: 132px;
    resize: vertical;
  }
  .stuck {
    color: var(--danger);
    font-size: 14px;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .buttons .primary {
    min-width: 100px;
  }
  .output::after {
    content: '▍';
    color: var(--accent);
  }
`

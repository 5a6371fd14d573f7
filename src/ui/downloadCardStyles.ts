// How the card of hub downloads looks: one block for each repository, a bar while it is fetched, a rim when it failed.

import { css } from 'lit'

export const downloadCardStyles = css`
  .panel {
    margin-bottom: 20px;
  }
  .item {
    display: grid;
    gap: 8px;
  }
  .item + .item {
    margin-top: 16px;
    padding-top: 16px;
    border-top: 1px solid var(--line);
  }
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 2px 16px;
  }
  .repo {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .numbers {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 2px 14px;
    color: var(--ink-2);
    font-size: 13px;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  progress {
    width: 100%;
    height: 8px;
    overflow: hidden;
    border: 0;
    border-radius: 4px;
    background: var(--surface-2);
    appearance: none;
  }
  progress::-webkit-progress-bar {
    background: var(--surface-2);
  }
  progress::-webkit-progress-value {
    border-radius: 4px;
    background: var(--accent);
  }
  progress::-moz-progress-bar {
    background: var(--accent);
  }
  .failure {
    padding: 10px 14px;
    border-left: 3px solid var(--danger);
    border-radius: 8px;
    background: var(--danger-soft);
    font-size: 14px;
    overflow-wrap: anywhere;
  }
  .failure.mild {
    border-color: var(--line-strong);
    background: var(--surface-2);
  }
  .failure h4 {
    margin: 0 0 2px;
    color: var(--danger);
    font-size: 14px;
    font-weight: 600;
  }
  .failure.mild h4 {
    color: var(--ink);
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .foot {
    display: grid;
    gap: 12px;
    margin-top: 16px;
  }
`

// How the list of runs looks. No markup here.

import { css } from 'lit'

export const runListStyles = css`
  .head {
    flex-wrap: wrap;
  }
  h2 {
    font-size: 20px;
    font-weight: 650;
  }
  .total {
    flex: 1 0 auto;
  }
  .empty {
    padding: 16px 0;
  }
  .transfer {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 12px;
  }
  progress {
    flex: 1 1 160px;
  }
  .runs {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  li {
    display: grid;
    grid-template-columns: minmax(0, 1.4fr) minmax(0, 1fr);
    gap: 8px 24px;
    padding: 14px 0;
    border-top: 1px solid var(--line);
  }
  li[aria-current='true'] h3 {
    color: var(--accent);
  }
  .what {
    min-width: 0;
    overflow-wrap: anywhere;
  }
  h3 {
    display: inline;
    font-size: 15px;
    font-weight: 600;
  }
  .state {
    margin-left: 8px;
    padding: 1px 8px;
    border-radius: 999px;
    background: var(--accent-soft);
    font-size: 12.5px;
  }
  .state.failed,
  .state.interrupted {
    background: var(--warn-soft);
    color: var(--warn);
  }
  dl {
    display: flex;
    gap: 20px;
    margin: 0;
  }
  dt {
    color: var(--ink-2);
    font-size: 12.5px;
  }
  dd {
    margin: 0;
    font-variant-numeric: tabular-nums;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    grid-column: 1 / -1;
    gap: 6px;
  }
  .rename {
    display: inline-flex;
    gap: 6px;
  }
  @media (max-width: 640px) {
    li {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`

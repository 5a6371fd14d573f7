// How the chart element looks around the canvas; the curves' own colours are in chartOptions.ts.

import { css } from 'lit'

export const lineChartStyles = css`
  .head {
    align-items: center;
    margin-bottom: 4px;
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 8px;
  }
  .smoothing {
    display: flex;
    align-items: center;
    gap: 8px;
    color: var(--ink-2);
    font-size: 13px;
  }
  .smoothing input {
    width: 96px;
  }
  @media (max-width: 480px) {
    .smoothing input {
      width: 64px;
    }
    .tools {
      gap: 4px;
    }
  }
  output {
    min-width: 2.6em;
    font-variant-numeric: tabular-nums;
  }
  figure {
    margin: 0;
  }
  .keys {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    min-height: 20px;
    color: var(--ink-2);
    font-size: 13px;
    font-variant-numeric: tabular-nums;
  }
  .key::before {
    content: '';
    display: inline-block;
    width: 14px;
    margin-right: 6px;
    border-top: 2px solid var(--chart-line);
    vertical-align: middle;
  }
  .key.raw::before {
    border-color: var(--chart-raw);
  }
  .key.eval::before {
    border-color: var(--eval);
    border-top-style: dashed;
  }
  .notes {
    margin: 8px 0 0;
    padding: 0;
    color: var(--ink-2);
    font-size: 13px;
    list-style: none;
  }
  .notes li.resumed::before,
  .notes li.changed::before {
    content: '';
    display: inline-block;
    height: 12px;
    margin: 0 10px 0 6px;
    border-left: 2px dashed var(--ink-2);
    vertical-align: middle;
  }
  .notes li.changed::before {
    border-color: var(--warn);
  }
  .notes li.odd {
    color: var(--danger);
  }
  .notes li.odd::before {
    content: '×';
    margin-right: 8px;
    font-weight: 700;
  }
  .plot {
    position: relative;
    border-radius: 6px;
  }
  .empty {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    padding: 0 24px;
    color: var(--ink-2);
    font-size: 14px;
    text-align: center;
  }
  .u-select {
    background: var(--accent);
    opacity: 0.15;
  }
  .u-hz .u-cursor-x,
  .u-vt .u-cursor-y,
  .u-hz .u-cursor-y,
  .u-vt .u-cursor-x {
    border-color: var(--line-strong);
  }
`

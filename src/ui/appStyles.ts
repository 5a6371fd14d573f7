// The layout of the whole page: header, sticky run bar, the three steps, footer.

import { css } from 'lit'

export const appStyles = css`
  .page {
    max-width: 1240px;
    margin: 0 auto;
    padding: 0 24px 48px;
  }
  header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 12px 32px;
    padding: 24px 0 18px;
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 14px;
  }
  .brand svg {
    flex: none;
    width: 44px;
    height: 44px;
    color: var(--accent);
  }
  h1 {
    margin: 0;
    font-family: var(--font-text);
    font-size: 28px;
    font-weight: 650;
    line-height: 1.1;
    letter-spacing: -0.01em;
  }
  nav {
    display: flex;
    gap: 4px;
  }
  nav a {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 6px 12px 6px 8px;
    border-radius: 20px;
    color: var(--ink-2);
    font-size: 14px;
    font-weight: 550;
    text-decoration: none;
  }
  nav a:hover {
    background: var(--surface-2);
    color: var(--ink);
  }
  .number {
    display: inline-grid;
    place-content: center;
    width: 24px;
    height: 24px;
    border-radius: 50%;
    background: var(--accent-soft);
    color: var(--accent);
    font-size: 13px;
    font-weight: 650;
  }
  finetale-run-bar {
    position: sticky;
    z-index: 2;
    top: 8px;
    margin-bottom: 16px;
  }
  .step {
    margin-top: 28px;
    scroll-margin-top: 96px;
  }
  .step > h2 {
    display: flex;
    align-items: center;
    gap: 10px;
    margin-bottom: 4px;
    font-size: 20px;
    font-weight: 650;
  }
  a {
    color: var(--accent);
  }
  footer {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 4px 24px;
    margin-top: 32px;
    padding-top: 16px;
    border-top: 1px solid var(--line);
  }
  @media (max-width: 560px) {
    .page {
      padding: 0 14px 32px;
    }
    header {
      padding: 16px 0 12px;
    }
    .step {
      scroll-margin-top: 150px;
    }
  }
`

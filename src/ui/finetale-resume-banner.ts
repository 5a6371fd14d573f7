// Runs found in storage that did not come to their end: where each stands, and Resume or Discard. It reads no storage.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { InterruptedRun } from '../state/runStore'
import { send } from './events'
import { FocusNext } from './focusNext'
import { formatAgo } from './format'
import { say } from './messages'
import type { MessageKey } from './messages'
import { controls } from './sharedStyles'

const SHOWN = 3

/** @fires finetale-resume - A run id. @fires finetale-discard - A run id, after the second click. */
@customElement('finetale-resume-banner')
export class FinetaleResumeBanner extends LitElement {
  static override styles = [
    controls,
    css`
      h2 {
        font-size: 15px;
        font-weight: 600;
      }
      .run {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 10px 24px;
        margin-bottom: 12px;
        padding: 14px 18px;
        border: 1px solid var(--accent);
        border-radius: var(--radius);
        background: var(--accent-soft);
      }
      .text {
        flex: 1 1 280px;
      }
      .buttons {
        display: flex;
        gap: 8px;
      }
    `,
  ]

  @property({ attribute: false }) runs: readonly InterruptedRun[] = []

  /** The run whose Discard was clicked once. */
  @state() private asked = ''

  constructor() {
    super()
    new FocusNext(this, '.runs')
  }

  override render() {
    return html`<div class="runs" tabindex="-1">${this.runs.slice(0, SHOWN).map((run) => this.renderRun(run))}</div>`
  }

  private renderRun({ id, name, state, step, totalSteps: total, saved, cleared }: InterruptedRun) {
    const titles: Readonly<Record<string, MessageKey>> = {
      stopped: 'resumeTitleStopped',
      paused: 'resumeTitlePaused',
      failed: 'resumeTitleFailed',
    }
    const text = saved
      ? say('resumeSaved', { step, total, ago: formatAgo(saved.at), saved: saved.step })
      : say(cleared ? 'resumeCleared' : 'resumeUnsaved', { step, total })
    return html`
      <section class="run" data-run-id=${id} aria-label=${name}>
        <div class="text">
          <h2>${say(titles[state] ?? 'resumeTitle', { name })}</h2>
          <p class="muted">${text}</p>
        </div>
        <div class="buttons">
          ${
            saved
              ? html`<button id="resume" class="primary" @click=${() => send(this, 'finetale-resume', id)}>
                  ${say('resume')}
                </button>`
              : nothing
          }
          <button id="discard" class="danger" @click=${() => this.discard(id)}>
            ${say(this.asked === id ? 'discardSure' : 'discard')}
          </button>
        </div>
      </section>
    `
  }

  private discard(id: string) {
    if (this.asked === id) send(this, 'finetale-discard', id)
    else this.asked = id
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-resume-banner': FinetaleResumeBanner
  }
}

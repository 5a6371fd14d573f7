// Stand-in
import type { RunStore } from './runStore'
export function trainerStateOf(store: RunStore): unknown {
  return { global_step: store.state.latest?.step ?? 0 }
}

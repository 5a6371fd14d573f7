// trainer_state.json as Hugging Face Trainer writes it beside a checkpoint. Only for reading elsewhere: the page itself
// resumes from its own checkpoints.

import type { Recipe } from '../recipe/recipe'
import type { EvalMetrics, StepMetrics } from '../workers/protocol'
import { flosOf, logHistory, type LogRow, type RunSize } from './history'

/** Keys in the file's order. */
export interface TrainerState {
  readonly best_metric: null
  readonly best_model_checkpoint: null
  readonly epoch: number
  readonly eval_steps: number
  readonly global_step: number
  readonly is_hyper_param_search: false
  readonly is_local_process_zero: true
  readonly is_world_process_zero: true
  readonly log_history: readonly LogRow[]
  readonly logging_steps: number
  readonly max_steps: number
  readonly num_train_epochs: number
  readonly save_steps: number
  readonly total_flos: number
  readonly train_batch_size: number
  readonly trial_name: null
  readonly trial_params: null
}

/**
 * The state after the last of `steps`. Trainer fills best_metric only when it was told by which metric; the page is not.
 * @param steps in order, from step 1 on
 */
export function trainerState(
  recipe: Recipe,
  steps: readonly StepMetrics[],
  evals: readonly EvalMetrics[],
  size: RunSize,
): TrainerState {
  const last = steps.at(-1)
  const epochs = recipe.max_steps > 0 ? recipe.max_steps / size.stepsPerEpoch : recipe.num_train_epochs
  return {
    best_metric: null,
    best_model_checkpoint: null,
    epoch: last?.epoch ?? 0,
    eval_steps: recipe.eval_steps,
    global_step: last?.step ?? 0,
    is_hyper_param_search: false,
    is_local_process_zero: true,
    is_world_process_zero: true,
    log_history: logHistory(recipe, steps, evals, size),
    logging_steps: recipe.logging_steps,
    max_steps: size.totalSteps,
    num_train_epochs: Math.ceil(epochs),
    save_steps: recipe.save_steps,
    total_flos: flosOf(steps, size),
    train_batch_size: recipe.per_device_train_batch_size,
    trial_name: null,
    trial_params: null,
  }
}

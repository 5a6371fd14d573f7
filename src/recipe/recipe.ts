// The recipe: every choice that decides what a run computes, under the names of Hugging Face TrainingArguments.
// A leaf: it imports nothing, knows no tensors and touches no storage. Validation lives in validate.ts, presets in presets.ts.

/** How the rows of an epoch are ordered; Trainer changed the rule twice, so a faithful run must name it. */
export type OrderRule = 'transformers_4_30' | 'dataloader' | 'seedable'

/** Which learning rate a log names: the one after the scheduler's step (4.30), or the one the step used (4.57). */
export type LoggedLearningRate = 'next' | 'used'

/**
 * What the loss of a step is divided by, and with it its gradient: the shifted targets that count (4.30, and 5.x), or
 * the unshifted labels (4.57), one more a row, so that a full batch of length T gives (T - 1) / T of the former.
 */
export type LossDivisor = 'targets' | 'labels'

/**
 * How evaluation losses are averaged. 'batches' is Trainer's rule in every version: each batch's mean weighs as many
 * times as it has rows. 'targets' is one mean over all counted targets, whatever the batch size. With padding counted
 * every row has equally many targets and both are the same number.
 */
export type EvalAverage = 'targets' | 'batches'

/**
 * Where the weights of step 0 come from: the model folder's own, or drawn anew for its config.json, as
 * `AutoModelForCausalLM.from_config` does; then weights in the folder are not read.
 */
export type ModelInit = 'from_pretrained' | 'from_config'

export interface Recipe {
  /** Version of this record's layout. */
  readonly schema: 1
  /** Name shown to people; not used by the run. */
  readonly name: string

  // Model
  readonly model_init: ModelInit

  // Data
  /** Tokens per row after truncation, and after padding when `padding` is 'max_length'; with `packing`, of a block. */
  readonly max_length: number
  /** 'max_length' pads every row to max_length; 'longest' pads to the longest row of the batch. */
  readonly padding: 'max_length' | 'longest'
  /**
   * True lays the texts of a split behind each other and cuts them into blocks of max_length tokens, so that nothing is
   * cut off or padded (see src/data/pack.ts); false makes each text a row.
   */
  readonly packing: boolean
  /** True counts padding positions in the loss, as the course notebook does; false masks them by length. */
  readonly pad_in_loss: boolean
  /** True appends the end-of-text token to rows that fit, and to every text that is packed; the notebook does not. */
  readonly append_eos: boolean
  /** Share of rows held out for evaluation, 0 to below 1. Whole texts are held out, also with `packing`. */
  readonly test_size: number

  // Batches and length of the run
  readonly per_device_train_batch_size: number
  readonly per_device_eval_batch_size: number
  /**
   * Batches of one step. Every counted target of the window weighs the same and the epoch's last window may be short,
   * as since 4.46; 4.30 averaged the batches' means and let a short window wait for the next epoch. With 1 all agree.
   */
  readonly gradient_accumulation_steps: number
  readonly num_train_epochs: number
  /** Optimizer steps; -1 lets num_train_epochs decide. */
  readonly max_steps: number
  readonly seed: number
  readonly order_rule: OrderRule
  readonly loss_divisor: LossDivisor
  readonly eval_average: EvalAverage

  // Optimizer and schedule
  readonly optim: 'adamw_hf' | 'adamw_torch'
  readonly learning_rate: number
  readonly lr_scheduler_type: 'linear' | 'cosine' | 'cosine_with_min_lr' | 'constant'
  /** Where cosine_with_min_lr ends, as a share of learning_rate: `min_lr_rate` of lr_scheduler_kwargs. */
  readonly min_lr_rate: number
  readonly warmup_steps: number
  readonly weight_decay: number
  readonly adam_beta1: number
  readonly adam_beta2: number
  readonly adam_epsilon: number
  /** Clip by global norm; 0 turns clipping off. */
  readonly max_grad_norm: number

  // How often
  readonly logging_steps: number
  readonly log_learning_rate: LoggedLearningRate
  readonly eval_strategy: 'no' | 'steps' | 'epoch'
  readonly eval_steps: number
  /** Steps between checkpoints; 0 saves only by time, on pause, stop, hide and at the end. */
  readonly save_steps: number
  /** Minutes after which a checkpoint is saved however many steps they were; 0 leaves that to save_steps. */
  readonly save_minutes: number
  /** Kernel threads; 0 takes the machine's count, up to 16. */
  readonly threads: number
}

/** The settings of one generation, under the names of transformers' generate(). */
export interface GenerationSettings {
  readonly do_sample: boolean
  readonly temperature: number
  /** Keep the k most likely tokens (ties kept); 0 turns the filter off. */
  readonly top_k: number
  readonly top_p: number
  readonly max_new_tokens: number
  readonly seed: number
}

// The English sentences about room on disk and in memory, and about what to do when there is none, by key.

export const englishBudget = {
  budgetHeading: 'What it takes',
  budgetFits: 'Up to {disk} on disk and about {memory} of memory: there is room for both.',
  budgetUnknown:
    'Up to {disk} on disk and about {memory} of memory. This browser does not tell how much room there is on disk.',
  budgetShort:
    'Checkpoints may need {disk}, and this browser reports {free} left. You can train all the same: what finds no room is not saved, and the checkpoint before it stays. Delete runs you no longer need, after exporting what you want to keep.',
  budgetNone:
    'This browser keeps nothing for the page, so there are no checkpoints: about {memory} of memory is all that it takes. Download the model before you close the tab.',
  budgetMisfit: 'This will not fit.',
  budgetMisfitField: 'Does not fit, see “What it takes”.',
  budgetFigures: 'Figures',
  budgetDisk: 'On disk',
  budgetCheckpoint: 'One checkpoint (weights and both moments)',
  budgetKept: 'All that a run keeps: the last two and the best',
  budgetPeak: 'While one more is being written',
  budgetUsage: 'In use by this page',
  budgetQuota: 'Limit that the browser reports',
  budgetPersisted: 'Kept until you delete it',
  budgetPersistedNo: 'not promised',
  budgetPersistedYes: 'promised',
  budgetMemory: 'In memory',
  budgetState: 'Weights, gradients and both moments',
  budgetActivations: 'Activations of one batch',
  budgetEvaluation: 'Activations of an evaluation batch, at another time',
  budgetLogits: 'Logits, a piece at a time',
  budgetScratch: 'Threads and engine',
  budgetHeap: 'Most at one time',
  budgetHeapLimit: 'Limit of a page',
  budgetCopy: 'Beside it, while a checkpoint is written',
  budgetAtMost: 'Counted for rows of the maximum length; shorter rows take less.',
  budgetNotTold: 'not told',
  changeTo: 'Use {fields}',
  changeField: '{label} {value}',

  // When there is no room
  freeSpace: 'Free space',
  saveModelNow: 'Download the model as it is now',
  savingModel: 'Writing the zip of the model',
  restartAndResume: 'Restart and resume from step {step}',
} as const

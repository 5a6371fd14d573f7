// The glossary, in English: each term's name and what it means, in two short sentences for somebody who has never trained
// a model. Keys are term_<name> and define_<name>.

export const englishTerms = {
  term_token: 'Token',
  define_token:
    'A piece of text that the model handles as one: a word, part of a word, or a mark. It reads and writes tokens, one after another.',
  term_padding: 'Padding',
  define_padding:
    'Filler tokens behind a short row, so that all rows of a batch are equally long. They have no meaning.',
  term_step: 'Step',
  define_step: 'One small change of the model, worked out from one batch of rows. A run is a row of such steps.',
  term_batch: 'Batch',
  define_batch:
    'The rows that the model looks at together before it is changed. Larger batches make steadier but slower steps.',
  term_epoch: 'Epoch',
  define_epoch: 'Once through all rows that are trained on. Two epochs show the model every row twice.',
  term_learningRate: 'Learning rate',
  define_learningRate:
    'How far one step changes the model. Too high, and the loss jumps about; too low, and it hardly falls.',
  term_seed: 'Seed',
  define_seed:
    'The number that every chance in a run starts from. The same seed gives the same run, or the same text, again.',
  term_loss: 'Loss',
  define_loss:
    'How much the real next token surprised the model, on average. Lower is better: training exists to bring it down.',
  term_evaluation: 'Evaluation',
  define_evaluation:
    'The loss on rows that were kept aside and are never trained on. It tells whether the model learned the kind of text, or only those rows by heart.',
  term_checkpoint: 'Checkpoint',
  define_checkpoint: 'A copy of the run in this browser’s storage. If the tab closes, Resume goes on from there.',
  term_temperature: 'Temperature',
  define_temperature:
    'How daring the draw of the next token is. Below 1 the likely ones win more often, above 1 the unlikely ones get a better chance.',
  term_topK: 'Top-k',
  define_topK: 'Only so many of the likeliest tokens take part in the draw. 0 lets all of them in.',
  term_topP: 'Top-p',
  define_topP:
    'Only the likeliest tokens take part in the draw, as many as make up this share of the chances. 0.3 is cautious, 1 lets all of them in.',
} as const satisfies Record<string, string>

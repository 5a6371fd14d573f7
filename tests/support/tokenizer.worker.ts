// The tokenizer's worker as the tests start it.

import './dynamicImports'
import '../../src/workers/tokenizer.worker'

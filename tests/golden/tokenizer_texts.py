"""Odd texts for the tokenizer, made from a seed; tests/support/oddTexts.ts makes the same ones. No tokenizer here."""

MASK = 0xFFFFFFFF

# Words, contractions, white space of every kind, marks, scripts, emoji, added tokens, and what looks like them.
FRAGMENTS = [
    "the", " the", " dragon", "Once upon a time", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", " 's",
    "\u2019s", "''", "don't", "DON'T", "I'm", "he'd've", " ", "  ", "   ", "\t", "\t\t", "\n", "\n\n", "\n\n\n", "\r\n", "\r",
    " \n", "\n ", " \t ", "\x00", "\x01", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\u0085", "\u00a0", "\u00ad",
    "\u1680", "\u180e", "\u2000", "\u2003", "\u2009", "\u200a", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028",
    "\u2029", "\u202e", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "\ufffd", "\uffff", "\U000e0001", "\U0010ffff",
    "0", "7", "42", "1234567890", " 3.14", "1e-40", "\u0663\u0664", "\u0967\u0968", "\u00b2", "\u00bd", "\u2167", "\u3007",
    "\u4e09", "\U0001d7d9", "\u2460", "\uff11", "e\u0301", "\u00e9", "\u0301", " \u0301", "a\u0308\u0323", "\u1e69",
    "s\u0323\u0307", "\u212b", "\u2126", "\ufb01", "\u00df", "\u1e9e", "\u0130", "\u0131", "\u01c5", "\u03a3", "\u03c2",
    "\u65e5\u672c\u8a9e", "\u3053\u3093\u306b\u3061\u306f", "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab", "\u0645\u0631\u062d\u0628\u0627",
    "\u05e9\u05dc\u05d5\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u0e33",
    "\u041f\u0440\u0438\u0432\u0435\u0442", "\u10d2\u10d0\u10db", "\U00010400", "\U00020000", "\U0001f600",
    "\U0001f9d9\U0001f3fd\u200d\u2642\ufe0f", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f",
    "#\ufe0f\u20e3", "!", "?!", "...", "\u2026", " -- ", "\u2014", "\"", "\u201cquoted\u201d", "`", "``", "/", "\\", "\\n", "#", "# #",
    "_", "__init__", "$", "\u20ac", "+=", "==>", "{", "}", "(", ")", "[", "]", "[PAD", "<", ">", "<|", "|>", "<|endoftext|",
    "<|endoftext|>", " <|endoftext|>", "<|endoftext|> ", "<|ENDOFTEXT|>", "[PAD]", "[pad]", " [PAD] ", "<left>", " \n <left>",
    "<right>", "<right> \n ", "<both>", "  <both>  ", "whole", "wholesome", " whole ", "\u00e9whole", "whole_", "-whole-",
    "whole\u200d", "caf\u00e9", "cafe\u0301", "dragonfly", "dragonfl", "dragonflying", "<a><b>", "<a>", "na\u00efve", "Ab", "aB",
    "aaaaaaaa", "ababab", "\u0120", "\u010a", "\u0100", "\u0143", "http://example.org/a?b=c&d", "user@example.org", "\u0378", "\ue000",
    "\u088f", "\U00016ea0", "\U00011de0", "\U000323b0", "\u1c89", "\U00010d40",
]
# Stretches that single code points come from; halves of surrogate pairs are no text.
RANGES = [(0, 0x7F), (0x80, 0x24F), (0x250, 0x7FF), (0x800, 0x1FFF), (0x2000, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0xFFFF),
          (0x10000, 0x10FFFF)]


class Xorshift32:
    def __init__(self, seed):
        self.state = seed & MASK or 1

    def below(self, n):
        x = self.state
        x ^= x << 13 & MASK
        x ^= x >> 17
        x ^= x << 5 & MASK
        self.state = x
        return x % n


def odd_texts(seed, count):
    random = Xorshift32(seed)
    texts = []
    for _ in range(count):
        text = ""
        for _ in range(1 + random.below(12)):
            kind = random.below(16)
            if kind < 12:
                text += FRAGMENTS[random.below(len(FRAGMENTS))]
            elif kind < 15:
                low, high = RANGES[random.below(len(RANGES))]
                text += chr(low + random.below(high - low + 1))
            else:
                piece = FRAGMENTS[random.below(len(FRAGMENTS))]
                text += piece * (2 + random.below(30))
        texts.append(text)
    return texts

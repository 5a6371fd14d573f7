// The short name of a prompt: the character of a backstory prompt, or the start of any other. Words only.

const CHARACTER = /Name:\s*(.*?)\s*Character Race:\s*(.*?)\s*Character Class:\s*(.*?)\s*Output:/s

/** Name, race and class, where the prompt is a backstory's. */
export function characterOf(prompt: string): readonly string[] | null {
  return CHARACTER.exec(prompt)?.slice(1) ?? null
}

/** In one line of some 60 characters. */
export function promptName(prompt: string): string {
  return characterOf(prompt)?.join(' · ') ?? prompt.slice(0, 60)
}

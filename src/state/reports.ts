// Reports that a worker makes of a call while it works on it. They come by a port of their own, so the last of them may come
// after the call's answer; heard then, they would bring back to the page what is over.

/**
 * Gives `work` a listener that hears nothing once the work has settled.
 * @returns what `work` returns
 */
export async function reporting<Report extends readonly unknown[], T>(
  listen: (...report: Report) => void,
  work: (listener: (...report: Report) => void) => Promise<T>,
): Promise<T> {
  let over = false
  try {
    return await work((...report) => {
      if (!over) listen(...report)
    })
  } finally {
    over = true
  }
}

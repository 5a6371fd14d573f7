// A pause of one macrotask through a MessageChannel, so that a worker busy with numbers still hears its messages.
// Not a timer: browsers slow timers in hidden tabs, and tfjs's own awaits are only microtasks.

const waiting: (() => void)[] = []
let channel: MessageChannel | null = null

/** Resolves in a later macrotask, after messages that already wait for this thread. Order of callers is kept. */
export function nextMacrotask(): Promise<void> {
  if (channel === null) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => waiting.shift()?.()
  }
  const { port2 } = channel
  return new Promise((resolve) => {
    waiting.push(resolve)
    port2.postMessage(0)
  })
}

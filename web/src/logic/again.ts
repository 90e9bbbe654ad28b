/** Looking again, one look at a time. Pure. */

/** Calls of the answer run `look` one after the other. One that comes while a look is under way is not lost: what that look
 * read may be older than what the call is about, so another follows it, one for however many came. */
export function oneAtATime(look: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let asked = false

  async function run(): Promise<void> {
    do {
      asked = false
      await look()
    } while (asked)
  }

  return () => {
    if (running !== null) {
      asked = true
      return running
    }
    running = run().finally(() => {
      running = null
    })
    return running
  }
}

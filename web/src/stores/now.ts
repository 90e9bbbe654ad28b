/** The one ticking second of the pages: every running clock reads this, so that they all change together. */

import { readonly, ref } from 'vue'

import { clock } from '@/logic/clock'

const now = ref(clock.now())
const listeners = new Set<() => void>()

function tick(): void {
  now.value = clock.now()
  for (const listener of listeners) listener()
}

let started = false

/** Begin to tick; a second call does nothing. */
export function startTicking(): void {
  if (started) return
  started = true
  try {
    const worker = new Worker(new URL('../logic/ticker.worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = tick
    worker.onerror = () => window.setInterval(tick, 1_000)
  } catch {
    window.setInterval(tick, 1_000)
  }
}

/** Milliseconds since 1970 by the centre's clock, renewed each second. */
export function useNow() {
  return readonly(now)
}

/** Call back each second, also in a hidden window. Returns how to stop. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The live stream as a state machine, and the parser of what it says. Pure; the edge is in `stores/live.ts`. */

export type LiveState = 'connecting' | 'live' | 'lost'

/** Heartbeats come every 5 s; after this much silence the stream counts as lost. */
export const SILENCE_MILLISECONDS = 12_000
/** A stream that ended is tried again at once; the band shows when that did not help for so long. */
export const GRACE_MILLISECONDS = 2_000

export interface Link {
  state: LiveState
  connected: boolean
  /** When anything was last heard, by the local clock; what is shown is as old as this. */
  heardAt: number
  /** When the connection ended, or null while it stands. */
  endedAt: number | null
  /** Tries since it last stood. */
  attempts: number
}

export function freshLink(now: number): Link {
  return { state: 'connecting', connected: false, heardAt: now, endedAt: now, attempts: 0 }
}

export function opened(link: Link, now: number): Link {
  return { ...link, state: 'live', connected: true, heardAt: now, endedAt: null, attempts: 0 }
}

export function heard(link: Link, now: number): Link {
  return link.connected ? { ...link, state: 'live', heardAt: now } : link
}

export function ended(link: Link, now: number): Link {
  return { ...link, connected: false, endedAt: link.endedAt ?? now, attempts: link.attempts + 1 }
}

/** Time passes. `connected: false` in the answer of a link that was connected means: hang up and try again. */
export function tick(link: Link, now: number): Link {
  if (link.connected) {
    if (now - link.heardAt <= SILENCE_MILLISECONDS) return link
    return { ...link, state: 'lost', connected: false, endedAt: now, attempts: link.attempts + 1 }
  }
  if (link.state !== 'lost' && link.endedAt !== null && now - link.endedAt >= GRACE_MILLISECONDS) return { ...link, state: 'lost' }
  return link
}

/** Milliseconds before the next try; `chance` in [0, 1) spreads a whole room of screens. */
export function retryDelay(attempts: number, chance: number): number {
  const full = Math.min(4_000, 250 * 2 ** Math.min(attempts, 6))
  return Math.round(full * (0.5 + chance / 2))
}

export interface StreamEvent {
  name: string
  data: string
  id: string | null
}

/** Splits a stream of text into server-sent events; comments (heartbeats) give nothing, but they were heard. */
export class EventParser {
  #rest = ''
  #name = ''
  #data: string[] = []
  #id: string | null = null

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = []
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line, events)
    return events
  }

  #line(line: string, events: StreamEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0 || this.#name !== '') {
        events.push({ name: this.#name || 'message', data: this.#data.join('\n'), id: this.#id })
      }
      this.#name = ''
      this.#data = []
      return
    }
    if (line.startsWith(':')) return
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#name = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id') this.#id = value
  }
}

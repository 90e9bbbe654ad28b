/** The live stream: one connection, watched by the clock, healed by itself. Decisions are in `logic/stream.ts`. */

import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'

import type { Device, IncidentItem } from '@/api/types'
import { ended, EventParser, freshLink, heard, opened, retryDelay, tick, type Link, type StreamEvent } from '@/logic/stream'
import { onTick } from '@/stores/now'

export interface ProbeNews {
  latency_milliseconds: number | null
  outcome: string
  at: string
}

interface Reader {
  /** Whether this page rings and is answered at: only then is the centre watched through it. */
  atDesk?: boolean
  incident?: (item: IncidentItem, isNew: boolean) => void
  device?: (device: Device) => void
  /** Everything must be loaded again: at the first connection, after a loss, when the stream says `reset`. */
  reload?: () => void
  /** While the stream is lost: look now and then by plain requests. */
  lost?: () => void
  signedOut?: () => void
}

export const useLive = defineStore('live', () => {
  const link = shallowRef<Link>(freshLink(performance.now()))
  const probe = shallowRef<ProbeNews | null>(null)
  /** By the wall clock: what is shown is as old as this. */
  const heardAt = shallowRef(Date.now())
  const readers = new Set<Reader>()
  let lastId: string | null = null
  let connection: AbortController | null = null
  let retry: number | undefined
  let stopTicks: (() => void) | null = null
  let seconds = 0
  let atDesk = false

  const state = computed(() => link.value.state)

  function each(call: (reader: Reader) => void): void {
    for (const reader of readers) call(reader)
  }

  function take(event: StreamEvent): void {
    if (event.id) lastId = event.id
    if (event.name === 'reset') {
      each((reader) => reader.reload?.())
      return
    }
    let data: Record<string, unknown>
    try {
      data = JSON.parse(event.data) as Record<string, unknown>
    } catch {
      return
    }
    if (event.name === 'incident.opened' || event.name === 'incident.changed') {
      each((reader) => reader.incident?.(data['incident'] as IncidentItem, event.name === 'incident.opened'))
    } else if (event.name === 'device.changed') {
      each((reader) => reader.device?.(data['device'] as Device))
    } else if (event.name === 'probe') {
      probe.value = data as unknown as ProbeNews
    }
  }

  const wantsDesk = (): boolean => [...readers].some((reader) => reader.atDesk)

  /** A page that is answered at came or went: the API must know, so the stream is opened anew, without a loss. */
  function realign(): void {
    if (connection === null || wantsDesk() === atDesk) return
    const old = connection
    connection = null
    old.abort()
    void connect()
  }

  async function connect(): Promise<void> {
    const mine = new AbortController()
    connection = mine
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (lastId !== null) headers['Last-Event-ID'] = lastId
    try {
      atDesk = wantsDesk()
      const response = await fetch(`/api/v1/live?at_desk=${atDesk}`, { headers, credentials: 'same-origin', cache: 'no-store', signal: mine.signal })
      if (response.status === 401) {
        each((reader) => reader.signedOut?.())
        return
      }
      if (!response.ok || response.body === null) throw new Error(`live stream: ${response.status}`)
      link.value = opened(link.value, performance.now())
      heardAt.value = Date.now()
      // The stream is open before the reload asks, so that nothing can fall between the two.
      each((reader) => reader.reload?.())
      const parser = new EventParser()
      const text = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await text.read()
        if (done) break
        link.value = heard(link.value, performance.now())
        heardAt.value = Date.now()
        for (const event of parser.push(value)) take(event)
      }
    } catch {
      // Whatever the cause, the answer is the same: say so and try again below.
    }
    if (connection === mine) again()
  }

  function again(): void {
    connection?.abort()
    connection = null
    link.value = ended(link.value, performance.now())
    window.clearTimeout(retry)
    retry = window.setTimeout(() => void connect(), retryDelay(link.value.attempts, Math.random()))
  }

  function watch(): void {
    seconds += 1
    const before = link.value
    link.value = tick(before, performance.now())
    if (before.connected && !link.value.connected) again()
    if (link.value.state === 'lost' && seconds % 5 === 0) each((reader) => reader.lost?.())
  }

  /** Read the stream; the connection lives as long as somebody reads. Returns how to stop. */
  function read(reader: Reader): () => void {
    readers.add(reader)
    if (readers.size === 1) {
      link.value = freshLink(performance.now())
      stopTicks = onTick(watch)
      void connect()
    } else {
      if (link.value.connected) reader.reload?.()
      realign()
    }
    return () => {
      readers.delete(reader)
      if (readers.size > 0) {
        realign()
        return
      }
      stopTicks?.()
      window.clearTimeout(retry)
      const open = connection
      connection = null
      open?.abort()
      lastId = null
    }
  }

  return { state, probe, heardAt, read }
})

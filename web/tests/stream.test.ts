import { describe, expect, it } from 'vitest'

import { ended, EventParser, freshLink, GRACE_MILLISECONDS, heard, opened, retryDelay, SILENCE_MILLISECONDS, tick } from '@/logic/stream'

describe('the live stream', () => {
  it('shows its loss within six seconds of a cut, and at once heals', () => {
    const live = opened(freshLink(0), 100)
    const cut = ended(live, 5_000)
    expect(cut.state).toBe('live')
    const lost = tick(cut, 5_000 + GRACE_MILLISECONDS)
    expect(lost.state).toBe('lost')
    expect(GRACE_MILLISECONDS + 1_000).toBeLessThanOrEqual(6_000)
    expect(opened(lost, 9_000)).toMatchObject({ state: 'live', attempts: 0, endedAt: null })
  })

  it('does not flicker when the connection is back in a moment', () => {
    const cut = ended(opened(freshLink(0), 0), 5_000)
    expect(tick(cut, 5_500).state).toBe('live')
    expect(opened(cut, 5_600).state).toBe('live')
  })

  it('does not trust a connection that stands but says nothing', () => {
    const live = opened(freshLink(0), 0)
    expect(tick(live, SILENCE_MILLISECONDS).state).toBe('live')
    expect(tick(live, SILENCE_MILLISECONDS + 1)).toMatchObject({ state: 'lost', connected: false })
    expect(tick(heard(live, 10_000), SILENCE_MILLISECONDS + 1).state).toBe('live')
  })

  it('is lost, too, when it never came', () => {
    expect(tick(freshLink(0), GRACE_MILLISECONDS).state).toBe('lost')
  })

  it('counts the loss from its beginning, however often it was tried', () => {
    const again = ended(ended(opened(freshLink(0), 0), 5_000), 6_900)
    expect(again).toMatchObject({ endedAt: 5_000, attempts: 2 })
    expect(tick(again, 7_000).state).toBe('lost')
  })

  it('tries again soon at first, never later than four seconds, and not all screens at once', () => {
    expect(retryDelay(0, 0)).toBe(125)
    expect(retryDelay(50, 0.999_9)).toBeLessThanOrEqual(4_000)
    expect(retryDelay(5, 0)).not.toBe(retryDelay(5, 0.9))
  })
})

describe('what the stream says', () => {
  it('is read whole however it is cut', () => {
    const text = 'id: 7\nevent: incident.opened\ndata: {"a":\ndata: 1}\n\n: heartbeat\n\nevent: reset\ndata: {}\n\n'
    for (let size = 1; size < text.length; size += 1) {
      const parser = new EventParser()
      const events = []
      for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)))
      expect(events).toEqual([
        { name: 'incident.opened', data: '{"a":\n1}', id: '7' },
        { name: 'reset', data: '{}', id: '7' },
      ])
    }
  })

  it('may end its lines like a server of another make', () => {
    expect(new EventParser().push('event: probe\r\ndata: {}\r\n\r\n')).toEqual([{ name: 'probe', data: '{}', id: null }])
  })
})

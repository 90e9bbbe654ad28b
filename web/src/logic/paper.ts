/** What was done on paper while the console was down, and its entry afterwards. Pure. */

import type { IncidentItem, Instant, TimelineEntry } from '@/api/types'
import type { CloseReason } from '@/logic/acts'

export const PAPER_ACTS = ['acknowledge', 'dispatch', 'on_scene', 'resolve', 'close', 'note'] as const
export type PaperAct = (typeof PAPER_ACTS)[number]

/** How far back the centre takes an entry. */
export const LONGEST_BACK = 7 * 24 * 3_600_000

/** A line as it is written into the form; `at` is of a field for date and time. */
export interface PaperLine {
  key: number
  act: PaperAct
  at: string
  responder: string
  reason: CloseReason | ''
  note: string
}

export type PaperProblem = 'time' | 'future' | 'too_old' | 'order' | 'responder' | 'reason' | 'note'

/** The line that usually comes after; it begins at the time of the one before, since paper goes on from there. */
export function nextLine(lines: readonly PaperLine[], from: PaperAct, start: string): PaperLine {
  const last = lines.at(-1)
  const way: Record<PaperAct, PaperAct> = { acknowledge: 'dispatch', dispatch: 'on_scene', on_scene: 'close', resolve: 'close', close: 'note', note: 'close' }
  return { key: Math.max(0, ...lines.map((line) => line.key)) + 1, act: last ? way[last.act] : from, at: last?.at ?? start, responder: '', reason: '', note: '' }
}

/** What of a time cannot be; null when it can. */
export function timeProblem(at: string, now: number): 'time' | 'future' | 'too_old' | null {
  const instant = Date.parse(at)
  if (Number.isNaN(instant)) return 'time'
  if (instant > now) return 'future'
  return instant < now - LONGEST_BACK ? 'too_old' : null
}

/** What is wrong with each line, null where nothing is. Notes may stand anywhere; the steps follow one another. */
export function problemsOf(lines: readonly PaperLine[], happened: string | null, now: number): (PaperProblem | null)[] {
  let latest = happened === null ? Number.NEGATIVE_INFINITY : Date.parse(happened)
  return lines.map((line) => {
    const wrong = timeProblem(line.at, now)
    if (wrong !== null) return wrong
    const at = Date.parse(line.at)
    if (line.act !== 'note') {
      if (at < latest) return 'order'
      latest = at
    }
    if (line.act === 'dispatch' && !line.responder.trim()) return 'responder'
    if (line.act === 'close' && line.reason === '') return 'reason'
    return line.act === 'note' && !line.note.trim() ? 'note' : null
  })
}

/** The lines as the API takes them. */
export function linesToBody(lines: readonly PaperLine[]): Record<string, unknown>[] {
  return lines.map((line) => ({
    act: line.act,
    done_at: new Date(line.at).toISOString(),
    ...(line.act === 'dispatch' ? { responder_name: line.responder.trim() } : {}),
    ...(line.act === 'close' ? { reason: line.reason } : {}),
    ...(line.note.trim() ? { note: line.note.trim() } : {}),
  }))
}

/** Since when an incident is to be reckoned: when it happened, as far as is known. */
export function beganAt(incident: Pick<IncidentItem, 'opened_at' | 'happened_at'>): Instant {
  return incident.happened_at ?? incident.opened_at
}

/** When a line of a story was done, also on paper. */
export function doneAt(entry: Pick<TimelineEntry, 'at' | 'done_at'>): Instant {
  return entry.done_at ?? entry.at
}

/** A story in the order it was done, whenever it was entered; of equals, as entered. Paper has minutes: it counts as their end. */
export function asDone<Entry extends Pick<TimelineEntry, 'id' | 'at' | 'done_at'>>(entries: readonly Entry[]): Entry[] {
  const order = (entry: Entry): number => (entry.done_at === null ? Date.parse(entry.at) : Date.parse(entry.done_at) + 59_999)
  return [...entries].sort((left, right) => order(left) - order(right) || left.id - right.id)
}

/** Seconds until it was taken; null where nobody took it, or paper alone knows when: that is no answer to measure. */
export function answerSeconds(incident: Pick<IncidentItem, 'opened_at' | 'acknowledged_at' | 'entered_afterwards'>): number | null {
  if (incident.acknowledged_at === null || incident.entered_afterwards) return null
  return (Date.parse(incident.acknowledged_at) - Date.parse(incident.opened_at)) / 1_000
}

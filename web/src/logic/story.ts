/** What happened, as data for one sentence; the words are in the locale files. Pure. */

import type { Alert, IncidentItem, TimelineEntry } from '@/api/types'
import { rank } from '@/logic/severity'

type Described = Pick<IncidentItem, 'what' | 'kind' | 'alerts' | 'resident_name' | 'home_name'>

/** The alert the sentence speaks of: the worst that is not cancelled, then the earliest. */
export function topAlert(alerts: readonly Alert[]): Alert | null {
  const ordered = [...alerts].sort(
    (left, right) =>
      Number(left.cancelled) - Number(right.cancelled) ||
      rank(left.severity) - rank(right.severity) ||
      Date.parse(left.raised_at) - Date.parse(right.raised_at),
  )
  return ordered[0] ?? null
}

export interface Story {
  who: string | null
  what: string
  room: string | null
  device: string | null
  /** A measured value that raised it, when there is one. */
  metric: string | null
  value: number | null
  /** Which way it went, for a change over days. */
  trend: 'rise' | 'fall' | null
  /** What is wrong with the system itself: its code, and the name that follows it. */
  trouble: { code: string; name: string } | null
  pending: boolean
  cancelled: boolean
}

export function storyOf(incident: Described): Story {
  const alert = topAlert(incident.alerts)
  const evidence = alert?.evidence ?? {}
  // A change over days calls its metric by another name, and says which way it went.
  const { metric: judged, name, value, direction } = evidence as { metric?: unknown; name?: unknown; value?: unknown; direction?: unknown }
  const trend = direction === 'rise' || direction === 'fall' ? direction : null
  const metric = trend === null ? judged : name
  return {
    who: incident.resident_name ?? incident.home_name,
    what: incident.what || incident.kind,
    room: alert?.device?.room ?? null,
    device: alert?.device?.name ?? null,
    metric: typeof metric === 'string' ? metric : null,
    value: typeof value === 'number' ? value : null,
    trend,
    trouble: alert?.rule === 'system' ? troubleOf(alert.subject) : null,
    pending: incident.alerts.some((entry) => entry.pending && !entry.cancelled),
    cancelled: incident.alerts.length > 0 && incident.alerts.every((entry) => entry.cancelled),
  }
}

function troubleOf(subject: string): NonNullable<Story['trouble']> {
  const [code = '', ...rest] = subject.split(':')
  return { code, name: rest.join(':') }
}

/** Where the words of a trouble may be, the most particular first. */
export function troubleKeys({ code, name }: NonNullable<Story['trouble']>): string[] {
  return [`trouble.${code}_${name.replaceAll(' ', '_')}`, `trouble.${code}`]
}

/** The part of a timeline entry's details that a person wants to read beside it, raw. */
export function detailText(entry: Pick<TimelineEntry, 'details'>): string {
  const { text, note } = (entry.details ?? {}) as { text?: unknown; note?: unknown }
  if (typeof text === 'string') return text
  return typeof note === 'string' ? note : ''
}

/** One detail of a timeline entry as text, or null. */
export function detail(entry: Pick<TimelineEntry, 'details'>, name: string): string | null {
  const value = entry.details?.[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

/** The names in a detail that is one name or a list of them. */
export function namesIn(entry: Pick<TimelineEntry, 'details'>, name: string): string[] {
  const value = entry.details?.[name]
  if (typeof value === 'string' && value !== '') return [value]
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one !== '') : []
}

/** An instant in a detail, or null; the centre writes it with or without its `T`. */
export function instantIn(entry: Pick<TimelineEntry, 'details'>, name: string): string | null {
  const value = entry.details?.[name]
  if (typeof value !== 'string') return null
  const at = Date.parse(value.replace(' ', 'T'))
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

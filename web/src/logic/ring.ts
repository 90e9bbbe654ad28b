/** Whether it rings, and how. It rings until a person has taken it; only a person's act stops it.
 * What is not for the operators rings at no seat. */

import type { IncidentItem, Severity } from '@/api/types'
import { rank } from '@/logic/severity'

type Ringable = Pick<IncidentItem, 'id' | 'severity' | 'state' | 'ring_count' | 'owner' | 'opened_at' | 'for_operators'>

/** How many rings of each incident a person at this seat has heard and answered. */
export type Heard = ReadonlyMap<number, number>

/** Faults and information chime once and do not ring on: a battery must not mask a fall. */
const RINGS_ON: readonly Severity[] = ['critical', 'high', 'medium']

/** Whether this incident should be ringing at the seat of `me`. */
export function rings(incident: Ringable, heard: Heard, me: number | null): boolean {
  if (!incident.for_operators || !RINGS_ON.includes(incident.severity)) return false
  if (incident.state === 'open') return true
  if (incident.state === 'closed' || incident.state === 'resolved') return false
  const answered = heard.get(incident.id)
  const mine = incident.owner === null || incident.owner.id === me
  return mine && answered !== undefined && incident.ring_count > answered
}

/** The sound that should be playing now: that of the worst ringing incident, or null for silence. */
export function soundNow(incidents: Iterable<Ringable>, heard: Heard, me: number | null): Severity | null {
  let found: Severity | null = null
  for (const incident of incidents) {
    if (rings(incident, heard, me) && (found === null || rank(incident.severity) < rank(found))) found = incident.severity
  }
  return found
}

/** What counts as answered after these incidents were seen: everything somebody took, at the ring they took it. */
export function hear(heard: Heard, incidents: Iterable<Ringable>): Map<number, number> {
  const next = new Map<number, number>()
  for (const incident of incidents) {
    if (incident.state === 'open') continue
    next.set(incident.id, heard.get(incident.id) ?? incident.ring_count)
  }
  return next
}

/** The title of the window: the count always, the person's name every other second while it rings. */
export function windowTitle(base: string, waiting: number, ringing: string | null, second: number): string {
  if (waiting === 0) return base
  if (ringing !== null && second % 2 === 0) return `(${waiting}) ${ringing}`
  return `(${waiting}) ${base}`
}

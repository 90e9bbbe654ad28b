/** The order of the queue. Nothing here hides an open incident; nothing moves while somebody is in the list. */

import type { IncidentItem } from '@/api/types'
import { rank } from '@/logic/severity'

type Ordered = Pick<IncidentItem, 'id' | 'severity' | 'state' | 'opened_at'>

/** Not taken first, then the worst, then the oldest. */
export function byUrgency(left: Ordered, right: Ordered): number {
  const taken = Number(left.state !== 'open') - Number(right.state !== 'open')
  if (taken !== 0) return taken
  const severity = rank(left.severity) - rank(right.severity)
  if (severity !== 0) return severity
  const opened = Date.parse(left.opened_at) - Date.parse(right.opened_at)
  return opened === 0 ? left.id - right.id : opened
}

export interface Arrangement {
  /** Ids in the order to show. */
  order: number[]
  /** Ids that came in while the list was held, and so stand at its end. */
  arrivals: number[]
}

/**
 * The order to show next. While `held` every row keeps its place (a closed one too, as a ghost) and new ones come last;
 * otherwise the list is sorted and closed rows leave.
 */
export function arrange(previous: Arrangement, items: ReadonlyMap<number, Ordered>, held: boolean): Arrangement {
  const open = [...items.values()].filter((item) => item.state !== 'closed')
  if (!held) return { order: open.sort(byUrgency).map((item) => item.id), arrivals: [] }
  const shown = previous.order.filter((id) => items.has(id))
  const known = new Set(shown)
  const fresh = open.filter((item) => !known.has(item.id)).sort(byUrgency)
  const freshIds = fresh.map((item) => item.id)
  const arrivals = [...previous.arrivals.filter((id) => known.has(id) && items.get(id)?.state !== 'closed'), ...freshIds]
  return { order: [...shown, ...freshIds], arrivals }
}

/** Whether `incoming` is newer than what is shown: answers and live events may overtake each other. */
export function isNewer(incoming: Pick<IncidentItem, 'version'>, shown: Pick<IncidentItem, 'version'> | undefined): boolean {
  return shown === undefined || incoming.version >= shown.version
}

/** The row after (or before) the selected one, as the keys J and K want it. */
export function neighbour(order: readonly number[], selected: number | null, step: 1 | -1): number | null {
  if (order.length === 0) return null
  const at = selected === null ? -1 : order.indexOf(selected)
  if (at === -1) return (step === 1 ? order[0] : order.at(-1)) ?? null
  return order[Math.min(order.length - 1, Math.max(0, at + step))] ?? null
}

/** What stands beside the queue because it is not for the operators. Pure. */

import type { IncidentItem } from '@/api/types'
import { neighbour } from '@/logic/queue'

/** The key that opens and folds their list. */
export const OTHERS_KEY = 'E'

/** Only where the queue holds what is for the operators, and nothing else, is there anything beside it. */
export function hasOthers(role: string | undefined): boolean {
  return role === 'operator'
}

/** Whether an incident somebody opened stays out of the operators' queue. What is for them never does, nor what already stands there. */
export function standsBeside(incident: Pick<IncidentItem, 'for_operators'>, inQueue: boolean): boolean {
  return !incident.for_operators && !inQueue
}

/** The row the keys J and K go to: of the list the chosen one stands in, and never from one list into the other. */
export function nextRow(queue: readonly number[], others: readonly number[], othersShown: boolean, selected: number | null, step: 1 | -1): number | null {
  const inOthers = othersShown && selected !== null && others.includes(selected) && !queue.includes(selected)
  return neighbour(inOthers ? others : queue, selected, step)
}

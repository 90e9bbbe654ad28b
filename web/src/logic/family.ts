/** What a family is told. Pure. What is old is never called normal. */

import type { FamilyHome, Verdict } from '@/api/types'
import { CHANNELS } from '@/logic/escalation'
import { namesIn } from '@/logic/story'

/** An answer of the API older than this says nothing about now. */
export const STALE_MILLISECONDS = 120_000

/** The verdict to show, given when the answer was received. An open incident stays one; all else becomes unknown. */
export function verdictNow(home: Pick<FamilyHome, 'verdict'>, receivedAt: number, now: number): Verdict {
  if (home.verdict === 'incident' || now - receivedAt <= STALE_MILLISECONDS) return home.verdict
  return 'unknown'
}

/** The code of the sentence for what is shown. */
export function sentenceCode(home: Pick<FamilyHome, 'verdict' | 'sentence_code'>, shown: Verdict): string {
  return shown === home.verdict ? home.sentence_code : 'not_reached'
}

/** The acts a family follows; what the centre does within itself is left out. */
const TOLD = new Set(['opened', 'acknowledged', 'dispatched', 'on_scene', 'resolved', 'closed', 'reopened', 'alert_returned', 'fall_cancelled', 'fall_confirmed', 'escalated', 'family_told', 'page_answered'])

/** Those who were told, by name; an address has none, and no family wants to read of one. */
export function peopleIn(step: { details: Record<string, unknown> | null }): string[] {
  return namesIn(step, 'to').filter((name) => !(CHANNELS as readonly string[]).includes(name))
}

/** Who cannot come is not told on; who comes is. */
export function stepsToTell<Step extends { act: string; details: Record<string, unknown> | null }>(steps: readonly Step[]): Step[] {
  return steps.filter((step) => {
    if (step.act === 'page_answered') return step.details?.['answer'] === 'accepted'
    return TOLD.has(step.act) && (step.act !== 'escalated' || peopleIn(step).length > 0)
  })
}

/** The names of who lives there, as one would say them. */
export function names(residents: readonly string[], home: string, and: string): string {
  return residents.length === 0 ? home : residents.join(and)
}

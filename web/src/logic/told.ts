/** Who was told of an incident, over what, and what they answered; step by step of its escalation. Pure. */

import type { Escalation, EscalationPreview, EscalationStep, Instant, PageSent } from '@/api/types'

export type ToldStatus = 'waiting' | 'sent' | 'delivered' | 'read' | 'undelivered' | 'failed' | 'given_up' | 'accepted' | 'declined' | 'received'

export interface Told {
  name: string | null
  channels: string[]
  status: ToldStatus
  /** When that was. */
  at: Instant | null
}

export interface ToldStep {
  after_seconds: number
  /** What its targets are; only addresses have no names. */
  who: EscalationStep['who']
  state: 'done' | 'next' | 'waiting'
  at: Instant | null
  told: Told[]
  /** Whom it would reach if it began now; known only for steps that are still to come. */
  expected: { name: string; channels: string[] }[]
  /** It was taken and reached nobody, or would reach nobody if it began now. */
  nobody: boolean
}

/** From the least that is known to the most; what a person answered counts above all. */
const ORDER: readonly ToldStatus[] = ['given_up', 'failed', 'undelivered', 'waiting', 'sent', 'delivered', 'read', 'received', 'declined', 'accepted']
const OF_STATE: Record<string, ToldStatus> = { pending: 'waiting', claimed: 'waiting', sent: 'sent', failed: 'failed', given_up: 'given_up' }

function statusOf(page: PageSent): { status: ToldStatus; at: Instant | null } {
  const answer = page.answers.at(-1)
  if (answer) return { status: answer.answer, at: answer.at }
  if (page.delivery === 'read' || page.delivery === 'delivered' || page.delivery === 'undelivered') return { status: page.delivery, at: page.delivery_at }
  return { status: OF_STATE[page.state] ?? 'waiting', at: page.sent_at }
}

/** Each person once, with every channel used and the furthest that is known. */
export function toldOf(pages: readonly PageSent[]): Told[] {
  const people = new Map<string, Told>()
  for (const page of pages) {
    const { status, at } = statusOf(page)
    const key = page.person_name ?? `${page.channel} ${page.target}`
    const known = people.get(key)
    if (known === undefined) {
      people.set(key, { name: page.person_name, channels: [page.channel], status, at })
      continue
    }
    if (!known.channels.includes(page.channel)) known.channels.push(page.channel)
    if (ORDER.indexOf(status) >= ORDER.indexOf(known.status)) Object.assign(known, { status, at })
  }
  return [...people.values()]
}

/** The steps of the round that runs or ran last. A preview counts only when it is of the very policy the incident froze. */
export function stepsOf(escalation: Escalation, pages: readonly PageSent[], preview: EscalationPreview | null): ToldStep[] {
  const same = preview !== null && preview.policy === escalation.policy && preview.version === escalation.version
  return escalation.steps.map((step, index) => {
    const told = toldOf(pages.filter((page) => page.step === index && page.round === escalation.round))
    // An address has no name but its channel's; the step itself says what it is.
    const people = step.state === 'done' || !same ? [] : (preview.steps[index]?.people ?? []).filter(({ person }) => person !== null)
    const expected = people.map(({ name, channels }) => ({ name, channels }))
    return { after_seconds: step.after_seconds, who: step.who, state: step.state, at: step.at, told, expected, nobody: told.length === 0 && (step.state === 'done' || (same && preview.steps[index]?.nobody === true)) }
  })
}

/** Addresses nobody entered: such a step means nobody, and is left out. */
export function isEmpty(step: ToldStep): boolean {
  return step.nobody && step.who.every((who) => who === 'fallback' || who === 'address' || who === 'second_centre')
}

/** News to the family, which no step sends. */
export function familyTold(pages: readonly PageSent[]): Told[] {
  return toldOf(pages.filter((page) => page.cause === 'family_opened' || page.cause === 'family_step'))
}

/** Whole seconds until a step begins; 0 once it is due. */
export function secondsLeft(at: Instant, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(at) - now) / 1_000))
}

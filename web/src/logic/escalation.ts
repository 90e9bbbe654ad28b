/** Escalation policies: what they are made of, and their time line. Pure. */

import type { components } from '@/api/schema'
import type { Whole } from '@/api/whole'

type Schemas = components['schemas']

export const CHANNELS = ['sms', 'voice', 'apprise', 'web_push', 'webhook'] as const
export type Channel = (typeof CHANNELS)[number]
export const WHO = ['roster', 'role', 'user', 'contacts', 'fallback', 'address', 'second_centre'] as const
export type Who = (typeof WHO)[number]

export type Target = Whole<Schemas['Target']>
export type Step = Whole<Schemas['Step']>
export type PolicySpec = Whole<Schemas['PolicySpec']>

export const freshTarget = (who: Who = 'role'): Target => ({ who, roster: null, role: who === 'role' ? 'supervisor' : null, user: null, address: null, one_after_another_seconds: null })

/** A target asked again who it is: what belongs to another kind of target is dropped. */
export function retarget(who: Who): Target {
  return freshTarget(who)
}

/** A step to add: after the last one, by as much again as that one waited, and at least half a minute later. */
export function nextStep(steps: readonly Step[]): Step {
  const last = steps.at(-1)?.after_seconds ?? 0
  return { after_seconds: steps.length === 0 ? 30 : last + Math.max(30, last), targets: [freshTarget()], channels: [], retry_for_seconds: 3_600 }
}

/** Steps in the order of their delay; equal ones keep theirs. */
export function inOrder(steps: readonly Step[]): Step[] {
  return [...steps].sort((left, right) => left.after_seconds - right.after_seconds)
}

/** A policy to begin with: the default clocks of a centre. */
export function freshPolicy(): PolicySpec {
  return {
    code: '',
    name: '',
    area: null,
    severities: ['critical', 'high'],
    steps: [
      { after_seconds: 30, targets: [freshTarget('role')], channels: [], retry_for_seconds: 3_600 },
      { after_seconds: 60, targets: [freshTarget('contacts')], channels: ['voice', 'sms'], retry_for_seconds: 3_600 },
    ],
    repeat: 0,
    repeat_after_seconds: 300,
  }
}

/** How far below the one before a step is drawn, in pixels: longer waits look longer, and an hour still fits. */
export function gapPixels(before: number, after: number): number {
  const gap = Math.max(0, after - before)
  return gap === 0 ? 0 : Math.round(Math.min(72, 10 * Math.log2(1 + gap / 10)))
}

/** What is missing before the API can be asked, by step; empty when nothing is. */
export function incomplete(steps: readonly Step[]): number[] {
  const lacks = (target: Target): boolean =>
    (target.who === 'roster' && !target.roster) || (target.who === 'role' && !target.role) || (target.who === 'user' && !target.user) || (target.who === 'address' && !target.address)
  return steps.flatMap((step, index) => (step.targets.length === 0 || step.targets.some(lacks) ? [index] : []))
}

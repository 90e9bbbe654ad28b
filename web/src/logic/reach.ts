/** What tests of the ways to reach people tell. Pure. */

import type { Instant } from '@/api/types'

interface Tested {
  state: 'scheduled' | 'sent' | 'answered' | 'unanswered' | 'failed'
  sent_at: Instant | null
  answered_at: Instant | null
}

export interface TestFigures {
  total: number
  answered: number
  waiting: number
  missed: number
  failed: number
  /** Seconds of the middle answer; null of none. */
  median: number | null
}

/** Seconds from sending to the answer; null while there is none. */
export function answerSeconds(test: Tested): number | null {
  if (test.sent_at === null || test.answered_at === null) return null
  return Math.max(0, Math.round((Date.parse(test.answered_at) - Date.parse(test.sent_at)) / 1_000))
}

export function testFigures(tests: readonly Tested[]): TestFigures {
  const count = (state: Tested['state']): number => tests.filter((test) => test.state === state).length
  const times = tests.flatMap((test) => answerSeconds(test) ?? []).sort((left, right) => left - right)
  return {
    total: tests.length,
    answered: count('answered'),
    waiting: count('scheduled') + count('sent'),
    missed: count('unanswered'),
    failed: count('failed'),
    median: times[Math.floor((times.length - 1) / 2)] ?? null,
  }
}

/** Tests that need somebody first, then the newest. */
export function orderTests<Test extends Tested & { id: number }>(tests: readonly Test[]): Test[] {
  const needs = (test: Test): number => (test.state === 'failed' || test.state === 'unanswered' ? 0 : 1)
  return [...tests].sort((left, right) => needs(left) - needs(right) || right.id - left.id)
}

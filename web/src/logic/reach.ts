/** What tests of the ways to reach people tell. Pure. */

interface Tested {
  state: 'scheduled' | 'sent' | 'answered' | 'unanswered' | 'failed'
  answered_after_seconds: number | null
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

export function testFigures(tests: readonly Tested[]): TestFigures {
  const count = (state: Tested['state']): number => tests.filter((test) => test.state === state).length
  const times = tests.flatMap((test) => test.answered_after_seconds ?? []).sort((left, right) => left - right)
  return {
    total: tests.length,
    answered: count('answered'),
    waiting: count('scheduled') + count('sent'),
    missed: count('unanswered'),
    failed: count('failed'),
    median: times.length === 0 ? null : Math.round(times[Math.floor((times.length - 1) / 2)] ?? 0),
  }
}

/** Tests that need somebody first, then the newest. */
export function orderTests<Test extends Tested & { id: number }>(tests: readonly Test[]): Test[] {
  const needs = (test: Test): number => (test.state === 'failed' || test.state === 'unanswered' ? 0 : 1)
  return [...tests].sort((left, right) => needs(left) - needs(right) || right.id - left.id)
}

/** The answer page: which sentence to show and which buttons, from what the API says of a link. Pure. */

import type { AnswerView } from '@/api/types'

export type AnswerName = AnswerView['can'][number]

/** The code of the sentence that tells the outcome; null while the page still asks. */
export function outcome(view: Pick<AnswerView, 'given' | 'kind' | 'refusal'>): string | null {
  if (view.given === 'accepted' || view.given === 'declined') return view.given
  if (view.given === 'received') return view.kind === 'test' ? 'test_done' : 'received'
  return view.refusal === null ? null : 'refused'
}

/** How the outcome looks: done, noted, or not possible. */
export function outcomeTone(code: string): 'good' | 'plain' | 'stop' {
  if (code === 'refused' || code === 'broken') return 'stop'
  return code === 'declined' ? 'plain' : 'good'
}

/** A telephone number as a link. */
export const dial = (phone: string): string => `tel:${phone.replaceAll(/[^0-9+*#]/g, '')}`

/** The timed steps of each kind of incident: what to do, and by when, counted from its opening. */

export interface ScriptStep {
  key: string
  /** Seconds after the opening by which it should be done. */
  by_seconds: number
}

const PERSON: ScriptStep[] = [
  { key: 'call_home', by_seconds: 30 },
  { key: 'call_again', by_seconds: 60 },
  { key: 'call_contacts', by_seconds: 120 },
  { key: 'send_someone', by_seconds: 180 },
]

const SCRIPTS: Record<string, ScriptStep[]> = {
  sos: PERSON,
  fall: [{ key: 'do_not_move', by_seconds: 30 }, ...PERSON],
  smoke: [
    { key: 'call_fire', by_seconds: 30 },
    { key: 'leave_home', by_seconds: 45 },
    { key: 'call_neighbours', by_seconds: 90 },
    { key: 'send_someone', by_seconds: 120 },
  ],
  gas: [
    { key: 'no_flame', by_seconds: 30 },
    { key: 'leave_home', by_seconds: 45 },
    { key: 'call_gas_company', by_seconds: 90 },
    { key: 'send_someone', by_seconds: 120 },
  ],
  water: [
    { key: 'call_home', by_seconds: 60 },
    { key: 'close_valve', by_seconds: 120 },
    { key: 'call_contacts', by_seconds: 180 },
    { key: 'send_someone', by_seconds: 600 },
  ],
  vitals: [
    { key: 'call_home', by_seconds: 120 },
    { key: 'measure_again', by_seconds: 300 },
    { key: 'call_doctor', by_seconds: 600 },
    { key: 'call_contacts', by_seconds: 900 },
  ],
  doctor_call: [
    { key: 'answer_call', by_seconds: 10 },
    { key: 'next_doctor', by_seconds: 20 },
    { key: 'call_home', by_seconds: 60 },
  ],
  fault: [
    { key: 'call_home', by_seconds: 3_600 },
    { key: 'interim_cover', by_seconds: 14_400 },
    { key: 'plan_visit', by_seconds: 172_800 },
  ],
}

const ALIKE: Record<string, string> = { co: 'smoke', battery: 'fault', silence: 'fault', device_fault: 'fault', system: 'fault' }

/** The steps for a kind; a kind nobody wrote a script for gets the one for a person in need. */
export function scriptFor(kind: string): ScriptStep[] {
  return SCRIPTS[kind] ?? SCRIPTS[ALIKE[kind] ?? 'sos'] ?? PERSON
}

const DONE = /^\[step:([a-z_]+)\]\s*/

/** The text of the note that says a step was done; the words are for people, the mark for the page. */
export function doneNote(key: string, words: string): string {
  return `[step:${key}] ${words}`
}

/** A note's step and words. */
export function readNote(text: string): { step: string | null; words: string } {
  const found = DONE.exec(text)
  return found ? { step: found[1] ?? null, words: text.replace(DONE, '') } : { step: null, words: text }
}

/** By when each step of a script should be done, counted from the opening; the API says which steps and in which order. */

/** Seconds for a danger to life. */
const BY_SECONDS: Record<string, number> = {
  call_home: 30,
  call_home_again: 60,
  ask_what_happened: 60,
  ask_injury: 60,
  ask_symptoms: 90,
  do_not_move: 60,
  call_fire_brigade: 30,
  leave_home: 45,
  close_valve: 60,
  close_water: 90,
  open_windows: 60,
  no_switches: 60,
  call_contacts: 120,
  send_responder: 180,
  call_ambulance: 240,
  call_gas_company: 240,
  check_neighbours: 240,
  measure_again: 180,
  call_doctor: 300,
}

const FAULT: Record<string, number> = { call_home: 3_600, check_power: 3_600, interim_checks: 14_400, plan_visit: 172_800 }

/** Kinds with clocks of their own: a doctor's call is answered in 10 s, a fault is visited in two working days, many homes take longer. */
const OWN: Record<string, Record<string, number>> = {
  doctor_call: { answer_call: 10, call_next_doctor: 20, call_home: 60 },
  battery: FAULT,
  silence: FAULT,
  device_fault: FAULT,
  outage: { check_power: 120, call_home: 600, call_contacts: 900, send_responder: 1_800, interim_checks: 3_600 },
  system: { check_system: 120, tell_engineer: 300 },
}

/** Seconds after the opening by which a step is due, or null when it has no clock. */
export function dueSeconds(kind: string, step: string): number | null {
  return OWN[kind] === undefined ? (BY_SECONDS[step] ?? null) : (OWN[kind][step] ?? null)
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

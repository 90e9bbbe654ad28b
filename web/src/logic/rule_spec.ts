/** What a rule says, as the API has it. Durations are seconds, times of day `HH:MM` of the centre. Pure. */

import type { components } from '@/api/schema'
import type { Whole } from '@/api/whole'

export const RULE_KINDS = ['signal', 'threshold', 'trend', 'sequence', 'inactivity', 'absence', 'battery', 'outage', 'geofence', 'routine'] as const
export type RuleKind = (typeof RULE_KINDS)[number]

type Schemas = components['schemas']
export type Happening = Whole<Schemas['Happening']>
export type DayWindow = Whole<Schemas['Window']>
export type Circle = Whole<Schemas['Circle']>
export type SignalRule = Whole<Schemas['SignalRule']>
export type ThresholdRule = Whole<Schemas['ThresholdRule']>
export type TrendRule = Whole<Schemas['TrendRule']>
export type SequenceRule = Whole<Schemas['SequenceRule']>
export type InactivityRule = Whole<Schemas['InactivityRule']>
export type AbsenceRule = Whole<Schemas['AbsenceRule']>
export type BatteryRule = Whole<Schemas['BatteryRule']>
export type OutageRule = Whole<Schemas['OutageRule']>
export type GeofenceRule = Whole<Schemas['GeofenceRule']>
export type RoutineRule = Whole<Schemas['RoutineRule']>
export type RuleSpec = SignalRule | ThresholdRule | TrendRule | SequenceRule | InactivityRule | AbsenceRule | BatteryRule | OutageRule | GeofenceRule | RoutineRule
type RuleBase = Omit<AbsenceRule, 'kind' | 'silence_seconds'>

/** What counts as somebody moving about, unless a rule says otherwise. */
export const MOVEMENT: Happening = {
  signals: ['motion.seen', 'presence.on', 'door.opened', 'door.closed', 'bed.entered', 'bed.left', 'sign_in.made', 'stove.on'],
  metric: 'motion',
  above: 0.5,
  below: null,
  rooms: [],
}

/** Whether it means movement as such: seen by a signal as well as by a reading, whatever else it names. */
export function isMovement(happening: Happening): boolean {
  return happening.metric === MOVEMENT.metric && happening.signals.includes('motion.seen')
}

/** A rule of a kind to begin with: it says something sensible, and only watches until somebody says otherwise. */
export function freshRule(kind: RuleKind): RuleSpec {
  const base: RuleBase = {
    code: '',
    name: { zh: '', en: '' },
    severity: 'medium',
    raises: 'other',
    lane: 'life',
    audience: ['operators'],
    playbook: null,
    enabled: true,
    monitor: true,
    applies: { areas: [], homes: [], residents: [], profiles: [], homes_with: [] },
  }
  const night: DayWindow = { since: null, until: null, named: 'sleep' }
  switch (kind) {
    case 'signal':
      return { ...base, kind, on: [], off: [], cancel: [], cancelled_severity: 'medium', note: [], confirm_seconds: null, confirm_only_with_profile_window: true, during: null }
    case 'threshold':
      return { ...base, kind, raises: 'vitals', metric: 'heart_rate', low: null, high: null, far_low: null, far_high: null, far_severity: null, hysteresis: 0, hold_seconds: 0, limits_of_profile: false, during: null }
    case 'trend':
      return { ...base, kind, raises: 'vitals', metric: 'weight', statistic: 'mean', during: null, over_days: 7, direction: 'either', change: 2, relative: false, at_least_days: 3 }
    case 'sequence':
      return { ...base, kind, first: { signals: ['door.opened'], metric: null, above: null, below: null, rooms: [] }, then: { ...MOVEMENT }, expected: false, within_seconds: 900, during: night, only_when_nobody_home: false, worsens: null }
    case 'inactivity':
      return { ...base, kind, raises: 'inactivity', activity: { ...MOVEMENT }, none_for_seconds: 12 * 3_600, none_in: null, longer_than_seconds: null, rooms: [], during: { since: null, until: null, named: 'daylight' } }
    case 'absence':
      return { ...base, kind, severity: 'low', raises: 'silence', lane: 'fault', silence_seconds: null }
    case 'battery':
      return { ...base, kind, severity: 'low', raises: 'battery', lane: 'fault', on: ['battery.low'], off: ['battery.ok'], low_percent: null, hysteresis_percent: null }
    case 'outage':
      return { ...base, kind, severity: 'high', raises: 'outage', homes_at_least: 5, share_at_least: 0.3, within_seconds: 60 }
    case 'geofence':
      return { ...base, kind, severity: 'high', raises: 'wandering', circles: [], home_radius_metres: 500, outside: true, hold_seconds: 120, worst_accuracy_metres: 200, during: null }
    case 'routine':
      return { ...base, kind, severity: 'info', raises: 'inactivity', monitor: true }
  }
}

/** Whether it can be run over the stored days of homes: an outage looks at whole areas, a routine is not evaluated yet. */
export const canBacktest = (kind: string): boolean => kind !== 'outage' && kind !== 'routine'

/** Metrics with the unit a person would say; empty where there is none. */
export const METRIC_UNITS: Record<string, string> = {
  heart_rate: '1/min',
  respiration_rate: '1/min',
  spo2: '%',
  systolic: 'mmHg',
  diastolic: 'mmHg',
  blood_glucose: 'mmol/L',
  body_temperature: '°C',
  temperature: '°C',
  weight: 'kg',
  steps: '',
  humidity: '%',
  co2: 'ppm',
  co: 'ppm',
  gas: '%LEL',
  pm25: 'µg/m³',
  illuminance: 'lx',
  noise: 'dB',
  power: 'W',
  energy: 'kWh',
  water: 'L',
  battery: '%',
  voltage: 'V',
  motion: '',
  presence: '',
  contact_open: '',
  in_bed: '',
}

/** A rule as the flat values of a form, and back. Pure. What the form does not show is kept as it was. */

import type { Severity } from '@/api/types'
import type { Values, Value } from '@/components/fields'
import type { Circle, DayWindow, Happening, InactivityRule, RuleSpec } from '@/logic/rule_spec'

export type InactivityForm = 'none_for' | 'none_in' | 'longer'

/** Which of its three questions an inactivity rule asks. */
export function inactivityForm(spec: InactivityRule): InactivityForm {
  if (spec.none_in !== null) return 'none_in'
  return spec.longer_than_seconds === null ? 'none_for' : 'longer'
}

const text = (value: Value | undefined): string => String(value ?? '').trim()
const list = (value: Value | undefined): string[] => (Array.isArray(value) ? value : text(value).split(/[\s,，、]+/).filter(Boolean))
const shown = (value: number | null): string => (value === null ? '' : String(value))

function number(value: Value | undefined): number | null {
  const written = text(value).replace(',', '.')
  if (written === '') return null
  const read = Number(written)
  return Number.isFinite(read) ? read : null
}

function windowValues(name: string, window: DayWindow | null): Values {
  const when = window === null ? 'any' : (window.named ?? 'times')
  return { [`${name}_when`]: when, [`${name}_since`]: window?.since ?? '', [`${name}_until`]: window?.until ?? '' }
}

function windowOf(name: string, values: Values): DayWindow | null {
  const when = values[`${name}_when`]
  if (when === 'sleep' || when === 'daylight') return { since: null, until: null, named: when }
  if (when !== 'times') return null
  return { since: text(values[`${name}_since`]) || null, until: text(values[`${name}_until`]) || null, named: null }
}

function happeningValues(name: string, happening: Happening): Values {
  return {
    [`${name}_signals`]: happening.signals,
    [`${name}_metric`]: happening.metric ?? '',
    [`${name}_above`]: shown(happening.above),
    [`${name}_below`]: shown(happening.below),
    [`${name}_rooms`]: happening.rooms,
  }
}

function happeningOf(name: string, values: Values): Happening {
  const metric = text(values[`${name}_metric`]) || null
  return {
    signals: list(values[`${name}_signals`]),
    metric,
    above: metric === null ? null : number(values[`${name}_above`]),
    below: metric === null ? null : number(values[`${name}_below`]),
    rooms: list(values[`${name}_rooms`]),
  }
}

/** Circles are written one a line: latitude, longitude, radius. */
export function readCircles(written: string): Circle[] {
  return written
    .split('\n')
    .map((line) => line.split(/[\s,，]+/).filter(Boolean).map(Number))
    .flatMap(([latitude, longitude, radius]) => (latitude === undefined || longitude === undefined || radius === undefined ? [] : [{ latitude, longitude, radius_metres: radius }]))
}

function ownValues(spec: RuleSpec): Values {
  switch (spec.kind) {
    case 'signal':
      return { on: spec.on, off: spec.off, cancel: spec.cancel, cancelled_severity: spec.cancelled_severity, note: spec.note, confirm_seconds: spec.confirm_seconds, confirm_only_with_profile_window: spec.confirm_only_with_profile_window, ...windowValues('during', spec.during) }
    case 'threshold':
      return { metric: spec.metric ?? '', limits_of_profile: spec.limits_of_profile, low: shown(spec.low), high: shown(spec.high), far_low: shown(spec.far_low), far_high: shown(spec.far_high), far_severity: spec.far_severity ?? '', hysteresis: shown(spec.hysteresis), hold_seconds: spec.hold_seconds || null, ...windowValues('during', spec.during) }
    case 'trend':
      return { metric: spec.metric, statistic: spec.statistic, direction: spec.direction, change: shown(spec.change), relative: spec.relative, over_days: shown(spec.over_days), at_least_days: shown(spec.at_least_days), ...windowValues('during', spec.during) }
    case 'sequence':
      return { ...happeningValues('first', spec.first), ...happeningValues('then', spec.then), expected: spec.expected ? 'follows' : 'missing', within_seconds: spec.within_seconds, only_when_nobody_home: spec.only_when_nobody_home, worsens: spec.worsens ?? '', ...windowValues('during', spec.during) }
    case 'inactivity':
      return { form: inactivityForm(spec), none_for_seconds: spec.none_for_seconds, longer_than_seconds: spec.longer_than_seconds, rooms: spec.rooms, ...happeningValues('activity', spec.activity), ...windowValues('none_in', spec.none_in), ...windowValues('during', spec.during) }
    case 'absence':
      return { silence_seconds: spec.silence_seconds }
    case 'battery':
      return { low_percent: shown(spec.low_percent), hysteresis_percent: shown(spec.hysteresis_percent) }
    case 'outage':
      return { homes_at_least: shown(spec.homes_at_least), share_percent: shown(Math.round(spec.share_at_least * 100)), within_seconds: spec.within_seconds }
    case 'geofence':
      return { outside: spec.outside ? 'outside' : 'inside', home_radius_metres: shown(spec.home_radius_metres), circles: spec.circles.map((circle) => `${circle.latitude}, ${circle.longitude}, ${circle.radius_metres}`).join('\n'), hold_seconds: spec.hold_seconds || null, worst_accuracy_metres: shown(spec.worst_accuracy_metres), ...windowValues('during', spec.during) }
    case 'routine':
      return {}
  }
}

/** The form's values for a rule. */
export function toValues(spec: RuleSpec): Values {
  const { areas, homes, profiles, homes_with } = spec.applies
  return {
    code: spec.code,
    name_zh: spec.name.zh,
    name_en: spec.name.en,
    severity: spec.severity,
    raises: spec.raises,
    lane: spec.lane,
    audience: spec.audience,
    playbook: spec.playbook ?? '',
    enabled: spec.enabled,
    monitor: spec.monitor,
    areas,
    homes: homes.join(' '),
    profiles,
    homes_with,
    ...ownValues(spec),
  }
}

function own(spec: RuleSpec, values: Values): RuleSpec {
  const during = windowOf('during', values)
  // What must be a number and is none goes out as it was written down: the API says so in words.
  const must = (name: string): number => number(values[name]) ?? (null as unknown as number)
  switch (spec.kind) {
    case 'signal':
      return { ...spec, on: list(values['on']), off: list(values['off']), cancel: list(values['cancel']), cancelled_severity: text(values['cancelled_severity']) as Severity, note: list(values['note']), confirm_seconds: number(values['confirm_seconds']), confirm_only_with_profile_window: values['confirm_only_with_profile_window'] === true, during }
    case 'threshold':
      return { ...spec, metric: text(values['metric']) || null, limits_of_profile: values['limits_of_profile'] === true, low: number(values['low']), high: number(values['high']), far_low: number(values['far_low']), far_high: number(values['far_high']), far_severity: (text(values['far_severity']) || null) as Severity | null, hysteresis: number(values['hysteresis']) ?? 0, hold_seconds: number(values['hold_seconds']) ?? 0, during }
    case 'trend':
      return { ...spec, metric: text(values['metric']), statistic: text(values['statistic']) as 'mean', direction: text(values['direction']) as 'rise', change: must('change'), relative: values['relative'] === true, over_days: must('over_days'), at_least_days: must('at_least_days'), during }
    case 'sequence':
      return { ...spec, first: happeningOf('first', values), then: happeningOf('then', values), expected: values['expected'] === 'follows', within_seconds: must('within_seconds'), only_when_nobody_home: values['only_when_nobody_home'] === true, worsens: text(values['worsens']) || null, during }
    case 'inactivity': {
      const form = values['form'] as InactivityForm
      const longer = form === 'longer'
      return { ...spec, activity: happeningOf('activity', values), none_for_seconds: form === 'none_for' ? must('none_for_seconds') : null, none_in: form === 'none_in' ? windowOf('none_in', values) : null, longer_than_seconds: longer ? must('longer_than_seconds') : null, rooms: longer ? list(values['rooms']) : [], during }
    }
    case 'absence':
      return { ...spec, silence_seconds: number(values['silence_seconds']) }
    case 'battery':
      return { ...spec, low_percent: number(values['low_percent']), hysteresis_percent: number(values['hysteresis_percent']) }
    case 'outage':
      return { ...spec, homes_at_least: must('homes_at_least'), share_at_least: must('share_percent') / 100, within_seconds: must('within_seconds') }
    case 'geofence':
      return { ...spec, outside: values['outside'] !== 'inside', home_radius_metres: must('home_radius_metres'), circles: readCircles(text(values['circles'])), hold_seconds: number(values['hold_seconds']) ?? 0, worst_accuracy_metres: must('worst_accuracy_metres'), during }
    case 'routine':
      return spec
  }
}

/** The rule that the form's values say, beginning from the rule the form was opened with. */
export function toSpec(values: Values, before: RuleSpec): RuleSpec {
  return {
    ...own(before, values),
    code: text(values['code']),
    name: { zh: text(values['name_zh']), en: text(values['name_en']) },
    severity: text(values['severity']) as Severity,
    raises: text(values['raises']),
    lane: text(values['lane']) as 'life',
    audience: list(values['audience']) as RuleSpec['audience'],
    playbook: text(values['playbook']) || null,
    enabled: values['enabled'] === true,
    monitor: before.kind === 'routine' || values['monitor'] === true,
    applies: { ...before.applies, areas: list(values['areas']), homes: list(values['homes']), profiles: list(values['profiles']), homes_with: list(values['homes_with']) },
  } as RuleSpec
}

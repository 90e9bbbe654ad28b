/** The form of each kind of rule: concrete fields, in the order a person thinks. */

import type { AreaRow, Profile } from '@/api/types'
import type { Field, Values } from '@/components/fields'
import { wordsFor } from '@/i18n'
import { METRIC_UNITS, type RuleKind } from '@/logic/rule_spec'
import { SEVERITIES } from '@/logic/severity'

type Translate = (key: string, values?: Record<string, unknown>) => string
type Option = { value: string; label: string }

export interface Choices {
  areas: readonly AreaRow[]
  profiles: readonly Profile[]
  rules: readonly Option[]
  playbooks: readonly string[]
  language: 'zh-CN' | 'en'
}

const SIGNALS = [
  'sos.pressed', 'sos.cancelled', 'fall.detected', 'fall.cancelled', 'smoke.on', 'smoke.off', 'gas.on', 'gas.off', 'co.on', 'co.off', 'water.on', 'water.off',
  'tamper.on', 'tamper.off', 'fault.on', 'fault.off', 'battery.low', 'battery.ok', 'power.lost', 'power.restored', 'device.tested', 'call.requested', 'call.ended',
  'motion.seen', 'presence.on', 'presence.off', 'door.opened', 'door.closed', 'bed.entered', 'bed.left', 'worn.on', 'worn.off', 'sign_in.made', 'zone.entered', 'zone.left', 'stove.on', 'stove.off',
]
const RAISES = ['sos', 'fall', 'smoke', 'gas', 'co', 'water', 'vitals', 'environment', 'inactivity', 'wandering', 'stove', 'outage', 'doctor_call', 'device_fault', 'tamper', 'battery', 'silence', 'power', 'other']
const LIMIT_STEPS = { type: 'number' as const, half: true }

function parts(t: Translate) {
  const label = (name: string): string => t(`rule_field.${name}`)
  const signals: Option[] = SIGNALS.map((type) => ({ value: type, label: wordsFor('signal', type.replaceAll('.', '_')) }))
  const metrics: Option[] = Object.keys(METRIC_UNITS).map((name) => ({ value: name, label: wordsFor('metric', name) }))
  const rooms: Option[] = t('installer.rooms').split('·').map((room) => ({ value: room, label: room }))
  const unitOf = (metric: unknown): string => (METRIC_UNITS[String(metric)] === '1/min' ? t('day.per_minute') : (METRIC_UNITS[String(metric)] ?? ''))

  const many = (name: string, required = false): Field => ({ name, label: label(name), type: 'many', options: signals, required })
  const times = (name: string, title = label('during')): Field[] => [
    { name: `${name}_when`, label: title, type: 'select', required: true, half: true, options: ['any', 'sleep', 'daylight', 'times'].filter((one) => name === 'during' || one !== 'any').map((one) => ({ value: one, label: label(`during_${one}`) })) },
    { name: `${name}_since`, label: label('since'), type: 'time', half: true, at: 'since', when: (values) => values[`${name}_when`] === 'times' },
    { name: `${name}_until`, label: label('until'), type: 'time', half: true, at: 'until', when: (values) => values[`${name}_when`] === 'times' },
  ]
  const happening = (name: string, when: (values: Values) => boolean = () => true): Field[] => [
    { name, label: label(name), type: 'heading', when },
    { name: `${name}_signals`, label: label('signals'), type: 'many', options: signals, when },
    { name: `${name}_metric`, label: label('or_metric'), type: 'select', options: metrics, when },
    { name: `${name}_below`, label: label('low'), ...LIMIT_STEPS, when: (values) => when(values) && Boolean(values[`${name}_metric`]) },
    { name: `${name}_above`, label: label('high'), ...LIMIT_STEPS, when: (values) => when(values) && Boolean(values[`${name}_metric`]) },
    { name: `${name}_rooms`, label: label('rooms'), type: 'many', free: true, options: rooms, hint: label('rooms_hint'), when },
  ]
  return { label, metrics, rooms, unitOf, many, times, happening }
}

/** What is asked of a kind, without what every rule has. `values` are those of the form now: units follow the metric. */
function ofKind(t: Translate, kind: RuleKind, values: Values, choices: Choices): Field[] {
  const { label, metrics, rooms, unitOf, many, times, happening } = parts(t)
  const unit = unitOf(values['metric'])
  const limit = (name: string): Field => ({ name, label: label(name), ...LIMIT_STEPS, unit })
  const severities = SEVERITIES.map((value) => ({ value, label: t(`severity.${value}`) }))
  const metric: Field = { name: 'metric', label: label('metric'), type: 'select', required: kind !== 'threshold', options: metrics, hint: label('metric_any') }
  switch (kind) {
    case 'signal':
      return [many('on', true), many('off'), many('cancel'), { name: 'cancelled_severity', label: label('cancelled_severity'), type: 'select', required: true, options: severities, when: (now) => Array.isArray(now['cancel']) && now['cancel'].length > 0 }, { name: 'confirm_seconds', label: label('confirm_seconds'), type: 'duration', hint: label('confirm_empty') }, { name: 'confirm_only_with_profile_window', label: label('confirm_only_with_profile_window'), type: 'switch', when: (now) => now['confirm_seconds'] !== null }, ...times('during')]
    case 'threshold':
      return [metric, limit('low'), limit('high'), { name: 'limits_of_profile', label: label('limits_of_profile'), type: 'switch' }, { name: 'hold_seconds', label: label('hold_seconds'), type: 'duration', half: true, hint: label('hold_empty') }, limit('hysteresis'), limit('far_low'), limit('far_high'), { name: 'far_severity', label: label('far_severity'), type: 'select', options: severities, half: true }, ...times('during')]
    case 'trend':
      return [
        metric,
        { name: 'statistic', label: label('statistic'), type: 'select', required: true, half: true, options: ['mean', 'median', 'last', 'sum'].map((value) => ({ value, label: t(`rule_says.statistic_${value}`) })) },
        { name: 'direction', label: label('direction'), type: 'select', required: true, half: true, options: ['rise', 'fall', 'either'].map((value) => ({ value, label: label(`direction_${value}`) })) },
        { name: 'change', label: label('change'), type: 'number', required: true, half: true, unit: values['relative'] === true ? '%' : unit },
        { name: 'over_days', label: label('over_days'), type: 'number', required: true, half: true, unit: label('days_unit') },
        { name: 'relative', label: label('relative'), type: 'switch', half: true },
        { name: 'at_least_days', label: label('at_least_days'), type: 'number', required: true, half: true, unit: label('days_unit') },
        ...times('during'),
      ]
    case 'sequence':
      return [
        ...happening('first'),
        ...happening('then'),
        { name: 'how', label: t('rules.condition'), type: 'heading' },
        { name: 'expected', label: label('expected'), type: 'select', required: true, half: true, options: ['follows', 'missing'].map((value) => ({ value, label: label(`expected_${value}`) })) },
        { name: 'within_seconds', label: label('within_seconds'), type: 'duration', required: true, half: true },
        { name: 'only_when_nobody_home', label: label('only_when_nobody_home'), type: 'switch' },
        { name: 'worsens', label: label('worsens'), type: 'select', options: [...choices.rules], hint: label('worsens_none') },
        ...times('during'),
      ]
    case 'inactivity': {
      const is = (form: string) => (now: Values) => now['form'] === form
      return [
        { name: 'form', label: label('form'), type: 'select', required: true, options: ['none_for', 'none_in', 'longer'].map((value) => ({ value, label: label(`form_${value}`) })) },
        { name: 'none_for_seconds', label: label('none_for_seconds'), type: 'duration', required: true, half: true, when: is('none_for') },
        { name: 'rooms', label: label('rooms'), type: 'many', free: true, required: true, options: rooms, when: is('longer') },
        { name: 'longer_than_seconds', label: label('longer_than_seconds'), type: 'duration', required: true, half: true, when: is('longer') },
        ...times('none_in', label('none_in')).map((field) => ({ ...field, when: (now: Values) => is('none_in')(now) && (field.when?.(now) ?? true) })),
        ...times('during').map((field) => ({ ...field, when: (now: Values) => !is('none_in')(now) && (field.when?.(now) ?? true) })),
        ...happening('activity'),
      ]
    }
    case 'absence':
      return [{ name: 'silence_seconds', label: label('silence_seconds'), type: 'duration', hint: label('silence_empty') }]
    case 'battery':
      return [{ ...limit('low_percent'), unit: '%', hint: label('silence_empty') }, { ...limit('hysteresis_percent'), unit: '%', hint: label('silence_empty') }]
    case 'outage':
      return [
        { name: 'homes_at_least', label: label('homes_at_least'), type: 'number', required: true, half: true, unit: label('homes_unit') },
        { name: 'share_percent', label: label('share_percent'), type: 'number', required: true, half: true, unit: '%', at: 'share_at_least' },
        { name: 'within_seconds', label: label('within_seconds'), type: 'duration', required: true },
      ]
    case 'geofence':
      return [
        { name: 'outside', label: label('outside'), type: 'select', required: true, half: true, options: ['outside', 'inside'].map((value) => ({ value, label: label(`outside_${value}`) })) },
        { name: 'home_radius_metres', label: label('home_radius_metres'), type: 'number', required: true, half: true, unit: label('metre') },
        { name: 'circles', label: label('circles'), type: 'text', hint: label('circles_hint') },
        { name: 'hold_seconds', label: label('hold_seconds'), type: 'duration', half: true, hint: label('hold_empty') },
        { name: 'worst_accuracy_metres', label: label('worst_accuracy_metres'), type: 'number', required: true, half: true, unit: label('metre') },
        ...times('during'),
      ]
    case 'routine':
      return []
  }
}

/** The whole form. A rule that protects life shows no field with which it could be narrowed. */
export function ruleFields(t: Translate, kind: RuleKind, values: Values, choices: Choices, which: { fresh: boolean; life: boolean }): Field[] {
  const { label } = parts(t)
  const free = !which.life
  const name = (one: 'name_zh' | 'name_en'): Field => ({ name: one, label: label(one), type: 'input', required: true, most: 120, half: true, at: one === 'name_zh' ? 'zh' : 'en' })
  const wide = { type: 'switch' as const, half: true }
  const fields: (Field | false)[] = [
    name('name_zh'),
    name('name_en'),
    which.fresh && { name: 'code', label: t('rules.code'), type: 'input', required: true, most: 60, hint: label('code_hint'), half: true },
    { name: 'severity', label: t('rules.severity'), type: 'select', required: true, half: true, options: SEVERITIES.filter((value) => free || value === 'critical' || value === values['severity']).map((value) => ({ value, label: t(`severity.${value}`) })) },
    { name: 'raises', label: t('rules.raises'), type: 'select', required: true, half: true, options: [...new Set([...RAISES, String(values['raises'])])].map((value) => ({ value, label: wordsFor('kind', value) })) },
    free && { name: 'enabled', label: label('enabled'), ...wide },
    free && kind !== 'routine' && { name: 'monitor', label: label('monitor'), ...wide },
    kind !== 'routine' && kind !== 'sequence' && { name: 'condition', label: t('rules.condition'), type: 'heading' },
    ...ofKind(t, kind, values, choices),
    free && { name: 'where', label: t('rules.where'), type: 'heading' },
    free && { name: 'areas', label: label('areas'), type: 'many', options: choices.areas.map((area) => ({ value: area.code, label: area.name })), hint: label('areas_hint') },
    free && { name: 'profiles', label: label('profiles'), type: 'many', options: choices.profiles.map((profile) => ({ value: profile.id, label: profile.name[choices.language] })), hint: label('areas_hint') },
    free && { name: 'homes_with', label: label('homes_with'), type: 'many', options: choices.profiles.map((profile) => ({ value: profile.id, label: profile.name[choices.language] })), hint: label('homes_with_hint') },
    free && { name: 'homes', label: label('homes'), type: 'input', hint: t('people.homes_hint') },
    { name: 'more', label: t('rules.more'), type: 'heading' },
    { name: 'audience', label: t('rules.audience'), type: 'many', options: ['operators', 'supervisors', 'installers', 'family'].map((value) => ({ value, label: wordsFor('rules', `audience_${value}`) })) },
    { name: 'playbook', label: t('rules.playbook'), type: 'select', half: true, options: choices.playbooks.map((value) => ({ value, label: wordsFor('kind', value) })), hint: t('rules.playbook_own') },
    { name: 'lane', label: label('lane'), type: 'select', required: true, half: true, options: ['life', 'fault', 'doctor_call'].map((value) => ({ value, label: label(`lane_${value}`) })) },
    { name: 'change_note', label: t('rules.note'), type: 'input', most: 500, hint: t('rules.note_hint') },
  ]
  return fields.filter((field) => field !== false)
}

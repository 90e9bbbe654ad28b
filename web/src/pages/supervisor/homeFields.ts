/** The fields of homes, residents and contacts: the same wherever they are edited. */

import type { AreaRow, Contact, Home, Resident } from '@/api/types'
import type { Field, Values } from '@/components/fields'

type Translate = (key: string) => string

export function homeFields(t: Translate, areas: readonly AreaRow[], isNew: boolean): Field[] {
  return [
    { name: 'name', label: t('homes.name'), type: 'input', required: true, most: 120 },
    ...(isNew ? [{ name: 'code', label: t('areas.code'), type: 'input' as const, required: true, most: 64, hint: t('areas.code_hint') }] : []),
    { name: 'address', label: t('home.address'), type: 'input', required: true, most: 300 },
    { name: 'area', label: t('installer.area'), type: 'select', options: areas.map((area) => ({ value: area.code, label: area.name })) },
    { name: 'entry_method', label: t('home.entry'), type: 'text', most: 500 },
    { name: 'phone', label: t('home.landline'), type: 'tel', most: 40 },
    { name: 'notes', label: t('home.notes'), type: 'text' },
    ...RHYTHM.map((name) => ({ name, label: t(`homes.${name}`), type: 'time' as const, half: true })),
  ]
}

/** When a home sleeps and has daylight; both ends or neither. Rules that speak of night and day go by it. */
const RHYTHM = ['sleep_since', 'sleep_until', 'daylight_since', 'daylight_until'] as const

/** The body for the API: the rhythm is one object of it, and null where nothing is said. */
export function homeBody(values: Record<string, unknown>): Record<string, unknown> {
  const span = (part: 'sleep' | 'daylight'): unknown => (values[`${part}_since`] && values[`${part}_until`] ? [values[`${part}_since`], values[`${part}_until`]] : null)
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !(RHYTHM as readonly string[]).includes(name)))
  const rhythm = { sleep: span('sleep'), daylight: span('daylight') }
  return { ...rest, rhythm: rhythm.sleep || rhythm.daylight ? rhythm : null }
}

export function homeValues(home: Home | null): Values {
  return {
    name: home?.name ?? '',
    ...(home ? {} : { code: '' }),
    address: home?.address ?? '',
    area: home?.area?.code ?? '',
    entry_method: home?.entry_method ?? '',
    phone: home?.phone ?? '',
    notes: home?.notes ?? '',
    sleep_since: home?.rhythm?.sleep?.[0] ?? '',
    sleep_until: home?.rhythm?.sleep?.[1] ?? '',
    daylight_since: home?.rhythm?.daylight?.[0] ?? '',
    daylight_until: home?.rhythm?.daylight?.[1] ?? '',
  }
}

const MEDICAL = ['illnesses', 'medicines', 'allergies', 'blood_type', 'doctor'] as const

export function residentFields(t: Translate): Field[] {
  return [
    { name: 'name', label: t('people.name'), type: 'input', required: true, most: 120 },
    { name: 'gender', label: t('homes.gender'), type: 'select', options: ['female', 'male'].map((value) => ({ value, label: t(`gender.${value}`) })) },
    { name: 'birth_date', label: t('homes.birth_date'), type: 'date' },
    { name: 'phone', label: t('people.phone'), type: 'tel', most: 40 },
    { name: 'lives_alone', label: t('resident.alone'), type: 'switch', half: true },
    { name: 'on_oxygen', label: t('resident.on_oxygen'), type: 'switch', half: true },
    { name: 'falls_easily', label: t('resident.falls_easily'), type: 'switch', half: true },
    ...(['mobility', 'hearing', 'dialect'] as const).map((name) => ({ name, label: t(`resident.${name}`), type: 'input' as const, most: name === 'dialect' ? 60 : 120 })),
    ...MEDICAL.map((name) => ({ name, label: t(`resident.${name}`), type: name === 'blood_type' || name === 'doctor' ? ('input' as const) : ('text' as const), most: name === 'blood_type' ? 8 : name === 'doctor' ? 200 : 4000 })),
  ]
}

export function residentValues(resident: Resident | null): Values {
  const medical = Object.fromEntries(MEDICAL.map((name) => [name, resident?.medical?.[name] ?? '']))
  const { name = '', gender = '', birth_date = '', phone = '', mobility = '', hearing = '', dialect = '', lives_alone = true, on_oxygen = false, falls_easily = false } = resident ?? {}
  return { name, gender, birth_date, phone, lives_alone, on_oxygen, falls_easily, mobility, hearing, dialect, ...medical }
}

/** The body for the API: the medical card is one object of it. */
export function residentBody(values: Record<string, unknown>): Record<string, unknown> {
  const medical = Object.fromEntries(MEDICAL.map((name) => [name, values[name] ?? null]))
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !(MEDICAL as readonly string[]).includes(name)))
  return { ...rest, medical }
}

export function contactFields(t: Translate): Field[] {
  return [
    { name: 'name', label: t('people.name'), type: 'input', required: true, most: 120 },
    { name: 'phone', label: t('people.phone'), type: 'tel', required: true, most: 40 },
    { name: 'relation', label: t('homes.relation'), type: 'input', most: 60 },
    { name: 'order', label: t('homes.order'), type: 'number' },
    { name: 'key_holder', label: t('home.key_holder'), type: 'switch' },
    { name: 'availability', label: t('homes.availability'), type: 'input', most: 200 },
    { name: 'alarm_consent', label: t('homes.alarm_consent'), type: 'switch' },
    { name: 'digest_consent', label: t('homes.digest_consent'), type: 'switch' },
  ]
}

export function contactValues(contact: Contact | null, next: number): Values {
  const { name = '', phone = '', relation = '', order = next, key_holder = false, availability = '' } = contact ?? {}
  return { name, phone, relation, order: String(order), key_holder, availability, alarm_consent: Boolean(contact?.alarm_consent_at), digest_consent: Boolean(contact?.digest_consent_at) }
}

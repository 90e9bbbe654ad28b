/** Rules in the reader's language: their sentences and where they apply. */

import { useI18n } from 'vue-i18n'

import type { AreaRow, Profile } from '@/api/types'
import { wordsFor } from '@/i18n'
import { splitDuration } from '@/logic/durations'
import { ruleSentences, type RuleWords } from '@/logic/rule_sentence'
import type { RuleSpec } from '@/logic/rule_spec'
import type { RuleItem } from '@/pages/supervisor/rules/types'
import { usePreferences } from '@/stores/preferences'

export function useRuleWords(rules: () => readonly RuleItem[] = () => []) {
  const { t, te, locale } = useI18n()
  const preferences = usePreferences()
  const inLanguage = (name: { zh: string; en: string }): string => (preferences.language === 'en' ? name.en : name.zh)

  function duration(seconds: number): string {
    const { count, unit } = splitDuration(seconds)
    return t(`duration.${unit}`, { n: count }, Number(count))
  }

  const words: RuleWords = {
    say: (key, values = {}) => t(`rule_says.${key}`, values),
    signal: (type) => wordsFor('signal', type.replaceAll('.', '_')),
    metric: (name) => wordsFor('metric', name),
    severity: (name) => (locale.value === 'en' ? t(`severity.${name}`).toLowerCase() : t(`severity.${name}`)),
    duration,
    unit: (unit) => (unit === '' ? '' : ` ${unit === '1/min' ? t('day.per_minute') : unit}`),
    own: (name) => /[\u4e00-\u9fff]/.test(name) === (locale.value !== 'en'),
    rule: (code) => {
      const found = rules().find((rule) => rule.code === code)
      return found ? inLanguage(found.name) : code
    },
  }

  /** "When …, it raises an alarm (high). It ends with …" */
  const sentence = (spec: RuleSpec): string => ruleSentences(words, spec).join(locale.value === 'en' ? ' ' : '')

  function scope(spec: RuleSpec, areas: readonly AreaRow[], profiles: readonly Profile[]): string {
    const { areas: inAreas, homes, residents, profiles: models, homes_with: having } = spec.applies
    const comma = t('rule_says.comma')
    const parts: string[] = []
    if (inAreas.length > 0) parts.push(t('rules.in_areas', { names: inAreas.map((code) => areas.find((area) => area.code === code)?.name ?? code).join(comma) }))
    if (homes.length > 0) parts.push(t('rules.in_homes', { names: homes.join(comma) }))
    if (residents.length > 0) parts.push(t('rules.for_residents', { n: residents.length }, residents.length))
    const modelNames = (ids: readonly string[]): string => ids.map((id) => profiles.find((profile) => profile.id === id)?.name[preferences.language] ?? id).join(comma)
    if (models.length > 0) parts.push(t('rules.with_profiles', { names: modelNames(models) }))
    if (having.length > 0) parts.push(t('rules.in_homes_with', { names: modelNames(having) }))
    return parts.length === 0 ? t('rules.everywhere') : parts.join(locale.value === 'en' ? '; ' : '；')
  }

  const audience = (spec: RuleSpec): string => spec.audience.map((one) => wordsFor('rules', `audience_${one}`)).join(t('rule_says.comma'))
  /** The name of a field of a rule, for what changed between two versions. */
  function fieldName(path: string): string {
    const last = path.split('.').at(-1) ?? path
    if (path.startsWith('name.')) return t(`rule_field.name_${last}`)
    return te(`rule_field.${last}`) ? t(`rule_field.${last}`) : te(`rules.${last}`) ? t(`rules.${last}`) : last.replaceAll('_', ' ')
  }
  return { sentence, scope, audience, inLanguage, duration, fieldName, words }
}

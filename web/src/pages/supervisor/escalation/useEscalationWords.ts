/** Steps of a policy in words. */

import { useI18n } from 'vue-i18n'

import type { UserRow } from '@/api/types'
import { wordsFor } from '@/i18n'
import { splitDuration } from '@/logic/durations'
import type { Step, Target } from '@/logic/escalation'

export interface Names {
  users: readonly UserRow[]
  rosters: readonly { code: string; name: string }[]
}

export function useEscalationWords(names: () => Names) {
  const { t } = useI18n()

  function duration(seconds: number): string {
    if (seconds === 0) return t('escalation.at_once')
    const { count, unit } = splitDuration(seconds)
    return t(`duration.${unit}`, { n: count }, Number(count))
  }

  function target(one: Target): string {
    const { users, rosters } = names()
    switch (one.who) {
      case 'roster':
        return t('escalation.on_duty_of', { name: rosters.find((roster) => roster.code === one.roster)?.name ?? one.roster ?? '' })
      case 'role':
        return t('escalation.all_of', { role: wordsFor('role', one.role ?? '').toLowerCase() })
      case 'user':
        return users.find((user) => user.username === one.user)?.name ?? one.user ?? ''
      case 'contacts':
        return one.one_after_another_seconds === null ? t('escalation.who_contacts') : t('escalation.contacts_in_order', { time: duration(one.one_after_another_seconds) })
      case 'address':
        return one.address ?? ''
      default:
        return t(`escalation.who_${one.who}`)
    }
  }

  const channels = (list: readonly string[]): string => list.map((channel) => wordsFor('channel', channel)).join(t('rule_says.comma'))
  const step = (one: Step): string => `${duration(one.after_seconds)} ${one.targets.map(target).join(t('rule_says.comma'))}${one.channels.length > 0 ? ` ${channels(one.channels)}` : ''}`
  /** "30 秒 值班长 · 60 秒 联系人 电话": a whole policy in one line. */
  const line = (steps: readonly Step[]): string => steps.map(step).join(' · ')
  return { duration, target, channels, line }
}

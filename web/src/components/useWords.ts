/** Sentences about incidents in the reader's language: one place, so that every page says the same. */

import { useI18n } from 'vue-i18n'

import type { IncidentItem, TimelineEntry } from '@/api/types'
import { wordsFor } from '@/i18n'
import { readNote } from '@/logic/script'
import { detail, detailText, instantIn, namesIn, type Story, storyOf, troubleKeys } from '@/logic/story'
import { withUnit } from '@/logic/units'
import { exactTime, otherDay, shortTime } from '@/logic/times'

export function useWords() {
  const { t, te } = useI18n()

  const kindWords = (kind: string): string => wordsFor('kind', kind)
  const metricWords = (metric: string): string => wordsFor('metric', metric)

  /** For whom it is: "安装员、家属". */
  const audienceWords = (audience: readonly string[]): string => audience.map((one) => wordsFor('rules', `audience_${one}`)).join(t('rule_says.comma'))

  function who(incident: IncidentItem): string {
    return incident.resident_name ?? incident.home_name ?? incident.area?.name ?? t('incident.system')
  }

  /** "王秀英在卧室按下了求助按钮": one sentence, the person first. */
  function sentence(incident: IncidentItem): string {
    const story = storyOf(incident)
    const unknown = `sentence.${story.what}_unknown`
    const key = story.value === null && te(unknown) ? unknown : te(`sentence.${story.what}`) ? `sentence.${story.what}` : 'sentence.other'
    const where = story.room ? t('incident.in_room', { room: story.room }) : ''
    const name = incident.resident_age ? t('incident.name_age', { name: who(incident), age: incident.resident_age }) : who(incident)
    const measured = story.metric !== null && story.value !== null ? t('incident.measured', { metric: metricWords(story.metric), value: withUnit(story.metric, story.value, t('day.per_minute')) }) : ''
    if (incident.area) return t(incident.homes_affected > 0 ? 'sentence.area' : 'sentence.area_back', { who: name, what: kindWords(story.what), n: incident.homes_affected })
    if (story.trouble !== null) return troubleWords(story.trouble)
    if (story.trend !== null && measured) return t(`sentence.trend_${story.trend}`, { who: name, measured })
    return t(key, { who: name, where, room: story.room ?? '', what: kindWords(story.what), device: story.device ?? '', measured })
  }

  /** What is wrong with the system itself, never by its code. */
  function troubleWords(trouble: NonNullable<Story['trouble']>): string {
    const key = troubleKeys(trouble).find((each) => te(each))
    return key === undefined ? kindWords('system') : t('sentence.system', { what: t(key, { name: trouble.name }) })
  }

  function actWords(entry: Pick<TimelineEntry, 'act' | 'details'>): string {
    if (entry.act === 'noted' && readNote(detailText(entry)).step !== null) return t('timeline.step_done')
    if (entry.act === 'page_answered') return t(`answered.${detail(entry, 'answer') ?? 'received'}`, { name: detail(entry, 'person') ?? t('told.somebody') })
    if (entry.act === 'page_delivered') return wordsFor('delivered', detail(entry, 'status') ?? 'delivered')
    return wordsFor('timeline', entry.act)
  }

  /** What stands beside the act: what was seen, the reason, who was sent, the note. */
  function actDetail(entry: Pick<TimelineEntry, 'act' | 'details'>): string {
    const parts: string[] = []
    const signal = detail(entry, 'signal')
    const kind = detail(entry, 'kind')
    if (signal !== null) parts.push(te(`signal.${signal.replaceAll('.', '_')}`) ? t(`signal.${signal.replaceAll('.', '_')}`) : kindWords(signal))
    else if (kind !== null) parts.push(kindWords(kind))
    const reason = detail(entry, 'reason')
    if (reason !== null) parts.push(wordsFor('reason', reason))
    if (entry.act === 'dispatched') parts.push(sentName(entry))
    const told = namesIn(entry, 'to')
    if (told.length > 0) parts.push(told.map((one) => (te(`channel.${one}`) ? t('escalation.who_fallback') : one)).join(t('family.and')))
    const [channel, via] = [detail(entry, 'channel'), detail(entry, 'via')]
    if (channel !== null) parts.push(wordsFor('channel', channel))
    if (via !== null) parts.push(wordsFor('answered_via', via))
    parts.push(...moreOf(entry))
    const number = detail(entry, 'into_number') ?? detail(entry, 'number')
    if (number !== null) parts.push(t('incident.number', { n: number }))
    const { step, words } = readNote(detailText(entry))
    if (step !== null && te(`script.${step}`)) parts.push(t(`script.${step}`))
    else if (words) parts.push(words)
    return parts.filter(Boolean).join(' · ')
  }

  /** What newer acts tell: a mode, its end, how many homes, whom nobody could reach, what the auditor mended. */
  function moreOf(entry: Pick<TimelineEntry, 'act' | 'details'>): string[] {
    const parts: string[] = []
    const [mode, until, homes, mended] = [detail(entry, 'mode'), instantIn(entry, 'until'), detail(entry, 'homes'), detail(entry, 'what')]
    if (mode !== null) parts.push(wordsFor('mode', mode))
    if (until !== null) parts.push(t('told.until', { time: otherDay(until, Date.now()) ? exactTime(until).slice(5, 16) : shortTime(until) }))
    if (homes !== null) parts.push(t('outage.homes', { n: homes }, Number(homes)))
    if (entry.act === 'repaired' && mended !== null) parts.push(wordsFor('repaired', mended))
    const unreachable = namesIn(entry, 'unreachable')
    if (unreachable.length > 0) parts.push(t('told.unreachable', { names: unreachable.join(t('family.and')) }))
    return parts
  }

  /** Who was sent. */
  function sentName(entry: Pick<TimelineEntry, 'details'>): string {
    const name = entry.details?.['name'] ?? entry.details?.['responder']
    return typeof name === 'string' ? name : ''
  }

  return { audienceWords, kindWords, metricWords, who, sentence, actWords, actDetail, sentName }
}

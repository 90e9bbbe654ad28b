/** Sentences about incidents in the reader's language: one place, so that every page says the same. */

import { useI18n } from 'vue-i18n'

import type { IncidentItem, TimelineEntry } from '@/api/types'
import { wordsFor } from '@/i18n'
import { readNote } from '@/logic/script'
import { detail, detailText, storyOf } from '@/logic/story'

export function useWords() {
  const { t, te } = useI18n()

  const kindWords = (kind: string): string => wordsFor('kind', kind)
  const metricWords = (metric: string): string => wordsFor('metric', metric)

  function who(incident: IncidentItem): string {
    return incident.resident_name ?? incident.home_name ?? t('incident.system')
  }

  /** "王秀英在卧室按下了求助按钮": one sentence, the person first. */
  function sentence(incident: IncidentItem): string {
    const story = storyOf(incident)
    const key = te(`sentence.${story.what}`) ? `sentence.${story.what}` : 'sentence.other'
    const where = story.room ? t('incident.in_room', { room: story.room }) : ''
    const name = incident.resident_age ? t('incident.name_age', { name: who(incident), age: incident.resident_age }) : who(incident)
    const measured = story.metric !== null && story.value !== null ? t('incident.measured', { metric: metricWords(story.metric), value: story.value }) : ''
    return t(key, { who: name, where, room: story.room ?? '', what: kindWords(story.what), device: story.device ?? '', measured })
  }

  function actWords(entry: Pick<TimelineEntry, 'act' | 'details'>): string {
    if (entry.act === 'noted' && readNote(detailText(entry)).step !== null) return t('timeline.step_done')
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
    const target = detail(entry, 'to')
    if (target !== null) parts.push(target)
    const number = detail(entry, 'into_number') ?? detail(entry, 'number')
    if (number !== null) parts.push(t('incident.number', { n: number }))
    const { step, words } = readNote(detailText(entry))
    if (step !== null && te(`script.${step}`)) parts.push(t(`script.${step}`))
    else if (words) parts.push(words)
    return parts.filter(Boolean).join(' · ')
  }

  /** Who was sent. */
  function sentName(entry: Pick<TimelineEntry, 'details'>): string {
    const name = entry.details?.['name'] ?? entry.details?.['responder']
    return typeof name === 'string' ? name : ''
  }

  return { kindWords, metricWords, who, sentence, actWords, actDetail, sentName }
}

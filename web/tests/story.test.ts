import { describe, expect, it } from 'vitest'

import type { Alert, IncidentItem } from '@/api/types'
import en from '@/i18n/en.json'
import zh from '@/i18n/zh-CN.json'
import { storyOf, troubleKeys } from '@/logic/story'

const incident = (rule: string, subject: string): Pick<IncidentItem, 'what' | 'kind' | 'alerts' | 'resident_name' | 'home_name'> => ({
  what: 'system',
  kind: 'system',
  resident_name: null,
  home_name: null,
  alerts: [{ rule, subject, severity: 'high', raised_at: '2026-11-29T08:00:00.000Z', cancelled: false, pending: false, evidence: {}, device: null } as unknown as Alert],
})

const wordsOf = (subject: string, words: Record<string, string>): string | undefined => {
  const { trouble } = storyOf(incident('system', subject))
  if (trouble === null) return undefined
  return troubleKeys(trouble)
    .map((key) => words[key.replace('trouble.', '')])
    .find((found) => found !== undefined)
    ?.replace('{name}', trouble.name)
}

describe('what is wrong with the system itself', () => {
  it.each([
    ['probe', zh.trouble.probe],
    ['auditor', zh.trouble.auditor],
    ['readings_store', zh.trouble.readings_store],
    ['certificate:of devices', zh.trouble.certificate_of_devices],
    ['certificate:server', '证书“server”即将到期或已经到期'],
    ['unprocessed:yl/v1/home-1/a:b/event', '有一条可能关系生命的报文无法处理：yl/v1/home-1/a:b/event'],
  ])('%s is said in words', (subject, said) => {
    expect(wordsOf(subject, zh.trouble)).toBe(said)
    expect(wordsOf(subject, en.trouble)).toBeDefined()
  })

  it('has no words of a trouble this page does not know yet, and is then the kind of the incident', () => {
    expect(wordsOf('something_new', zh.trouble)).toBeUndefined()
  })

  it('is not what another rule found', () => {
    expect(storyOf(incident('sos', 'probe')).trouble).toBeNull()
  })
})

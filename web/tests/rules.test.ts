import { describe, expect, it } from 'vitest'

import { readCircles, toSpec, toValues } from '@/logic/rule_form'
import { roomNames, ruleSentences, type RuleWords } from '@/logic/rule_sentence'
import { MOVEMENT, RULE_KINDS, freshRule, type RuleSpec } from '@/logic/rule_spec'
import { differences } from '@/logic/rule_versions'
import { toYaml } from '@/logic/yaml'
import chinese from '@/i18n/zh-CN.json'

/** The real Chinese words, filled in as the pages do it. */
const said = chinese.rule_says as Record<string, string>
const words: RuleWords = {
  say: (key, values = {}) => (said[key] ?? `?${key}?`).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? `?${name}?`)),
  signal: (type) => (chinese.signal as Record<string, string>)[type.replaceAll('.', '_')] ?? type,
  metric: (name) => (chinese.metric as Record<string, string>)[name] ?? name,
  severity: (name) => (chinese.severity as Record<string, string>)[name] ?? name,
  duration: (seconds) => (seconds % 60 === 0 ? `${seconds / 60} 分钟` : `${seconds} 秒`),
  unit: (unit) => (unit ? ` ${unit}` : ''),
  own: (name) => /[\u4e00-\u9fff]/.test(name),
  rule: (code) => code,
}
const sentence = (spec: RuleSpec): string => ruleSentences(words, spec).join('')

describe('a rule in the form', () => {
  it.each(RULE_KINDS)('of kind %s comes back as it was', (kind) => {
    const spec = { ...freshRule(kind), code: 'one', name: { zh: '一', en: 'one' } } as RuleSpec
    expect(toSpec(toValues(spec), spec)).toEqual(spec)
  })

  it('keeps what the form does not show, such as single residents', () => {
    const spec = { ...freshRule('threshold'), applies: { areas: [], homes: ['h1', 'h2'], residents: [7], profiles: ['watch'], homes_with: ['bed'] } } as RuleSpec
    expect(toSpec(toValues(spec), spec)).toEqual(spec)
  })

  it('reads numbers as people write them, and nothing as nothing', () => {
    const spec = freshRule('threshold')
    const next = toSpec({ ...toValues(spec), low: ' 36,5 ', high: '', hold_seconds: null }, spec)
    expect(next).toMatchObject({ low: 36.5, high: null, hold_seconds: 0 })
  })

  it('leaves only one question of an inactivity rule standing', () => {
    const spec = freshRule('inactivity')
    expect(toSpec({ ...toValues(spec), form: 'longer', rooms: ['卫生间'], longer_than_seconds: 3600 }, spec)).toMatchObject({ none_for_seconds: null, none_in: null, longer_than_seconds: 3600, rooms: ['卫生间'] })
    expect(toSpec({ ...toValues(spec), form: 'none_in', none_in_when: 'times', none_in_since: '05:00', none_in_until: '10:00' }, spec)).toMatchObject({ none_for_seconds: null, none_in: { since: '05:00', until: '10:00', named: null }, rooms: [] })
  })

  it('drops the limits of a reading that is no longer named', () => {
    const spec = freshRule('sequence')
    expect(toSpec({ ...toValues(spec), then_metric: '' }, spec)).toMatchObject({ then: { metric: null, above: null, below: null } })
  })

  it('reads circles a line at a time and leaves out what is none', () => {
    expect(readCircles('30.1, 120.2, 300\n\n30.5 120.9')).toEqual([{ latitude: 30.1, longitude: 120.2, radius_metres: 300 }])
  })
})

describe('a rule in a sentence', () => {
  it('says signals, how they end and who can take them back', () => {
    const spec = { ...freshRule('signal'), severity: 'critical', monitor: false, on: ['fall.detected'], off: [], cancel: ['fall.cancelled'], confirm_seconds: 20 } as RuleSpec
    expect(sentence(spec)).toBe('收到「检测到跌倒」，就报「紧急」警情。设备带取消键的，先响铃，20 秒内没有取消就确认。收到「取消跌倒」后降为「注意」，仍由人关闭。')
  })

  it('says limits with their unit, how long, and what is worse', () => {
    const spec = { ...freshRule('threshold'), monitor: false, low: 40, high: 130, far_high: 150, far_severity: 'high', hold_seconds: 300 } as RuleSpec
    expect(sentence(spec)).toBe('心率低于 40 1/min或高于 130 1/min，持续 5 分钟，就报「注意」警情。高于 150 1/min时为「严重」。老人有自己的限值时，以自己的为准。')
  })

  it('calls every way of being seen to move one word', () => {
    const spec = { ...freshRule('sequence'), first: { ...MOVEMENT, signals: ['stove.on'], metric: null, above: null }, then: { ...MOVEMENT, signals: [...MOVEMENT.signals, 'stove.off'] }, only_when_nobody_home: true, during: null } as RuleSpec
    expect(sentence(spec)).toContain('家中没有人时，「开灶」后 15 分钟内没有任何活动或「关灶」')
  })

  it('says the part of the day first', () => {
    const spec = { ...freshRule('inactivity'), none_for_seconds: null, longer_than_seconds: 3600, rooms: ['卫生间', '浴室', 'bathroom', 'Bathroom'], during: { since: null, until: null, named: 'sleep' } } as RuleSpec
    expect(sentence(spec)).toBe('睡眠时间内在卫生间或浴室停留超过 60 分钟，就报「注意」警情。只记录，不显示给调度员。')
  })

  it('names each room once, in the reader\'s script where there is one', () => {
    expect(roomNames(words, ['bathroom', 'Bathroom', 'WC'])).toEqual(['bathroom', 'WC'])
    expect(roomNames({ own: (name) => !words.own(name) }, ['卫生间', 'bathroom'])).toEqual(['bathroom'])
  })

  it('never leaves a place unfilled, whatever the kind', () => {
    for (const kind of RULE_KINDS) expect(sentence(freshRule(kind))).not.toContain('?')
  })

  it('says what it worsens in place of an alarm of its own', () => {
    expect(sentence({ ...freshRule('sequence'), severity: 'critical', worsens: 'fall' } as RuleSpec)).toContain('就把「fall」的告警升为「紧急」。')
  })
})

describe('versions and YAML', () => {
  it('name what is different, lists as a whole', () => {
    expect(differences({ a: 1, b: { c: [1, 2], d: 3 } }, { a: 1, b: { c: [1], d: 3 }, e: null })).toEqual(['b.c'])
  })

  it('write what YAML could mistake between quotes', () => {
    expect(toYaml({ rules: [{ code: 'x', on: ['sos.pressed'], since: '22:00', empty: '', no: 'no', yes: true, name: { zh: '心率', en: 'a: b' }, applies: {}, list: [] }] })).toBe(
      'rules:\n  - code: x\n    on: [sos.pressed]\n    since: "22:00"\n    empty: ""\n    no: "no"\n    yes: true\n    name:\n      zh: 心率\n      en: "a: b"\n    applies: {}\n    list: []\n',
    )
  })
})

/** A rule as plain sentences. Pure: the words come from outside. */

import { inactivityForm } from '@/logic/rule_form'
import { METRIC_UNITS, MOVEMENT, isMovement, type DayWindow, type Happening, type RuleSpec, type ThresholdRule } from '@/logic/rule_spec'

export interface RuleWords {
  /** `rule_says.{key}` with its values. */
  say: (key: string, values?: Record<string, string | number>) => string
  signal: (type: string) => string
  metric: (name: string) => string
  severity: (name: string) => string
  duration: (seconds: number) => string
  /** A metric's unit behind a number, with what separates them. */
  unit: (unit: string) => string
  /** Whether a name is written as this language writes. */
  own: (name: string) => boolean
  /** The name of another rule. */
  rule: (code: string) => string
}

function either(words: RuleWords, parts: readonly string[]): string {
  if (parts.length < 2) return parts[0] ?? words.say('nothing')
  return words.say('or', { left: parts.slice(0, -1).join(words.say('comma')), right: parts.at(-1) ?? '' })
}

/** Rooms once each, in the reader's own script where any are: a rule that lists both languages says each room once. */
export function roomNames(words: Pick<RuleWords, 'own'>, rooms: readonly string[]): string[] {
  const once = rooms.filter((room, index) => rooms.findIndex((other) => other.toLowerCase() === room.toLowerCase()) === index)
  const ours = once.filter(words.own)
  return ours.length > 0 ? ours : once
}

const signals = (words: RuleWords, types: readonly string[]): string => either(words, types.map((type) => words.say('quoted', { what: words.signal(type) })))

function amount(words: RuleWords, metric: string, value: number): string {
  return `${value}${words.unit(METRIC_UNITS[metric] ?? '')}`
}

/** "below 40 or above 130", or nothing when neither side is given. */
function sides(words: RuleWords, metric: string, low: number | null, high: number | null): string {
  const parts: string[] = []
  if (low !== null) parts.push(words.say('below', { value: amount(words, metric, low) }))
  if (high !== null) parts.push(words.say('above', { value: amount(words, metric, high) }))
  return parts.length === 0 ? '' : either(words, parts)
}

function happening(words: RuleWords, what: Happening): string {
  const moving = isMovement(what)
  // Every way of being seen to move is one word; what else is named stands beside it.
  const named = moving ? what.signals.filter((type) => !MOVEMENT.signals.includes(type)) : what.signals
  const parts = [...(moving ? [words.say('movement')] : []), ...named.map((type) => words.say('quoted', { what: words.signal(type) }))]
  if (what.metric !== null && !moving) parts.push(words.say('metric_is', { metric: words.metric(what.metric), sides: sides(words, what.metric, what.below, what.above) }))
  const said = either(words, parts)
  return what.rooms.length > 0 ? words.say('in_rooms', { what: said, rooms: roomNames(words, what.rooms).join(words.say('comma')) }) : said
}

/** "between 22:00 and 06:00", "by night"; nothing when it is the whole day. */
export function windowWords(words: RuleWords, window: DayWindow | null): string {
  if (window === null) return ''
  if (window.named !== null) return words.say(`during_${window.named}`)
  return words.say('during_times', { since: window.since ?? '', until: window.until ?? '' })
}

function threshold(words: RuleWords, spec: ThresholdRule): string {
  const long = (what: string): string => (spec.hold_seconds > 0 ? words.say('for_long', { what, time: words.duration(spec.hold_seconds) }) : what)
  if (spec.metric === null) return long(words.say('any_metric'))
  const said = sides(words, spec.metric, spec.low, spec.high)
  const what = said === '' || spec.limits_of_profile ? words.say('outside_profile') : said
  const value = words.say('metric_is', { metric: words.metric(spec.metric), sides: what })
  return long(value)
}

/** When it raises, without the part of the day. */
function when(words: RuleWords, spec: RuleSpec): string {
  switch (spec.kind) {
    case 'signal':
      return words.say('signal', { signals: signals(words, spec.on) })
    case 'threshold':
      return threshold(words, spec)
    case 'trend':
      return words.say(`trend_${spec.direction}`, { metric: words.metric(spec.metric), statistic: words.say(`statistic_${spec.statistic}`), days: spec.over_days, change: spec.relative ? `${spec.change}%` : amount(words, spec.metric, spec.change) })
    case 'sequence': {
      const said = words.say(spec.expected ? 'sequence_follows' : 'sequence_missing', { first: happening(words, spec.first), then: happening(words, spec.then), time: words.duration(spec.within_seconds) })
      return spec.only_when_nobody_home ? words.say('nobody_home', { what: said }) : said
    }
    case 'inactivity': {
      const form = inactivityForm(spec)
      if (form === 'none_for') return words.say('none_for', { what: happening(words, spec.activity), time: words.duration(spec.none_for_seconds ?? 0) })
      if (form === 'none_in') return words.say('none_in', { what: happening(words, spec.activity), window: windowWords(words, spec.none_in) })
      return words.say('longer', { rooms: either(words, roomNames(words, spec.rooms)), time: words.duration(spec.longer_than_seconds ?? 0) })
    }
    case 'absence':
      return spec.silence_seconds === null ? words.say('absence_profile') : words.say('absence', { time: words.duration(spec.silence_seconds) })
    case 'battery':
      return words.say(spec.low_percent === null ? 'battery_profile' : 'battery', { percent: spec.low_percent ?? 0 })
    case 'outage':
      return words.say('outage', { homes: spec.homes_at_least, share: Math.round(spec.share_at_least * 100), time: words.duration(spec.within_seconds) })
    case 'geofence': {
      const place = spec.circles.length > 0 ? words.say(spec.outside ? 'outside_circles' : 'inside_circles', { n: spec.circles.length }) : words.say(spec.outside ? 'outside_home' : 'inside_home', { metres: spec.home_radius_metres })
      return spec.hold_seconds > 0 ? words.say('for_long', { what: place, time: words.duration(spec.hold_seconds) }) : place
    }
    case 'routine':
      return words.say('routine')
  }
}

/** What follows the first sentence: how it ends, what makes it worse, and whether anybody is shown. */
function tails(words: RuleWords, spec: RuleSpec): string[] {
  const found: string[] = []
  if (spec.kind === 'signal' && spec.confirm_seconds !== null) found.push(words.say(spec.confirm_only_with_profile_window ? 'confirm_profile' : 'confirm', { time: words.duration(spec.confirm_seconds) }))
  if (spec.kind === 'signal' && spec.cancel.length > 0) found.push(words.say('cancelled', { signals: signals(words, spec.cancel), severity: words.severity(spec.cancelled_severity) }))
  if (spec.kind === 'signal' && spec.off.length > 0) found.push(words.say('off', { signals: signals(words, spec.off) }))
  if (spec.kind === 'threshold' && spec.far_severity !== null) {
    const far = spec.metric === null ? words.say('far_profile') : sides(words, spec.metric, spec.far_low, spec.far_high) || (spec.limits_of_profile ? words.say('far_profile') : '')
    if (far !== '') found.push(words.say('far', { sides: far, severity: words.severity(spec.far_severity) }))
  }
  if (spec.kind === 'threshold') found.push(words.say('own_limits'))
  if (!spec.enabled) found.push(words.say('disabled'))
  else if (spec.monitor) found.push(words.say('monitor'))
  return found
}

/** The whole rule in sentences, the condition first. */
export function ruleSentences(words: RuleWords, spec: RuleSpec): string[] {
  if (spec.kind === 'routine') return [words.say('routine')]
  const during = 'during' in spec ? windowWords(words, spec.during) : ''
  const condition = during === '' ? when(words, spec) : words.say('at_times', { window: during, what: when(words, spec) })
  const worse = spec.kind === 'sequence' && spec.worsens !== null
  const first = worse ? words.say('worsens', { when: condition, rule: words.rule(spec.worsens ?? ''), severity: words.severity(spec.severity) }) : words.say('raises', { when: condition, severity: words.severity(spec.severity) })
  return [first, ...tails(words, spec)]
}

import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('../src/theme/tokens.css', import.meta.url), 'utf8')

function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(selector), css.indexOf('}', css.indexOf(selector)))
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((found) => [found[1], found[2]]))
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(left: string, right: string): number {
  const [light = 0, dark = 0] = [luminance(left), luminance(right)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info']
const TEXT = [
  ...['text-1', 'text-2', 'text-3', 'brand', ...SEVERITIES, 'good'].flatMap((text) => ['surface-0', 'surface-1'].map((surface) => [text, surface])),
  ...['text-1', 'text-2'].map((text) => [text, 'surface-2']),
  ...[...SEVERITIES, 'good'].flatMap((name) => [[name, `${name}-soft`], ['text-1', `${name}-soft`]]),
  ...['critical', 'high'].flatMap((name) => [['on-severity', name], ['text-2', `${name}-soft`]]),
  ['on-brand', 'brand'],
  ['on-brand', 'brand-hover'],
  ['text-1', 'brand-soft'],
] as [string, string][]
const SHAPES = [['line-strong', 'surface-1'], ['line-strong', 'surface-0'], ['focus', 'surface-0'], ['trace-1', 'surface-2']] as [string, string][]

describe.each([
  ['light', ':root'],
  ['dark', "[data-theme='dark']"],
])('the %s theme', (_, selector) => {
  const colours = tokens(selector)
  it.each(TEXT)('%s on %s can be read (4.5 : 1)', (text, surface) => {
    expect(contrast(colours[text] ?? '', colours[surface] ?? '')).toBeGreaterThanOrEqual(4.5)
  })

  it.each(SHAPES)('%s on %s can be seen (3 : 1)', (shape, surface) => {
    expect(contrast(colours[shape] ?? '', colours[surface] ?? '')).toBeGreaterThanOrEqual(3)
  })
})

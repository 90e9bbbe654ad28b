/** Severities, worst first, each with its own shape: it survives greyscale and colour-blindness. */

import type { Severity } from '@/api/types'

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']

/** 0 is the worst; an unknown word sorts as the worst, never out of sight. */
export function rank(severity: Severity): number {
  return Math.max(0, SEVERITIES.indexOf(severity))
}

export const SHAPES: Record<Severity, string> = { critical: '◆', high: '▲', medium: '■', low: '●', info: '○' }

/** The worst of several, or null of none. */
export function worst(severities: readonly Severity[]): Severity | null {
  return severities.reduce<Severity | null>((found, next) => (found === null || rank(next) < rank(found) ? next : found), null)
}

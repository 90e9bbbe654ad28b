/** Escalation policies and rosters as they cross HTTP. */

import type { Instant } from '@/api/types'
import type { PolicySpec } from '@/logic/escalation'

export interface PolicyItem {
  code: string
  version: number
  built_in: boolean
  spec: PolicySpec
  updated_at?: Instant | null
  updated_by?: string | null
}

export interface PreviewStep {
  after_seconds: number
  people: { person: string; name: string; channels: string[] }[]
  nobody: boolean
}

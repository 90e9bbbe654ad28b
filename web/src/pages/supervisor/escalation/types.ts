/** Escalation policies and rosters as they cross HTTP. */

import type { Instant } from '@/api/types'
import type { PolicySpec } from '@/logic/escalation'

export interface PolicyItem {
  code: string
  version: number
  built_in: boolean
  spec: PolicySpec
  updated_at: Instant | null
  updated_by: string | null
}

export interface PreviewStep {
  after_seconds: number
  people: { person: string | null; name: string; channels: string[]; after_seconds: number }[]
  /** Who is meant and has no way to be reached that works. */
  unreachable: string[]
  nobody: boolean
}

export interface Preview {
  policy: string | null
  version: number | null
  name: string | null
  steps: PreviewStep[]
}

/** Rules as they cross HTTP. */

import type { Instant, Severity } from '@/api/types'
import type { RuleKind, RuleSpec } from '@/logic/rule_spec'

export interface RuleItem {
  code: string
  name: { zh: string; en: string }
  kind: RuleKind
  severity: Severity
  enabled: boolean
  monitor: boolean
  version: number
  built_in: boolean
  changed: boolean
  life: boolean
  spec: RuleSpec
}

export interface RuleVersion {
  version: number
  created_at: Instant | null
  created_by: string | null
  note: string | null
  spec: RuleSpec
}

export interface RuleDetail extends RuleItem {
  versions: RuleVersion[]
}

export interface ImportAnswer {
  created: string[]
  changed: string[]
  unchanged: string[]
  problems: { rule: string | null; path: string; message: string }[]
}

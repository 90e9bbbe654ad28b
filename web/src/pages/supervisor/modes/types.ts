/** Modes, shelved alerts and what was not shown, as they cross HTTP. */

import type { Alert, Instant, Severity } from '@/api/types'

export interface ModeItem {
  id: number
  home: string
  home_name: string
  mode: 'away' | 'hospital' | 'test' | 'drill' | 'out_of_service'
  resident: { id: number; name: string } | null
  device: { id: number; name: string } | null
  reason: string | null
  starts_at: Instant
  until_at: Instant
  set_by: string
  movement_seen_at: Instant | null
}

export interface ShelvedItem {
  alert: Alert
  until_at: Instant
  /** Null for what only waits for people to come home. */
  incident: number | null
  incident_number: number | null
  home: string | null
  home_name: string | null
}

export interface SuppressedItem {
  id: number
  at: Instant
  last_at: Instant
  count: number
  because: string
  home: string | null
  home_name: string | null
  resident: { id: number; name: string } | null
  device: { id: number; name: string; room: string | null } | null
  rule: string
  rule_kind: string
  kind: string
  severity: Severity
  ended_at: Instant | null
  evidence: Record<string, unknown> | null
}

/** Rosters, leave and holidays as they cross HTTP. */

import type { Instant } from '@/api/types'
import type { OnShift, RosterSpec } from '@/logic/duty'

export interface RosterItem {
  code: string
  name: string
  spec: RosterSpec
}

export interface DutyNow {
  roster: string
  name: string
  people: OnShift[]
}

export interface LeaveItem {
  id: number
  username: string
  name: string
  starts_at: Instant
  ends_at: Instant
  substitute: string | null
  substitute_name: string | null
  reason: string | null
}

export interface HolidayItem {
  day: string
  name: string
  working: boolean
}

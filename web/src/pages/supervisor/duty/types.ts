/** Rosters, leave and holidays as they cross HTTP. */

import type { components } from '@/api/schema'
import type { Whole } from '@/api/whole'

type Schemas = components['schemas']

export type RosterItem = Whole<Schemas['RosterItem']>
export type DutyNow = Schemas['DutyOfRoster']
export type LeaveItem = Schemas['LeaveOut']
export type HolidayItem = Schemas['HolidayOut']

/** Names for the shapes that cross HTTP. The shapes themselves are generated from the API's OpenAPI description. */

import type { components } from '@/api/schema'

type Schemas = components['schemas']

/** RFC 3339 UTC with milliseconds. */
export type Instant = string

export type Me = Schemas['Me']
export type SignedIn = Schemas['SignedIn']
export type Role = Me['role']

export type IncidentItem = Schemas['IncidentItem']
export type IncidentDetail = Schemas['IncidentDetail']
export type IncidentState = IncidentItem['state']
export type Severity = IncidentItem['severity']
export type Alert = Schemas['AlertOut']
export type TimelineEntry = Schemas['TimelineItem']
export type Responder = Schemas['ResponderOut']
export type PageSent = Schemas['PageOut']
export type Escalation = Schemas['EscalationOut']
export type EscalationStep = Schemas['EscalationStepOut']
export type EscalationPreview = Schemas['EscalationPreview']
export type AffectedHome = Schemas['AffectedHome']
export type Why = Schemas['WhyOut']
export type WhySeries = Schemas['WhySeries']
export type WhySignal = Schemas['WhySignal']
export type WhyLink = Schemas['WhyLinkOut']
export type Replay = Schemas['ReplayOut']
export type Mode = Schemas['ModeOut']
export type ModeName = Mode['mode']
export type Suppressed = Schemas['SuppressedOut']
export type AnswerView = Schemas['AnswerPage']
export type ContactPoint = Schemas['ContactPointOut']

export type Resident = Schemas['ResidentOut']
export type Contact = Schemas['ContactOut']
export type HomeItem = Schemas['HomeItem']
export type Home = Schemas['HomeOut']
export type HomeDetail = Schemas['HomeDetail']
export type Day = Schemas['Day']
export type DayLane = Schemas['Lane']
export type DayVital = Schemas['VitalSeries']
export type FamilyHome = Schemas['FamilyHome']
export type Verdict = FamilyHome['verdict']

export type Device = Schemas['Device']
export type NewDevice = Schemas['ProvisionedDevice']
export type Credentials = Schemas['MqttAccess']
export type Profile = Schemas['ProfileOut']
export type DeviceSignal = Schemas['SignalOut']
export type UnknownMessage = Schemas['UnknownMessageOut']
export type Refusal = Schemas['RefusalOut']

export type Overview = Schemas['Overview']
export type ProbeRun = Schemas['ProbeItem']
export type UserRow = Schemas['UserOut']
export type AreaRow = Schemas['AreaOut']
export type AuditRow = Schemas['AuditItem']

export interface Listed<Item> {
  items: Item[]
  next?: string | null
}

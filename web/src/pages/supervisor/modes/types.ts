/** Modes, shelved alerts and what was not shown, as they cross HTTP. */

import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type ModeItem = Schemas['ModeOut']
export type ShelvedItem = Schemas['ShelvedOut']
export type SuppressedItem = Schemas['SuppressedOut']

/** Escalation policies as they cross HTTP. */

import type { components } from '@/api/schema'
import type { Whole } from '@/api/whole'

type Schemas = components['schemas']

export type PolicyItem = Whole<Schemas['PolicyItem']>
export type PreviewStep = Schemas['PreviewStep']
export type Preview = Schemas['EscalationPreview']

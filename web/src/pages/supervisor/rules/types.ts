/** Rules as they cross HTTP. */

import type { components } from '@/api/schema'
import type { RuleSpec } from '@/logic/rule_spec'

type Schemas = components['schemas']

export type RuleItem = Omit<Schemas['RuleItem'], 'spec'> & { spec: RuleSpec }
/** An old version is shown as it was written down; today's shape is not promised. */
export type RuleVersion = Schemas['RuleVersionOut']
export type RuleDetail = Omit<Schemas['RuleOut'], 'spec'> & { spec: RuleSpec }
export type ImportAnswer = Schemas['RuleImported']
export type BacktestRun = Schemas['BacktestOut']

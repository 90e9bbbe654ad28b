/** Ways to reach people, tests of them, and texts of pages, as they cross HTTP. */

import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type ContactPoint = Schemas['ContactPointOut']
export type PageTest = Schemas['PageTestOut']
export type PageText = Schemas['PageTemplateOut']
export type TextPreview = Schemas['PageTemplatePreview']

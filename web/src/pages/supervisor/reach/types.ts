/** Ways to reach people, tests of them, and texts of pages, as they cross HTTP. */

import type { Instant } from '@/api/types'

export interface ContactPoint {
  id: number
  channel: 'sms' | 'voice' | 'apprise' | 'web_push' | 'webhook'
  address: string
  label: string | null
  language: string | null
  order: number
  broken_at: Instant | null
  broken_reason: string | null
}

export interface PageTest {
  id: number
  contact_point_id: number
  person_name: string | null
  channel: string
  address: string
  label: string | null
  state: 'scheduled' | 'sent' | 'answered' | 'unanswered' | 'failed'
  due_at: Instant | null
  sent_at: Instant | null
  answered_at: Instant | null
  answered_after_seconds: number | null
  window_seconds: number
  created_by: string | null
  error: string | null
}

export interface PageText {
  key: string
  language: 'zh-CN' | 'en'
  title: string
  body: string
  changed: boolean
  placeholders: string[]
  required: string[]
  updated_at: Instant | null
  updated_by: string | null
}

export interface PageTestReport {
  items: PageTest[]
  summary: { over: number; answered: number; unanswered: number; failed: number; answered_percent: number | null; median_seconds: number | null; p90_seconds: number | null }
}

export interface TextPreview {
  title: string
  body: string
  length: number
  parts: number
}

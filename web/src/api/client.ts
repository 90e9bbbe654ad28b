/** One door to the API: same origin, cookie session, errors as sentences. */

import { clock } from '@/logic/clock'

/** A refusal of the API: `message` is a sentence in the reader's language, to be shown beside what it is about. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message)
  }

  /** What is wrong with one field of a form, or undefined. */
  field(name: string): string | undefined {
    const fields = this.details['fields']
    if (!Array.isArray(fields)) return undefined
    const found = (fields as { field?: string; message?: string }[]).find((entry) => entry.field?.split('.').at(-1) === name)
    return found?.message
  }

  /** What is wrong with fields that are not among these, such as two that contradict each other. */
  others(names: readonly string[]): string[] {
    const fields = this.details['fields']
    if (!Array.isArray(fields)) return []
    return (fields as { field?: string; message?: string }[]).filter((entry) => !names.includes(entry.field?.split('.').at(-1) ?? '')).flatMap((entry) => entry.message ?? [])
  }
}

interface Surroundings {
  language: () => string
  unreachable: () => string
  signedOut: () => void
}

let surroundings: Surroundings = { language: () => 'zh-CN', unreachable: () => '', signedOut: () => undefined }

/** Tell the client how to find the language and what to do when the session has ended. */
export function surround(given: Surroundings): void {
  surroundings = given
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: { code?: string; message?: string; details?: Record<string, unknown> } }
    const { code, message, details } = body.error ?? {}
    return new ApiError(response.status, code ?? 'unknown', message ?? `HTTP ${response.status}`, details ?? {})
  } catch {
    return new ApiError(response.status, 'unknown', `${surroundings.unreachable()} (${response.status})`)
  }
}

async function send<Answer>(method: string, path: string, body?: unknown, quiet401 = false): Promise<Answer> {
  const headers: Record<string, string> = { 'Accept-Language': surroundings.language(), 'X-Yinling-Client': 'web' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const sentAt = Date.now()
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiError(0, 'unreachable', surroundings.unreachable())
  }
  clock.learn(response.headers.get('Date'), sentAt, Date.now())
  if (!response.ok) {
    const error = await refusal(response)
    if (response.status === 401 && !quiet401) surroundings.signedOut()
    throw error
  }
  if (response.status === 204) return undefined as Answer
  // A file to keep, such as the rules as YAML, is text.
  return (response.headers.get('Content-Type')?.includes('json') ? await response.json() : await response.text()) as Answer
}

export const api = {
  get: <Answer>(path: string) => send<Answer>('GET', path),
  /** A look that may be refused without ending the session on this page. */
  peek: <Answer>(path: string) => send<Answer>('GET', path, undefined, true),
  post: <Answer>(path: string, body: unknown = {}, quiet401 = false) => send<Answer>('POST', path, body, quiet401),
  put: <Answer>(path: string, body: unknown) => send<Answer>('PUT', path, body),
  patch: <Answer>(path: string, body: unknown) => send<Answer>('PATCH', path, body),
  delete: <Answer>(path: string) => send<Answer>('DELETE', path),
}

/** A path with its query; empty values are left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return text ? `${path}?${text}` : path
}

/** Every page of a list, one after the other. `limit` bounds the rounds, so that a wrong cursor cannot spin. */
export async function everyPage<Item>(path: string, query: Record<string, string | number> = {}, rounds = 400): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null | undefined
  for (let round = 0; round < rounds; round += 1) {
    const page: { items: Item[]; next?: string | null } = await api.get(withQuery(path, { limit: 200, ...query, cursor }))
    items.push(...page.items)
    if (!page.next || page.next === cursor) break
    cursor = page.next
  }
  return items
}

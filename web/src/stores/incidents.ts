/** The open incidents: all of them, always. */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { everyPage } from '@/api/client'
import type { IncidentItem } from '@/api/types'
import { standsBeside } from '@/logic/others'
import { arrange, isNewer, type Arrangement } from '@/logic/queue'

export const useIncidents = defineStore('incidents', () => {
  const items = shallowRef<ReadonlyMap<number, IncidentItem>>(new Map())
  const arrangement = shallowRef<Arrangement>({ order: [], arrivals: [] })
  const loaded = ref(false)
  const problem = ref<string | null>(null)
  const held = ref(false)
  let kind: string | null = null
  let operatorsOnly = false
  let loading: Promise<void> | null = null
  let changedWhileLoading = new Map<number, IncidentItem>()

  const open = computed(() => [...items.value.values()].filter((item) => item.state !== 'closed'))
  const rows = computed(() => arrangement.value.order.flatMap((id) => items.value.get(id) ?? []))
  const waiting = computed(() => open.value.filter((item) => item.state === 'open' && item.for_operators).length)

  const fits = (item: IncidentItem): boolean => kind === null || item.kind === kind
  const isBeside = (item: IncidentItem): boolean => operatorsOnly && standsBeside(item, items.value.has(item.id))

  function replace(next: ReadonlyMap<number, IncidentItem>): void {
    arrangement.value = arrange(arrangement.value, next, held.value)
    const shown = new Set(arrangement.value.order)
    items.value = new Map([...next].filter(([id, item]) => item.state !== 'closed' || shown.has(id)))
  }

  /** One incident as the API knows it now. Answers that arrive late do not undo newer ones. */
  function apply(item: IncidentItem): void {
    if (!fits(item) || isBeside(item)) return
    if (loading) changedWhileLoading.set(item.id, item)
    const shown = items.value.get(item.id)
    if (!isNewer(item, shown) || (shown === undefined && item.state === 'closed')) return
    replace(new Map(items.value).set(item.id, item))
  }

  async function load(): Promise<void> {
    changedWhileLoading = new Map()
    try {
      const found = await everyPage<IncidentItem>('/incidents', { state: 'open' })
      const next = new Map(found.filter(fits).map((item) => [item.id, item]))
      for (const [id, item] of changedWhileLoading) if (isNewer(item, next.get(id))) next.set(id, item)
      if (held.value) for (const [id, item] of items.value) if (!next.has(id)) next.set(id, { ...item, state: 'closed' })
      replace(next)
      loaded.value = true
      problem.value = null
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }

  /** Load every open incident again. A call while one runs waits for it and then looks once more. */
  async function reload(): Promise<void> {
    while (loading) await loading
    loading = load().finally(() => (loading = null))
    await loading
  }

  /** While somebody is in the list nothing moves; when they leave, it is sorted. */
  function hold(value: boolean): void {
    if (held.value === value) return
    held.value = value
    if (!value) replace(items.value)
  }

  /** Sort now, at the wish of the person who holds the list. */
  function settle(): void {
    arrangement.value = arrange(arrangement.value, items.value, false)
    items.value = new Map([...items.value].filter(([, item]) => item.state !== 'closed'))
  }

  /** Only incidents of one kind (a doctor's calls), or all of them; in an operator's queue those for the operators. */
  function only(wanted: string | null, forOperators = false): void {
    kind = wanted
    operatorsOnly = forOperators
    items.value = new Map()
    arrangement.value = { order: [], arrivals: [] }
    loaded.value = false
  }

  return { items, open, rows, arrangement, waiting, loaded, problem, held, apply, reload, hold, settle, only }
})

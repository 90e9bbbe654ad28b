/** Open incidents that are not for the operators: asked for, never streamed, never among those of the queue.
 * Whatever turns out to be the operators' leaves this list at once; the queue takes it by itself. */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { everyPage } from '@/api/client'
import type { IncidentItem } from '@/api/types'
import { oneAtATime } from '@/logic/again'
import { arrange, isNewer, type Arrangement } from '@/logic/queue'

export const useOthers = defineStore('others', () => {
  const items = shallowRef<ReadonlyMap<number, IncidentItem>>(new Map())
  const arrangement = shallowRef<Arrangement>({ order: [], arrivals: [] })
  const problem = ref<string | null>(null)
  const held = ref(false)
  let loading = false
  let changedWhileLoading = new Map<number, IncidentItem>()

  const rows = computed(() => arrangement.value.order.flatMap((id) => items.value.get(id) ?? []))
  const belongs = (item: IncidentItem): boolean => !item.for_operators && item.state !== 'closed'

  function replace(next: Iterable<[number, IncidentItem]>): void {
    items.value = new Map([...next].filter(([, item]) => belongs(item)))
    arrangement.value = arrange(arrangement.value, items.value, held.value)
  }

  /** One incident as the API knows it now, whoever it is for. */
  function apply(item: IncidentItem): void {
    if (loading) changedWhileLoading.set(item.id, item)
    if (!isNewer(item, items.value.get(item.id)) || (!belongs(item) && !items.value.has(item.id))) return
    replace(new Map(items.value).set(item.id, item))
  }

  /** Look again. A look that fails keeps what was known and says so. */
  const load = oneAtATime(async () => {
    loading = true
    changedWhileLoading = new Map()
    try {
      const found = await everyPage<IncidentItem>('/incidents', { state: 'open', audience: 'others' })
      const next = new Map(found.map((item) => [item.id, item]))
      for (const [id, item] of changedWhileLoading) if (isNewer(item, next.get(id))) next.set(id, item)
      replace(next)
      problem.value = null
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    } finally {
      loading = false
    }
  })

  /** While somebody is in the list nothing in it moves. */
  function hold(value: boolean): void {
    if (held.value === value) return
    held.value = value
    if (!value) replace(items.value)
  }

  function forget(): void {
    items.value = new Map()
    arrangement.value = { order: [], arrivals: [] }
    held.value = false
  }

  return { items, rows, arrangement, problem, apply, load, hold, forget }
})

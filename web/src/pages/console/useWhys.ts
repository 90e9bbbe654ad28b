/** Why each alert of the incident was raised: asked for once, and again when the alert changes. */

import { onScopeDispose, shallowRef, watch } from 'vue'

import { api } from '@/api/client'
import type { Alert, Why } from '@/api/types'

/** So many are asked for unbidden; of more, an incident of hundreds, each when it is opened. */
const UNBIDDEN = 6

export function useWhys(incident: () => { id: number; alerts: Alert[] }) {
  const whys = shallowRef<ReadonlyMap<number, Why>>(new Map())
  const problems = shallowRef<ReadonlyMap<number, string>>(new Map())
  const asked = new Map<number, string>()
  let alive = true
  onScopeDispose(() => (alive = false))

  const mark = (alert: Alert): string => `${alert.count} ${alert.severity} ${alert.state} ${alert.condition_active}`

  async function load(alert: Alert): Promise<void> {
    if (asked.get(alert.id) === mark(alert)) return
    asked.set(alert.id, mark(alert))
    try {
      const why = await api.get<Why>(`/incidents/${incident().id}/alerts/${alert.id}/why`)
      if (!alive) return
      whys.value = new Map(whys.value).set(alert.id, why)
      const rest = new Map(problems.value)
      rest.delete(alert.id)
      problems.value = rest
    } catch (error) {
      asked.delete(alert.id)
      if (alive) problems.value = new Map(problems.value).set(alert.id, error instanceof Error ? error.message : String(error))
    }
  }

  watch(() => incident().alerts.slice(0, UNBIDDEN).map((alert) => `${alert.id} ${mark(alert)}`).join(), () => {
    for (const alert of incident().alerts.slice(0, UNBIDDEN)) void load(alert)
  }, { immediate: true })

  return { whys, problems, load }
}
